/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor.c against a real libvirtd and QEMU, both of them private: run.sh makes the namespaces.
 * Arguments: libvirtd's pid and a folder to save into. The guest has no operating system.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/hypervisor.h"
#include "process/qemu_process.h"

#define LIBVIRT_RECOVERS_MS 300000
#define URI "qemu:///system"
#define VM "live1"
/* libvirtd refuses it, once it looks at it. */
#define USELESS "<domain type='none'><name>" VM "</name></domain>"
#define UUID "a1111111-2222-3333-4444-555555555555"
#define GUEST(name, memory, cpu)                                                                   \
	"<domain type='qemu'><name>" name "</name><uuid>" UUID "</uuid><memory unit='MiB'>" memory \
	"</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>"             \
	"<features><acpi/></features>" cpu                                                         \
	"<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>"
#define CPU(model) "<cpu mode='custom' match='exact'><model>" model "</model></cpu>"
#define CHECK(check)                                                                               \
	"<cpu mode='custom' match='exact' check='" check "'><model>athlon</model></cpu>"
#define HUGE "<memoryBacking><hugepages/></memoryBacking>"
#define PINNED "<numatune><memory mode='strict' nodeset='63'/></numatune>"
#define PLAIN GUEST(VM, "64", CPU("qemu64"))
#define SLEEPER                                                                                    \
	"<domain type='qemu'><name>" VM "</name><uuid>" UUID "</uuid><memory unit='MiB'>64"        \
	"</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>"             \
	"<features><acpi/></features><devices><disk type='file' device='disk'>"                    \
	"<driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/>"      \
	"</disk></devices></domain>"
#define IMAGE_BYTES (256 << 20)

static pid_t libvirtd;
static char image[256];

static struct deadline soon(void)
{
	return deadline_in(120000);
}

static struct hypervisor *opened(void)
{
	struct hypervisor *hv = NULL;
	struct err err = ERR_INIT;

	if (hypervisor_open(URI, soon(), &hv, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
	return hv;
}

static void expect_rc(int rc, int expected, const struct err *err)
{
	if (rc != expected) {
		fail_msg("%d instead of %d: %s", rc, expected, err_text(err));
	}
}

static void expect_state(struct hypervisor *hv, enum domain_state expected)
{
	enum domain_state state = DOMAIN_STATE_MAX;
	struct err err = ERR_INIT;

	expect_rc(hypervisor_domain_state(hv, VM, soon(), &state, &err), 0, &err);
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(expected));
}

static pid_t qemu(void)
{
	pid_t pid = 0;

	assert_int_equal(qemu_process_find(VM, &pid, NULL), 0);
	return pid;
}

/* The process first, whatever the state of libvirtd; then libvirtd must have seen it. */
static int ended(void **state)
{
	struct hypervisor *hv = NULL;
	int rc = qemu_process_end(VM, soon(), NULL);

	(void)state;
	if (rc == 0 && hypervisor_open(URI, soon(), &hv, NULL) == 0) {
		rc = hypervisor_wait_gone(hv, VM, soon(), NULL);
		hypervisor_close(hv);
	}
	return rc;
}

static void create__runs_and_is_there_once(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	expect_state(hv, DOMAIN_ABSENT);
	assert_int_equal(hypervisor_resume(hv, VM, soon(), NULL), -ENOENT);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_state(hv, DOMAIN_RUNNING);
	assert_true(qemu() > 0);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), -EEXIST, &err);
	expect_rc(hypervisor_domain_xml(hv, VM, soon(), &xml, &err), 0, &err);
	assert_non_null(strstr(xml, UUID));
	free(xml);
	expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	expect_state(hv, DOMAIN_ABSENT);
	assert_int_equal(qemu(), 0);
	expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	hypervisor_close(hv);
}

static void create__gives_libvirts_reason(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, GUEST(VM, "64", CPU("nonsense")), soon(), &err), -EIO,
		  &err);
	assert_non_null(strstr(err_text(&err), "nonsense"));
	hypervisor_close(hv);
}

/*
 * A boot sector that sleeps (ACPI S3) once: a byte of the CMOS says that it has. SeaBIOS puts the
 * power management registers at 0x600.
 */
static const unsigned char sleeper[512] = {
	0xb0,         0x50,               /* mov al, 0x50 */
	0xe6,         0x70,               /* out 0x70, al */
	0xe4,         0x71,               /* in al, 0x71 */
	0x3c,         0x5a,               /* cmp al, 0x5a */
	0x74,         0x0c,               /* je spin */
	0xb0,         0x5a,               /* mov al, 0x5a */
	0xe6,         0x71,               /* out 0x71, al */
	0xba,         0x04,         0x06, /* mov dx, 0x604 */
	0xb8,         0x00,         0x24, /* mov ax, 0x2400: sleep, type S3 */
	0xef,                             /* out dx, ax */
	0x90,                             /* nop */
	0xeb,         0xfe,               /* spin: jmp spin */
	[510] = 0x55, [511] = 0xaa,
};

static void sleeper_write(const char *path)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(sleeper, sizeof(sleeper), 1, file), 1);
	/* SeaBIOS boots from no disk that is smaller than a cylinder. */
	assert_int_equal(ftruncate(fileno(file), 1 << 20), 0);
	assert_int_equal(fclose(file), 0);
}

static void state_awaited(struct hypervisor *hv, enum domain_state expected)
{
	struct deadline deadline = soon();
	enum domain_state state = DOMAIN_STATE_MAX;

	do {
		assert_int_equal(hypervisor_domain_state(hv, VM, soon(), &state, NULL), 0);
	} while (state != expected && deadline_pause(deadline, 100));
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(expected));
}

static void wake__ends_the_sleep_of_a_guest(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	char path[300];
	char xml[1500];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s.sleeper", image);
	sleeper_write(path);
	(void)snprintf(xml, sizeof(xml), SLEEPER, path);
	expect_rc(hypervisor_create(hv, xml, soon(), &err), 0, &err);
	state_awaited(hv, DOMAIN_SUSPENDED);
	expect_rc(hypervisor_shutdown(hv, VM, soon(), &err), -EIO, &err);
	expect_rc(hypervisor_wake(hv, VM, soon(), &err), 0, &err);
	state_awaited(hv, DOMAIN_RUNNING);
	expect_rc(hypervisor_wake(hv, VM, soon(), &err), -EIO, &err);
	expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	assert_int_equal(unlink(path), 0);
	hypervisor_close(hv);
}

static void shutdown__of_a_deaf_guest_is_waited_for_in_vain(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_shutdown(hv, VM, soon(), &err), 0, &err);
	expect_rc(hypervisor_wait_gone(hv, VM, deadline_in(600), &err), -ETIMEDOUT, &err);
	assert_non_null(strstr(err_text(&err), "still"));
	expect_rc(hypervisor_abort_job(hv, VM, soon(), &err), 0, &err);
	hypervisor_close(hv);
}

static void *qemu_kill(void *data)
{
	(void)kill(*(pid_t *)data, SIGKILL);
	return NULL;
}

static void wait_gone__sees_the_end(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	pthread_t thread;
	pid_t pid;

	(void)state;
	expect_rc(hypervisor_wait_gone(hv, VM, soon(), &err), 0, &err);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	pid = qemu();
	assert_true(pid > 0);
	assert_int_equal(pthread_create(&thread, NULL, qemu_kill, &pid), 0);
	expect_rc(hypervisor_wait_gone(hv, VM, soon(), &err), 0, &err);
	(void)pthread_join(thread, NULL);
	hypervisor_close(hv);
}

static void save_and_restore__bring_it_back_paused(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	struct stat info;
	int fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0 && close(fd) == 0);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_save(hv, VM, image, NULL, soon(), &err), 0, &err);
	expect_state(hv, DOMAIN_ABSENT);
	assert_true(stat(image, &info) == 0 && info.st_size > 1000);
	expect_rc(hypervisor_restore_paused(hv, image, PLAIN, soon(), &err), 0, &err);
	expect_state(hv, DOMAIN_PAUSED_MIGRATION);
	expect_rc(hypervisor_restore_paused(hv, image, PLAIN, soon(), &err), -EEXIST, &err);
	expect_rc(hypervisor_resume(hv, VM, soon(), &err), 0, &err);
	expect_state(hv, DOMAIN_RUNNING);
	expect_rc(hypervisor_resume(hv, VM, soon(), &err), 0, &err);
	hypervisor_close(hv);
}

static void save__that_fails_leaves_it_running(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_save(hv, VM, "/nowhere/image", NULL, soon(), &err), -EIO, &err);
	assert_non_null(strstr(err_text(&err), "/nowhere/image"));
	expect_state(hv, DOMAIN_RUNNING);
	hypervisor_close(hv);
}

/* Whoever wins, the job or its abortion: the guest is on disk or it runs. */
static void save__that_is_aborted_leaves_it_running(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	rc = hypervisor_save(hv, VM, image, NULL, deadline_in(20), &err);
	print_message("save with 20 ms: %d %s\n", rc, err_text(&err));
	if (rc != 0) {
		expect_rc(rc, -ETIMEDOUT, &err);
	}
	expect_state(hv, rc == 0 ? DOMAIN_ABSENT : DOMAIN_RUNNING);
	hypervisor_close(hv);
}

static void preflight__says_what_is_missing(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_preflight(hv, VM, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_preflight(hv, VM, GUEST(VM, "99999999", ""), soon(), &err), -ENOSPC,
		  &err);
	assert_non_null(strstr(err_text(&err), "99999999 MiB"));
	expect_rc(hypervisor_preflight(hv, VM, GUEST(VM, "64", HUGE), soon(), &err), -ENOTSUP,
		  &err);
	assert_non_null(strstr(err_text(&err), "64 MiB in huge pages"));
	expect_rc(hypervisor_preflight(hv, VM, GUEST(VM, "64", PINNED), soon(), &err), -ENOSPC,
		  &err);
	assert_non_null(strstr(err_text(&err), "have 0 MiB there"));
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_preflight(hv, VM, PLAIN, soon(), &err), -EEXIST, &err);
	hypervisor_close(hv);
}

/* The CPU is refused before a move exactly where libvirt would refuse the guest. */
static void preflight__compares_the_cpu_as_libvirt_does(void **state)
{
	static const struct {
		const char *xml;
		int rc;
	} rows[] = {
		{GUEST(VM, "64", CHECK("partial")), -ENOTSUP},
		{GUEST(VM, "64", CHECK("full")), -ENOTSUP},
		{GUEST(VM, "64", CHECK("none")), 0},
		{GUEST(VM, "64", CPU("athlon")), 0},
		{GUEST(VM, "64", "<cpu><topology sockets='1' cores='1' threads='1'/></cpu>"), 0},
		{GUEST(VM, "64", "<cpu mode='maximum'/>"), 0},
	};
	struct hypervisor *hv = opened();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;

		expect_rc(hypervisor_preflight(hv, VM, rows[i].xml, soon(), &err), rows[i].rc,
			  &err);
		expect_rc(hypervisor_create(hv, rows[i].xml, soon(), &err),
			  rows[i].rc == 0 ? 0 : -EIO, &err);
		expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	}
	hypervisor_close(hv);
}

static void migrate__to_nowhere_leaves_it_running(void **state)
{
	const struct hypervisor_migration migration = {
		.vm = VM, .target_uri = "qemu+tcp://127.0.0.1:1/system", .target_xml = PLAIN};
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_migrate(hv, &migration, soon(), &err), -EIO, &err);
	assert_true(strlen(err_text(&err)) > 20);
	expect_state(hv, DOMAIN_RUNNING);
	hypervisor_close(hv);
}

static void destroy__ends_a_qemu_that_hangs(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	assert_int_equal(kill(qemu(), SIGSTOP), 0);
	expect_rc(hypervisor_destroy(hv, VM, deadline_in(20000), &err), 0, &err);
	assert_int_equal(qemu(), 0);
	expect_state(hv, DOMAIN_ABSENT);
	hypervisor_close(hv);
}

enum { CALLS = 11 };

/* The calls of the interface, on a libvirtd that does not answer. */
static int call_number(int i, struct hypervisor *hv, struct deadline deadline, struct err *err)
{
	const struct hypervisor_migration migration = {
		.vm = VM, .target_uri = "qemu+tcp://127.0.0.1/system", .target_xml = PLAIN};
	enum domain_state state;
	char *xml;

	switch (i) {
	case 0: return hypervisor_domain_state(hv, VM, deadline, &state, err);
	case 1: return hypervisor_domain_xml(hv, VM, deadline, &xml, err);
	/* libvirtd does what it was asked once it goes on: a good one would come to life then. */
	case 2: return hypervisor_create(hv, USELESS, deadline, err);
	case 3: return hypervisor_resume(hv, VM, deadline, err);
	case 4: return hypervisor_shutdown(hv, VM, deadline, err);
	case 5: return hypervisor_wait_gone(hv, VM, deadline, err);
	case 6: return hypervisor_abort_job(hv, VM, deadline, err);
	case 7: return hypervisor_preflight(hv, "other", PLAIN, deadline, err);
	case 8: return hypervisor_save(hv, VM, image, NULL, deadline, err);
	case 9: return hypervisor_migrate(hv, &migration, deadline, err);
	default: return hypervisor_destroy(hv, VM, deadline, err);
	}
}

static void each_call_gives_up(struct hypervisor **hvs)
{
	struct hypervisor *none = NULL;
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < CALLS; i++) {
		expect_rc(call_number(i, hvs[i], deadline_in(400), &err), -ETIMEDOUT, &err);
		expect_rc(call_number(i, hvs[i], deadline_in(400), &err), -ENOTCONN, &err);
		hypervisor_close(hvs[i]);
	}
	expect_rc(hypervisor_open(URI, deadline_in(400), &none, &err), -ETIMEDOUT, &err);
}

static void hanging_libvirtd__holds_nobody(void **state)
{
	struct hypervisor *hvs[CALLS + 1];
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i <= CALLS; i++) {
		hvs[i] = opened();
	}
	expect_rc(hypervisor_create(hvs[0], PLAIN, soon(), &err), 0, &err);
	assert_int_equal(kill(libvirtd, SIGSTOP), 0);
	each_call_gives_up(hvs);
	/* A close is a call too. */
	hypervisor_close(hvs[CALLS]);
	/* destroy, the last of the calls, did not need libvirtd. */
	assert_int_equal(qemu(), 0);
	assert_int_equal(kill(libvirtd, SIGCONT), 0);
	hvs[0] = opened();
	/* A save or migration that it finds in its queue may hold the domain for 30 s of its own.
	 */
	expect_rc(hypervisor_wait_gone(hvs[0], VM, deadline_in(LIBVIRT_RECOVERS_MS), &err), 0,
		  &err);
	hypervisor_close(hvs[0]);
}

static void open_and_state__cost(void **state)
{
	const int rounds = 20;
	int64_t began = deadline_now_ms();
	int i;

	(void)state;
	for (i = 0; i < rounds; i++) {
		struct hypervisor *hv = opened();

		expect_state(hv, DOMAIN_ABSENT);
		hypervisor_close(hv);
	}
	print_message("open, state and close: %.2f ms\n",
		      (double)(deadline_now_ms() - began) / rounds);
}

static void killed_libvirtd__is_said(void **state)
{
	struct hypervisor *hv = opened();
	struct hypervisor *none = NULL;
	enum domain_state domain;
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	assert_int_equal(kill(libvirtd, SIGKILL), 0);
	expect_rc(hypervisor_domain_state(hv, VM, soon(), &domain, &err), -ECONNREFUSED, &err);
	expect_rc(hypervisor_open(URI, soon(), &none, &err), -ECONNREFUSED, &err);
	hypervisor_close(hv);
	assert_true(qemu() > 0);
	assert_int_equal(qemu_process_end(VM, soon(), &err), 0);
	assert_int_equal(qemu(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(create__runs_and_is_there_once, ended),
		cmocka_unit_test_teardown(create__gives_libvirts_reason, ended),
		cmocka_unit_test_teardown(shutdown__of_a_deaf_guest_is_waited_for_in_vain, ended),
		cmocka_unit_test_teardown(wake__ends_the_sleep_of_a_guest, ended),
		cmocka_unit_test_teardown(wait_gone__sees_the_end, ended),
		cmocka_unit_test_teardown(save_and_restore__bring_it_back_paused, ended),
		cmocka_unit_test_teardown(save__that_fails_leaves_it_running, ended),
		cmocka_unit_test_teardown(save__that_is_aborted_leaves_it_running, ended),
		cmocka_unit_test_teardown(preflight__says_what_is_missing, ended),
		cmocka_unit_test_teardown(preflight__compares_the_cpu_as_libvirt_does, ended),
		cmocka_unit_test_teardown(migrate__to_nowhere_leaves_it_running, ended),
		cmocka_unit_test_teardown(destroy__ends_a_qemu_that_hangs, ended),
		cmocka_unit_test_teardown(hanging_libvirtd__holds_nobody, ended),
		cmocka_unit_test(open_and_state__cost),
		cmocka_unit_test_teardown(killed_libvirtd__is_said, ended),
	};

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s LIBVIRTD-PID FOLDER\n", argv[0]);
		return 2;
	}
	libvirtd = (pid_t)atoi(argv[1]);
	(void)snprintf(image, sizeof(image), "%s/image", argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
