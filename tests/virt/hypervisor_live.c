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

#define LIBVIRT_RECOVERS_MS 60000
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
#define PLAIN GUEST(VM, "64", CPU("qemu64"))
#define IMAGE_BYTES (256 << 20)

static pid_t libvirtd;
static char image[256];

static struct deadline soon(void)
{
	return deadline_in(15000);
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

static void shutdown__of_a_deaf_guest_is_waited_for_in_vain(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int64_t began;

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_shutdown(hv, VM, soon(), &err), 0, &err);
	began = deadline_now_ms();
	expect_rc(hypervisor_wait_gone(hv, VM, deadline_in(600), &err), -ETIMEDOUT, &err);
	assert_true(deadline_now_ms() - began >= 590 && deadline_now_ms() - began < 1000);
	assert_non_null(strstr(err_text(&err), "still"));
	expect_rc(hypervisor_abort_job(hv, VM, soon(), &err), 0, &err);
	hypervisor_close(hv);
}

static void *kill_soon(void *data)
{
	(void)usleep(300000);
	(void)kill(*(pid_t *)data, SIGKILL);
	return NULL;
}

static void wait_gone__is_woken(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	pthread_t thread;
	int64_t began;
	pid_t pid;

	(void)state;
	expect_rc(hypervisor_wait_gone(hv, VM, soon(), &err), 0, &err);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	pid = qemu();
	assert_true(pid > 0);
	assert_int_equal(pthread_create(&thread, NULL, kill_soon, &pid), 0);
	began = deadline_now_ms();
	expect_rc(hypervisor_wait_gone(hv, VM, soon(), &err), 0, &err);
	print_message("woken %d ms after the kill\n", (int)(deadline_now_ms() - began - 300));
	assert_true(deadline_now_ms() - began < 2000);
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
	expect_rc(hypervisor_save(hv, VM, image, soon(), &err), 0, &err);
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
	expect_rc(hypervisor_save(hv, VM, "/nowhere/image", soon(), &err), -EIO, &err);
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
	rc = hypervisor_save(hv, VM, image, deadline_in(20), &err);
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
	expect_rc(hypervisor_preflight(hv, VM, GUEST(VM, "64", CPU("athlon")), soon(), &err),
		  -ENOTSUP, &err);
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	expect_rc(hypervisor_preflight(hv, VM, PLAIN, soon(), &err), -EEXIST, &err);
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
	expect_rc(hypervisor_migrate(hv, &migration, soon(), NULL, NULL, &err), -EIO, &err);
	assert_true(strlen(err_text(&err)) > 20);
	expect_state(hv, DOMAIN_RUNNING);
	hypervisor_close(hv);
}

static void destroy__of_a_hanging_qemu_is_over_in_time(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int64_t began = deadline_now_ms();

	(void)state;
	expect_rc(hypervisor_create(hv, PLAIN, soon(), &err), 0, &err);
	assert_int_equal(kill(qemu(), SIGSTOP), 0);
	expect_rc(hypervisor_destroy(hv, VM, deadline_in(4000), &err), 0, &err);
	assert_true(deadline_now_ms() - began < 5000);
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
	case 8: return hypervisor_save(hv, VM, image, deadline, err);
	case 9: return hypervisor_migrate(hv, &migration, deadline, NULL, NULL, err);
	default: return hypervisor_destroy(hv, VM, deadline, err);
	}
}

static void each_call_ends_in_time(struct hypervisor **hvs)
{
	struct hypervisor *none = NULL;
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < CALLS; i++) {
		int64_t limit_ms = i == 8 || i == 9 ? 5900 : 900;
		int64_t began = deadline_now_ms();

		expect_rc(call_number(i, hvs[i], deadline_in(400), &err), -ETIMEDOUT, &err);
		if (deadline_now_ms() - began > limit_ms) {
			fail_msg("call %d took %d ms", i, (int)(deadline_now_ms() - began));
		}
		began = deadline_now_ms();
		expect_rc(call_number(i, hvs[i], deadline_in(400), &err), -ENOTCONN, &err);
		hypervisor_close(hvs[i]);
		assert_true(deadline_now_ms() - began < 100);
	}
	expect_rc(hypervisor_open(URI, deadline_in(400), &none, &err), -ETIMEDOUT, &err);
}

static void hanging_libvirtd__holds_nobody(void **state)
{
	struct hypervisor *hvs[CALLS + 1];
	struct err err = ERR_INIT;
	int64_t began;
	int i;

	(void)state;
	for (i = 0; i <= CALLS; i++) {
		hvs[i] = opened();
	}
	expect_rc(hypervisor_create(hvs[0], PLAIN, soon(), &err), 0, &err);
	assert_int_equal(kill(libvirtd, SIGSTOP), 0);
	each_call_ends_in_time(hvs);
	/* A close is a call too. */
	began = deadline_now_ms();
	hypervisor_close(hvs[CALLS]);
	assert_true(deadline_now_ms() - began < 1500);
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
		cmocka_unit_test_teardown(wait_gone__is_woken, ended),
		cmocka_unit_test_teardown(save_and_restore__bring_it_back_paused, ended),
		cmocka_unit_test_teardown(save__that_fails_leaves_it_running, ended),
		cmocka_unit_test_teardown(save__that_is_aborted_leaves_it_running, ended),
		cmocka_unit_test_teardown(preflight__says_what_is_missing, ended),
		cmocka_unit_test_teardown(migrate__to_nowhere_leaves_it_running, ended),
		cmocka_unit_test_teardown(destroy__of_a_hanging_qemu_is_over_in_time, ended),
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
