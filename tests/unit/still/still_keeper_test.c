/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that stands still goes on, whichever process dies. The guest is a few words of memory
 * that all processes share; tests/virt/still_live.c has a real one.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hypervisor/hypervisor.h"
#include "process/qemu_process.h"
#include "still/guest_still.h"
#include "still/still_keeper.h"
#include "still/still_record.h"

#define VM "web1"
#define LONG_MS 3600000
#define POINTS_MAX 100

static struct guest {
	enum domain_state state;
	bool frozen;
	int freeze_rc, thaw_rc;
	int calls; /* of libvirt */
	int killed_at;
	pid_t keeper; /* whoever asked libvirt last */
} * guest;

static char *folder;

/* Whoever asks libvirt is killed at that call, before or after it had its effect. */
static void point(void)
{
	guest->keeper = getpid();
	if (++guest->calls == guest->killed_at) {
		(void)kill(getpid(), SIGKILL);
	}
}

int __wrap_hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
			   struct err *err);
int __wrap_hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
			   struct err *err)
{
	(void)deadline;
	(void)err;
	assert_string_equal(uri, "a:///uri");
	point();
	*ret = (struct hypervisor *)guest;
	return 0;
}

void __wrap_hypervisor_close(struct hypervisor *hypervisor);
void __wrap_hypervisor_close(struct hypervisor *hypervisor)
{
	(void)hypervisor;
}

int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err);
int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err)
{
	(void)hypervisor;
	(void)deadline;
	(void)err;
	assert_string_equal(vm, VM);
	point();
	*ret = guest->state;
	return 0;
}

#define CALL(name, rc_of, effect)                                                                  \
	int __wrap_##name(struct hypervisor *hypervisor, const char *vm, struct deadline deadline, \
			  struct err *err);                                                        \
	int __wrap_##name(struct hypervisor *hypervisor, const char *vm, struct deadline deadline, \
			  struct err *err)                                                         \
	{                                                                                          \
		int rc = (rc_of);                                                                  \
                                                                                                   \
		(void)hypervisor;                                                                  \
		(void)vm;                                                                          \
		(void)deadline;                                                                    \
		point();                                                                           \
		if (rc == 0) {                                                                     \
			effect;                                                                    \
		}                                                                                  \
		point();                                                                           \
		return rc == 0 ? 0 : err_set(err, rc, #name " fails");                             \
	}

CALL(hypervisor_resume, 0, guest->state = DOMAIN_RUNNING)
CALL(guest_pause, 0, guest->state = DOMAIN_PAUSED)
CALL(guest_freeze, guest->freeze_rc, guest->frozen = true)
/* A guest that does not run cannot answer. */
CALL(guest_thaw, guest->state == DOMAIN_RUNNING ? guest->thaw_rc : -EIO, guest->frozen = false)

int __wrap_qemu_process_find(const char *vm, pid_t *ret, struct err *err);
int __wrap_qemu_process_find(const char *vm, pid_t *ret, struct err *err)
{
	(void)vm;
	(void)err;
	*ret = guest->state == DOMAIN_ABSENT ? 0 : getpid();
	return 0;
}

static int64_t qemu_age_ms = LONG_MS;

int64_t __wrap_process_age_ms(pid_t pid);
int64_t __wrap_process_age_ms(pid_t pid)
{
	(void)pid;
	return qemu_age_ms;
}

static int setup(void **state)
{
	(void)state;
	guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	*guest = (struct guest){.state = DOMAIN_RUNNING};
	qemu_age_ms = LONG_MS;
	folder = g_dir_make_tmp("lunmask-still-XXXXXX", NULL);
	undo_setenv(STILL_VARIABLE, folder);
	return folder == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", folder);
	int rc = undo_all(state);

	g_clear_pointer(&folder, g_free);
	(void)munmap(guest, sizeof(*guest));
	return rc != 0 ? rc : system(command);
}

static bool recorded(void)
{
	g_autofree char *file = g_build_filename(folder, VM, NULL);

	return access(file, F_OK) == 0;
}

static bool goes_on(void)
{
	return guest->state == DOMAIN_RUNNING && !guest->frozen && !recorded();
}

static struct still_keeper *started(void)
{
	struct still_keeper *keeper;

	assert_int_equal(still_keeper_start(&keeper, NULL), 0);
	return keeper;
}

static int hold(struct still_keeper *keeper, int limit_ms, enum still_how *how)
{
	struct err err = ERR_INIT;

	return still_keeper_hold(keeper, VM, "a:///uri", limit_ms, deadline_in(TEST_LIMIT_MS), how,
				 &err);
}

static int release(struct still_keeper *keeper)
{
	struct err err = ERR_INIT;
	int rc = still_keeper_release(keeper, deadline_in(TEST_LIMIT_MS), &err);

	assert_int_equal(rc == 0, err_text(&err)[0] == '\0');
	return rc;
}

/* The tests */

static void guest__is_frozen_and_paused_and_goes_on(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hold(keeper, LONG_MS, &how), 0);
		assert_int_equal(how, STILL_FROZEN);
		assert_true(guest->frozen);
		assert_int_equal(guest->state, DOMAIN_PAUSED);
		assert_true(recorded());
		assert_int_equal(release(keeper), 0);
		assert_true(goes_on());
	}
	still_keeper_end(keeper);
}

static void guest__without_an_agent_is_paused(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	guest->freeze_rc = -EOPNOTSUPP;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	assert_int_equal(how, STILL_PAUSED);
	assert_int_equal(guest->state, DOMAIN_PAUSED);
	assert_int_equal(release(keeper), 0);
	assert_true(goes_on());
	still_keeper_end(keeper);
}

/* What the agent has frozen before it failed is thawed. */
static void guest__whose_agent_fails_is_paused(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	guest->freeze_rc = -EIO;
	guest->frozen = true;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	assert_int_equal(how, STILL_PAUSED);
	assert_false(guest->frozen);
	assert_int_equal(release(keeper), 0);
	assert_true(goes_on());
	still_keeper_end(keeper);
}

/* It is not known whether it is frozen: nothing is made of it, and it is thawed. */
static void guest__whose_agent_hangs_goes_on(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	guest->freeze_rc = -ETIMEDOUT;
	guest->frozen = true;
	assert_int_equal(hold(keeper, LONG_MS, &how), -ETIMEDOUT);
	assert_true(goes_on());
	still_keeper_end(keeper);
}

static void guest__that_was_paused_stays_paused(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	guest->state = DOMAIN_PAUSED;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	assert_int_equal(how, STILL_WAS);
	assert_int_equal(release(keeper), 0);
	assert_int_equal(guest->state, DOMAIN_PAUSED);
	assert_false(recorded());
	still_keeper_end(keeper);
}

static void guest__in_a_state_between_is_left_alone(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	guest->state = DOMAIN_PAUSED_MIGRATION;
	assert_int_equal(hold(keeper, LONG_MS, &how), -EBUSY);
	assert_int_equal(guest->state, DOMAIN_PAUSED_MIGRATION);
	still_keeper_end(keeper);
}

static void guest__that_somebody_resumed_did_not_stand_still(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	guest->state = DOMAIN_RUNNING;
	assert_int_equal(release(keeper), -ETIME);
	assert_true(goes_on());
	still_keeper_end(keeper);
}

static void time__that_is_over_lets_it_go_on(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	assert_int_equal(hold(keeper, 1, &how), 0);
	wait_until(goes_on());
	assert_int_equal(release(keeper), -ETIME);
	still_keeper_end(keeper);
}

static void caller__that_dies_lets_it_go_on(void **state)
{
	pid_t pid = child_fork();
	enum still_how how;

	(void)state;
	if (pid == 0) {
		struct still_keeper *keeper = started();

		(void)hold(keeper, LONG_MS, &how);
		(void)kill(getpid(), SIGKILL);
	}
	assert_true(WIFSIGNALED(child_wait(pid)));
	wait_until(guest->calls > 0 && goes_on());
}

static void caller__learns_that_the_keeper_has_died(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	assert_int_equal(kill(guest->keeper, SIGKILL), 0);
	assert_int_equal(release(keeper), -EPIPE);
	assert_true(goes_on());
	still_keeper_end(keeper);
}

/* As far as it comes, in a process that ends without a word. */
static void hold_and_die(int at)
{
	pid_t pid;
	enum still_how how;

	*guest = (struct guest){.state = DOMAIN_RUNNING, .killed_at = at};
	pid = child_fork();
	if (pid == 0) {
		struct still_keeper *keeper = started();
		pid_t child;

		/* The caller does not learn it: it has died first. */
		(void)setenv(STILL_VARIABLE, "/nonexistent", 1);
		(void)hold(keeper, LONG_MS, &how);
		child = guest->keeper;
		if (guest->calls < at) {
			(void)kill(child, SIGKILL);
		}
		(void)kill(getpid(), SIGKILL);
	}
	assert_true(WIFSIGNALED(child_wait(pid)));
	wait_until(process_ended(guest->keeper));
	guest->killed_at = 0;
}

static void anybody__lets_it_go_on_when_both_have_died(void **state)
{
	int at = 1;
	int calls = 0;

	(void)state;
	for (; at < POINTS_MAX && calls + 1 >= at - 1; at++) {
		hold_and_die(at);
		calls = guest->calls;
		assert_int_equal(still_mend(VM, deadline_in(TEST_LIMIT_MS), NULL), 0);
		assert_true(goes_on());
	}
	print_message("# %d points\n", at - 1);
	assert_in_range(at, 8, POINTS_MAX - 1);
}

static void mend__leaves_another_guest_alone(void **state)
{
	(void)state;
	hold_and_die(1000);
	assert_true(recorded());
	assert_int_equal(guest->state, DOMAIN_PAUSED);
	qemu_age_ms = -1;
	guest->frozen = false;
	assert_int_equal(still_mend(VM, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(guest->state, DOMAIN_PAUSED);
	assert_false(recorded());
}

static void mend__leaves_what_is_held_alone(void **state)
{
	struct still_keeper *keeper = started();
	enum still_how how;

	(void)state;
	assert_int_equal(hold(keeper, LONG_MS, &how), 0);
	assert_int_equal(still_mend(VM, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(guest->state, DOMAIN_PAUSED);
	assert_int_equal(release(keeper), 0);
	still_keeper_end(keeper);
}

static void mend__tries_again_later(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	hold_and_die(1000);
	guest->thaw_rc = -EIO;
	assert_int_equal(still_mend(VM, deadline_in(TEST_LIMIT_MS), &err), -EIO);
	assert_non_null(strstr(err_text(&err), "virsh domfsthaw"));
	assert_true(recorded());
	guest->thaw_rc = 0;
	assert_int_equal(still_mend(VM, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_true(goes_on());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(guest__is_frozen_and_paused_and_goes_on),
		TEST(guest__without_an_agent_is_paused),
		TEST(guest__whose_agent_fails_is_paused),
		TEST(guest__whose_agent_hangs_goes_on),
		TEST(guest__that_was_paused_stays_paused),
		TEST(guest__in_a_state_between_is_left_alone),
		TEST(guest__that_somebody_resumed_did_not_stand_still),
		TEST(time__that_is_over_lets_it_go_on),
		TEST(caller__that_dies_lets_it_go_on),
		TEST(caller__learns_that_the_keeper_has_died),
		TEST(anybody__lets_it_go_on_when_both_have_died),
		TEST(mend__leaves_another_guest_alone),
		TEST(mend__leaves_what_is_held_alone),
		TEST(mend__tries_again_later),
	};

	return cmocka_run_group_tests_name("still_keeper", tests, NULL, NULL);
}
