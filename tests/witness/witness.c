/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness writes to the LUNs of a VM, so that its records later show what happened to the VM.
 * As pid 1 it is the guest (guest.h). Otherwise it writes to plain files, for the tests of the
 * checker:
 *
 *	witness --disk FILE[:OFFSET] [--disk ...] [--console FILE]
 *		[--ticks N] [--rate N] [--vm NAME]
 *		[--switch FILE --switch-after LINES [--cut BYTES]]
 *		[--boot ID] [--clock-back MS]
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guest.h"
#include "ring.h"

static struct console console = CONSOLE_INIT;
static struct writer writer = {.vm = "witness", .console = &console};
static struct guest guest;
static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("witness: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

/* Draws a random boot id, unless an option has set one. No boot has an id of zeros. */
static void boot_id_draw(void)
{
	static const unsigned char none[BOOT_ID_BYTES];

	if (memcmp(writer.boot, none, BOOT_ID_BYTES) != 0) {
		return;
	}
	if (getrandom(writer.boot, BOOT_ID_BYTES, 0) != BOOT_ID_BYTES) {
		die("no random boot id: %s", strerror(errno));
	}
}

static int timer_open(unsigned int rate)
{
	long interval = 1000000000L / rate;
	struct timespec step = {.tv_sec = interval / 1000000000L,
				.tv_nsec = interval % 1000000000L};
	struct itimerspec when = {.it_interval = step, .it_value = step};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &when, NULL) < 0) {
		die("timer: %s", strerror(errno));
	}
	return fd;
}

/* True if the power button was pressed and the guest is not stubborn. */
static bool button_check(const struct pollfd *fds)
{
	for (int i = 0; i < guest.input_count; i++) {
		if (!(fds[i].revents & POLLIN) || !guest_power_pressed(&guest, i)) {
			continue;
		}
		if (!guest.stubborn) {
			return true;
		}
		console_line(&console, "witness ignores the power button");
	}
	return false;
}

/* True if a tick is due. Missed periods are not made up. */
static bool tick_due(const struct pollfd *timer)
{
	uint64_t periods;

	return timer->fd < 0 || (timer->revents & POLLIN &&
				 read(timer->fd, &periods, sizeof(periods)) == sizeof(periods));
}

/*
 * Runs one tick per timer period. With rate 0, the ticks follow each other without a pause. With
 * ticks 0, it runs until the power button or a signal.
 */
static void run(unsigned int rate, unsigned long ticks)
{
	struct pollfd fds[GUEST_INPUT_MAX + 1];
	int timer = rate == 0 ? -1 : timer_open(rate); /* poll() ignores -1 */

	for (int i = 0; i < guest.input_count; i++) {
		fds[i] = (struct pollfd){.fd = guest.inputs[i], .events = POLLIN};
	}
	fds[guest.input_count] = (struct pollfd){.fd = timer, .events = POLLIN};
	for (unsigned long done = 0; !stopped && (ticks == 0 || done < ticks);) {
		if (poll(fds, (nfds_t)guest.input_count + 1, rate == 0 ? 0 : -1) < 0) {
			continue;
		}
		if (button_check(fds)) {
			break;
		}
		if (tick_due(&fds[guest.input_count])) {
			writer_tick(&writer);
			done++;
		}
	}
	if (timer >= 0) {
		close(timer);
	}
}

static void disk_add(char *spec)
{
	char *colon = strrchr(spec, ':');
	off_t offset = 0;
	int fd;

	if (colon) {
		*colon = '\0';
		offset = strtoll(colon + 1, NULL, 10);
	}
	fd = open(spec, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0) {
		die("%s: %s", spec, strerror(errno));
	}
	if (!writer_add(&writer, fd, writer.lun_count, offset)) {
		die("more than %u disks", LUN_MAX);
	}
}

static int console_arg(const char *path)
{
	int fd = console_open(path);

	if (fd < 0) {
		die("%s: %s", path, strerror(-fd));
	}
	return fd;
}

static unsigned long number_arg(const char *text, unsigned long min, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < min || value > max) {
		die("'%s' is not a number from %lu to %lu", text, min, max);
	}
	return value;
}

static const struct option options[] = {
	{"disk", required_argument, NULL, 'd'},
	{"console", required_argument, NULL, 'c'},
	{"ticks", required_argument, NULL, 't'},
	{"rate", required_argument, NULL, 'r'},
	{"vm", required_argument, NULL, 'v'},
	{"switch", required_argument, NULL, 's'},
	{"switch-after", required_argument, NULL, 'a'},
	{"cut", required_argument, NULL, 'u'},
	{"boot", required_argument, NULL, 'b'},
	{"clock-back", required_argument, NULL, 'k'},
	{NULL, 0, NULL, 0},
};

static void boot_arg(const char *text)
{
	if (!boot_id_from_text(text, writer.boot)) {
		die("'%s' is not a boot id: %d hexadecimal digits", text, 2 * BOOT_ID_BYTES);
	}
}

static int host_main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	unsigned long ticks = 0, rate = 20;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': disk_add(optarg); break;
		case 'c': console.fd = console_arg(optarg); break;
		case 't': ticks = number_arg(optarg, 0, 1000000); break;
		case 'r': rate = number_arg(optarg, 0, 100000); break;
		case 'v': snprintf(writer.vm, sizeof(writer.vm), "%s", optarg); break;
		case 's': console.next_fd = console_arg(optarg); break;
		case 'a': console.switch_after = number_arg(optarg, 1, 1000000); break;
		case 'u': console.cut = number_arg(optarg, 0, LINE_MAX_BYTES); break;
		case 'b': boot_arg(optarg); break;
		case 'k': writer.clock_back_ms = number_arg(optarg, 0, 1000000); break;
		default: return 2;
		}
	}
	if (optind < argc || writer.lun_count == 0) {
		die("at least one --disk, and options only");
	}
	sigaction(SIGTERM, &action, NULL);
	boot_id_draw();
	writer_start(&writer);
	run((unsigned int)rate, ticks);
	writer_poweroff_line(&writer);
	return 0;
}

int main(int argc, char **argv)
{
	if (getpid() != 1) {
		return host_main(argc, argv);
	}
	guest_prepare(&guest, &writer);
	guest_add_disks(&writer);
	boot_id_draw();
	writer_start(&writer);
	run(guest.rate, 0);
	writer_poweroff_line(&writer);
	guest_power_off();
}
