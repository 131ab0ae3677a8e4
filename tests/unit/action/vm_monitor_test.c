/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against libvirt's own mock driver, whose domain "test" runs and has no process; its QEMU is
 * played by this program itself, started again with QEMU's options, and the array by a shell
 * script.
 */
#include "tests/unit/process/qemu_player.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action/vm.h"
#include "journal/journal_ipc.h"
#include "tests/unit/journal/journal_server.h"

#define IQN "iqn.2026-11.org.example:unit-vm-monitor"

static char root[64];

static const char script[] = "#!/bin/sh\n"
			     "cat >/dev/null; [ ! -e ${0%/*}/hook ] || . ${0%/*}/hook; [ \"$1\" = "
			     "fenced ] && [ -e ${0%/*}/answer ] && cat ${0%/*}/answer\n";

static const char *path(const char *name)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s/%s", root, name);
	return text;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	char conf[512];

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-monitor-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("driver", script);
	assert_int_equal(chmod(path("driver"), 0700), 0);
	(void)snprintf(conf, sizeof(conf),
		       "[array san1]\ndriver = %s\ntransport = exec\nportals = 10.0.0.1:3260\n"
		       "[host node1]\ninitiator = " IQN "\n",
		       path("driver"));
	put("conf", conf);
	undo_setenv("LUNMASK_CONF", path("conf"));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path("driver"));
	(void)unlink(path("conf"));
	(void)unlink(path("answer"));
	(void)unlink(path("hook"));
	return undo_all(state) | rmdir(root);
}

static pid_t qemu_start(void)
{
	return qemu_player_start(false, (const char *const[]){"-name", "guest=test", NULL});
}

static enum vm_health monitor_level(const char *vm, const char *hypervisor, int level, bool probe,
				    struct err *err)
{
	const struct vm_settings settings = {
		.vm = vm,
		.array = "san1",
		.luns = "vda=a",
		.state_lun = "a-state",
		.hypervisor = hypervisor,
		.node = "node1",
	};
	enum vm_health health = VM_FAILED;

	*err = (struct err)ERR_INIT;
	assert_int_equal(
		vm_monitor(&settings, level, probe, deadline_in(TEST_LIMIT_MS), &health, NULL, err),
		0);
	return health;
}

static enum vm_health monitor_vm(const char *vm, const char *hypervisor, bool probe,
				 struct err *err)
{
	return monitor_level(vm, hypervisor, 0, probe, err);
}

static enum vm_health monitor_of(const char *hypervisor, bool probe, struct err *err)
{
	return monitor_vm("test", hypervisor, probe, err);
}

static enum vm_health monitor(bool probe, struct err *err)
{
	return monitor_of("test:///default", probe, err);
}

/* libvirtd has not seen yet that it was killed. */
static void without_a_process_it_does_not_run(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(monitor(false, &err), VM_STOPPED);
	assert_int_equal(monitor(true, &err), VM_STOPPED);
}

/* It is ended, and the host is let in again, while the array is asked. */
static void a_probe_looks_again_when_it_has_asked(void **state)
{
	pid_t qemu = qemu_start();
	char hook[160];
	struct err err;

	(void)state;
	(void)snprintf(hook, sizeof(hook),
		       "kill -9 %d; until grep -q '^State:.Z' /proc/%d/status; do :; done",
		       (int)qemu, (int)qemu);
	put("hook", hook);
	put("answer", "{\"fenced\":[],\"fencings\":1}");
	assert_int_equal(monitor(true, &err), VM_STOPPED);
	(void)unlink(path("hook"));
	qemu_player_kill(qemu);
}

static void a_probe_on_a_fenced_host_finds_nothing(void **state)
{
	static const struct {
		const char *answer; /* NULL: the array is silent */
		enum vm_health probe;
	} rows[] = {
		{"{\"fenced\":[],\"fencings\":1}", VM_RUNNING},
		{"{\"fenced\":[\"" IQN "2\"],\"fencings\":1}", VM_RUNNING},
		{NULL, VM_RUNNING},
		{"{\"fenced\":[\"" IQN "\"],\"fencings\":1}", VM_STOPPED},
	};
	pid_t qemu = qemu_start();
	struct err err;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		(void)unlink(path("answer"));
		if (rows[i].answer != NULL) {
			put("answer", rows[i].answer);
		}
		assert_int_equal(monitor(false, &err), VM_RUNNING);
		assert_int_equal(monitor(true, &err), rows[i].probe);
	}
	assert_string_equal(err_text(&err), "array san1 has this host fenced: what is left of the "
					    "VM here does not count");
	/* Nor where libvirt does not answer. */
	assert_int_equal(monitor_of("test:///nonexistent", false, &err), VM_DEGRADED);
	assert_int_equal(monitor_of("test:///nonexistent", true, &err), VM_STOPPED);
	qemu_player_kill(qemu);
}

/* libvirtd could not read the domain's status file when it was started, and dropped the domain. */
static void a_qemu_that_libvirt_has_lost_is_failed(void **state)
{
	pid_t qemu = qemu_player_start(false, (const char *const[]){"-name", "guest=lost", NULL});
	struct err err;

	(void)state;
	(void)unlink(path("answer"));
	assert_int_equal(monitor_vm("lost", "test:///default", false, &err), VM_FAILED);
	assert_non_null(strstr(err_text(&err), "libvirt does not know it"));
	assert_int_equal(monitor_vm("lost", "test:///default", true, &err), VM_FAILED);
	qemu_player_kill(qemu);
	assert_int_equal(monitor_vm("lost", "test:///default", true, &err), VM_STOPPED);
}

/*
 * The fake lunmaskd has a path of node1 to san1's portal. The array answers nothing about its LUNs,
 * so a monitor that tries the paths itself finds nothing good.
 */
static void level_10_asks_lunmaskd_for_the_paths(void **state)
{
	pid_t qemu = qemu_start();
	struct journal *journal;
	struct err err;

	undo_setenv(JOURNAL_IPC_NAME_VARIABLE, "lunmask-test-none");
	assert_int_equal(monitor_level("test", "test:///default", 10, false, &err), VM_DEGRADED);
	assert_non_null(strstr(err_text(&err), "array san1, luns"));
	assert_int_equal(journal_server_up(state), 0);
	/* It does not know the path. */
	assert_int_equal(monitor_level("test", "test:///default", 10, false, &err), VM_DEGRADED);
	assert_non_null(strstr(err_text(&err), "array san1, luns"));
	journal = journal_client_open();
	(void)journal_client_submit(journal, "paths", 1, 0, LIMIT_MS);
	assert_int_equal(monitor_level("test", "test:///default", 10, false, &err), VM_RUNNING);
	assert_string_equal(err_text(&err), "");
	(void)journal_client_submit(journal, "lostpaths", 2, 0, LIMIT_MS);
	assert_int_equal(monitor_level("test", "test:///default", 10, false, &err), VM_DEGRADED);
	assert_non_null(strstr(err_text(&err), "array san1, luns")); /* it has tried itself */
	journal_client_close(journal);
	qemu_player_kill(qemu);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_process_it_does_not_run),
		TEST(a_probe_looks_again_when_it_has_asked),
		TEST(a_probe_on_a_fenced_host_finds_nothing),
		TEST(a_qemu_that_libvirt_has_lost_is_failed),
		TEST(level_10_asks_lunmaskd_for_the_paths),
	};

	(void)argc;
	qemu_player_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
