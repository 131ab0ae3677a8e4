/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RATE_DEFAULT 20
#define RATE_MAX 1000

static void mount_or_alarm(struct writer *writer, const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) < 0 && errno != EBUSY) {
		writer_alarm(writer, 0, "guest: cannot mount %s: %s", where, strerror(errno));
	}
}

static void module_load(struct writer *writer, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) {
		writer_alarm(writer, 0, "guest: cannot load %s: %s", path, strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
}

static void modules_load(struct writer *writer)
{
	FILE *list = fopen("/modules", "re");
	char path[256];

	if (!list) {
		writer_alarm(writer, 0, "guest: no /modules: %s", strerror(errno));
		return;
	}
	while (fgets(path, sizeof(path), list)) {
		path[strcspn(path, "\n")] = '\0';
		module_load(writer, path);
	}
	fclose(list);
}

static void cmdline_word(struct guest *guest, struct writer *writer, const char *word)
{
	if (strncmp(word, "witness.vm=", 11) == 0) {
		snprintf(writer->vm, sizeof(writer->vm), "%s", word + 11);
	} else if (strncmp(word, "witness.rate=", 13) == 0) {
		long rate = strtol(word + 13, NULL, 10);

		if (word[13] != '\0' && rate >= 0 && rate <= RATE_MAX) {
			guest->rate = (unsigned int)rate;
		} else {
			writer_alarm(writer, 0, "guest: %s is not 0..%d", word, RATE_MAX);
		}
	} else if (strcmp(word, "witness.stubborn") == 0) {
		guest->stubborn = true;
	} else if (strncmp(word, "witness.", 8) == 0) {
		writer_alarm(writer, 0, "guest: unknown option %s", word);
	}
}

static void cmdline_read(struct guest *guest, struct writer *writer)
{
	char text[4096] = "", *rest = NULL;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0) {
		writer_alarm(writer, 0, "guest: no command line: %s", strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		cmdline_word(guest, writer, word);
	}
}

static void inputs_open(struct guest *guest)
{
	char path[32];

	for (int i = 0; i < GUEST_INPUT_MAX; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0) {
			guest->inputs[guest->input_count++] = fd;
		}
	}
}

void guest_prepare(struct guest *guest, struct writer *writer)
{
	int console;

	guest->rate = RATE_DEFAULT;
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	console = console_open("/dev/ttyS0");
	if (console >= 0) {
		writer->console->fd = console;
	}
	mount_or_alarm(writer, "proc", "/proc");
	mount_or_alarm(writer, "sysfs", "/sys");
	modules_load(writer);
	cmdline_read(guest, writer);
	inputs_open(guest);
	if (guest->input_count == 0) {
		writer_alarm(writer, 0, "guest: no power button");
	}
}

void guest_add_disks(struct writer *writer)
{
	char name[LUN_NAME_MAX], path[32];

	for (uint32_t index = 0; index < LUN_MAX; index++) {
		int fd;

		lun_to_name(index, name);
		snprintf(path, sizeof(path), "/dev/%s", name);
		fd = open(path, O_RDWR | O_DIRECT | O_SYNC | O_CLOEXEC);
		if (fd >= 0) {
			writer_add(writer, fd, index, 0);
		} else if (errno != ENOENT) {
			writer_alarm(writer, FLAG_IO_ERROR, "io error: open %s: %s", path,
				     strerror(errno));
		}
	}
	if (writer->lun_count == 0) {
		writer_alarm(writer, 0, "guest: no disk");
	}
}

bool guest_power_pressed(struct guest *guest, int i)
{
	struct input_event event;
	bool pressed = false;

	while (read(guest->inputs[i], &event, sizeof(event)) == sizeof(event)) {
		pressed |= event.type == EV_KEY && event.code == KEY_POWER && event.value == 1;
	}
	return pressed;
}

void guest_power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* Without power management the kernel only halts. A return would cause a panic. */
	for (;;) {
		pause();
	}
}
