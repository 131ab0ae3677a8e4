/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that stands still (lib/still) with a real libvirtd and QEMU, both of them private: run.sh
 * makes the namespaces. The guest has no operating system, so no agent answers: its channel is
 * there, and is not, as in guests without one. This process asks libvirt by virsh: it forks, and
 * must have no threads.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "still/still_keeper.h"
#include "still/still_record.h"

#define URI "qemu:///system"
#define VM "still1"
#define LONG_MS 3600000
#define AGENT "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
#define GUEST(devices)                                                                             \
	"<domain type='qemu'><name>" VM "</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"      \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>"        \
	"<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>" devices "</devices></domain>"

static void begin(const char *xml)
{
	g_autofree char *file = g_build_filename(g_get_tmp_dir(), VM ".xml", NULL);
	g_autofree char *command =
		g_strdup_printf("virsh -c " URI " create %s >/dev/null; rm %s", file, file);

	assert_true(g_file_set_contents(file, xml, -1, NULL));
	assert_int_equal(system(command), 0);
}

static bool is(const char *wanted)
{
	g_autofree char *state = NULL;

	assert_true(g_spawn_command_line_sync("virsh -c " URI " domstate " VM, &state, NULL, NULL,
					      NULL));
	return g_str_has_prefix(state, wanted);
}

static bool recorded(void)
{
	return access(STILL_DIRECTORY "/" VM, F_OK) == 0;
}

static int end(void **state)
{
	int rc = undo_all(state);

	return system("virsh -c " URI " destroy " VM " >/dev/null 2>&1") == -1 ? -1 : rc;
}

static struct still_keeper *held(int limit_ms)
{
	struct still_keeper *keeper = NULL;
	struct err err = ERR_INIT;
	enum still_how how;

	assert_int_equal(still_keeper_start(&keeper, NULL), 0);
	if (still_keeper_hold(keeper, VM, URI, limit_ms, deadline_in(TEST_LIMIT_MS), &how, &err) !=
	    0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(how, STILL_PAUSED);
	return keeper;
}

static void guest__is_paused_and_goes_on(const char *xml)
{
	struct still_keeper *keeper;

	begin(xml);
	keeper = held(LONG_MS);
	assert_true(is("paused"));
	assert_true(recorded());
	assert_int_equal(still_keeper_release(keeper, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_true(is("running"));
	assert_false(recorded());
	still_keeper_end(keeper);
}

static void guest__without_a_channel_is_paused(void **state)
{
	(void)state;
	guest__is_paused_and_goes_on(GUEST(""));
}

static void guest__whose_agent_does_not_answer_is_paused(void **state)
{
	(void)state;
	guest__is_paused_and_goes_on(GUEST(AGENT));
}

static void time__that_is_over_lets_it_go_on(void **state)
{
	struct still_keeper *keeper;

	(void)state;
	begin(GUEST(""));
	keeper = held(1);
	wait_until(is("running") && !recorded());
	assert_int_equal(still_keeper_release(keeper, deadline_in(TEST_LIMIT_MS), NULL), -ETIME);
	still_keeper_end(keeper);
}

static void caller__that_dies_lets_it_go_on(void **state)
{
	pid_t pid;
	int ready[2];
	char word;

	(void)state;
	begin(GUEST(""));
	assert_int_equal(pipe(ready), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)held(LONG_MS);
		(void)write(ready[1], "x", 1);
		(void)pause();
	}
	assert_int_equal(read(ready[0], &word, 1), 1);
	assert_true(is("paused"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(WIFSIGNALED(child_wait(pid)));
	wait_until(is("running") && !recorded());
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(close(ready[1]), 0);
}

/* The keeper. */
static pid_t own_child(void)
{
	g_autofree char *file = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
	g_autofree char *text = NULL;

	(void)g_file_get_contents(file, &text, NULL, NULL);
	return text != NULL && *text != '\0' ? (pid_t)atoi(text) : getpid();
}

/* In a process of its own, as libvirt has threads. */
static bool mended(void)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		_exit(still_mend(VM, deadline_in(TEST_LIMIT_MS), NULL) == 0 && !recorded() ? 0 : 1);
	}
	return child_wait(pid) == 0;
}

/* Both die at once, as in the end of a control group. Whoever acts next lets it go on. */
static void anybody__lets_it_go_on_when_both_have_died(void **state)
{
	pid_t pid;

	(void)state;
	begin(GUEST(""));
	pid = child_fork();
	if (pid == 0) {
		(void)held(LONG_MS);
		(void)kill(own_child(), SIGKILL);
		(void)kill(getpid(), SIGKILL);
	}
	assert_true(WIFSIGNALED(child_wait(pid)));
	assert_true(is("paused"));
	assert_true(recorded());
	wait_until(mended());
	assert_true(is("running"));
	assert_false(recorded());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(guest__without_a_channel_is_paused, end),
		cmocka_unit_test_teardown(guest__whose_agent_does_not_answer_is_paused, end),
		cmocka_unit_test_teardown(time__that_is_over_lets_it_go_on, end),
		cmocka_unit_test_teardown(caller__that_dies_lets_it_go_on, end),
		cmocka_unit_test_teardown(anybody__lets_it_go_on_when_both_have_died, end),
	};
	return cmocka_run_group_tests_name("still", tests, NULL, NULL);
}
