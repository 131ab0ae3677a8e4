/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/vm_claim.h"

#define NOW_MS 1700000000000

static const enum vm_action all_actions[] = {
	VM_ACTION_START,     VM_ACTION_STOP,   VM_ACTION_MIGRATE_TO, VM_ACTION_MIGRATE_FROM,
	VM_ACTION_RECONCILE, VM_ACTION_CREATE, VM_ACTION_DESTROY};

/* Asked on node1, as of a migration from node1 to node2, or to node1 from node2. */
static struct vm_asker asker(enum vm_action action)
{
	bool in = action == VM_ACTION_MIGRATE_FROM;
	struct vm_asker ret = {.action = action, .vm = "web1"};

	strcpy(ret.self.node, "node1");
	strcpy(ret.source, in ? "node2" : "node1");
	strcpy(ret.target, in ? "node1" : "node2");
	return ret;
}

static struct journal_task task(enum journal_kind kind, enum journal_state state,
				const char *source, const char *target, const char *actor)
{
	struct journal_task ret = {.kind = kind, .state = state, .revision = 5};

	strcpy(ret.source, source);
	strcpy(ret.target, target);
	strcpy(ret.actor.node, actor);
	return ret;
}

static enum vm_claim decide(enum vm_action action, const struct journal_task *found,
			    enum journal_evidence gone)
{
	struct vm_asker who = asker(action);

	return vm_claim_decide(&who, found, gone);
}

static void vm_claim_decide__every_case_has_a_row(void **state)
{
	static const char *const nodes[] = {"", "node1", "node2", "node3"};

	(void)state;
	for (size_t a = 0; a < VM_ACTION_MAX; a++) {
		for (int kind = JOURNAL_START; kind < JOURNAL_KIND_MAX; kind++) {
			for (int of = JOURNAL_RUNNING; of < JOURNAL_STATE_MAX; of++) {
				for (int pair = 0; pair < 16; pair++) {
					struct journal_task found = task(
						(enum journal_kind)kind, (enum journal_state)of,
						nodes[pair / 4], nodes[pair % 4], "node1");

					assert_int_not_equal(decide(all_actions[a], &found, 0),
							     VM_CLAIM_INVALID);
				}
			}
		}
	}
}

static void vm_claim_decide__what_ended_is_in_nobodys_way(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_FAILED, "node1", "node2", "");

	(void)state;
	assert_int_equal(decide(VM_ACTION_START, NULL, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &found, 0), VM_CLAIM_BEGIN);
}

static void vm_claim_decide__a_live_actor_is_left_alone(void **state)
{
	(void)state;
	for (int kind = JOURNAL_START; kind < JOURNAL_RECONCILE; kind++) {
		struct journal_task found =
			task((enum journal_kind)kind, JOURNAL_RUNNING, "node1", "node2", "node1");

		assert_int_equal(decide(VM_ACTION_RECONCILE, &found, 0), VM_CLAIM_REFUSE);

		assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_REFUSE);
		assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &found, 0), VM_CLAIM_REFUSE);
		assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_REFUSE);
		assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_LEAVE);
	}
}

/* It is over in seconds: nothing may fail for it, and it may keep nobody from ending a guest. */
static void vm_claim_decide__a_reconcile_is_waited_for(void **state)
{
	struct journal_task found = task(JOURNAL_RECONCILE, JOURNAL_RUNNING, "", "", "node3");

	(void)state;
	assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_WAIT);
	assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &found, 0), VM_CLAIM_WAIT);
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, 0), VM_CLAIM_WAIT);
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_LEAVE);
	assert_int_equal(decide(VM_ACTION_START, &found, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_REPLACE);
	assert_int_equal(decide(VM_ACTION_STOP, &found, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_REPLACE);
	assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &found, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_END_FIRST);
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_CONTINUE);
}

/* Nobody else may take what a create has made, whether it still runs or not; a stop always may. */
static void vm_claim_decide__only_a_create_follows_a_create(void **state)
{
	struct journal_task found = task(JOURNAL_CREATE, JOURNAL_RUNNING, "", "node3", "node3");
	static const enum journal_state states[] = {JOURNAL_RUNNING, JOURNAL_WAITING,
						    JOURNAL_BROKEN};

	(void)state;
	assert_int_equal(decide(VM_ACTION_CREATE, &found, 0), VM_CLAIM_REFUSE);
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		found.state = states[i];
		assert_int_equal(decide(VM_ACTION_CREATE, &found, JOURNAL_EVIDENCE_FENCED),
				 VM_CLAIM_CONTINUE);
		assert_int_equal(decide(VM_ACTION_START, &found, JOURNAL_EVIDENCE_FENCED),
				 VM_CLAIM_REFUSE);
		assert_int_equal(decide(VM_ACTION_STOP, &found, JOURNAL_EVIDENCE_FENCED),
				 VM_CLAIM_LEAVE);
		assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &found, JOURNAL_EVIDENCE_FENCED),
				 VM_CLAIM_REFUSE);
		assert_int_equal(decide(VM_ACTION_RECONCILE, &found, JOURNAL_EVIDENCE_FENCED),
				 VM_CLAIM_REFUSE);
	}
	found.state = JOURNAL_DONE;
	assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_CREATE, &found, 0), VM_CLAIM_BEGIN);
}

/* What is being deleted must not be started, nor made; what is being made is not deleted. */
static void vm_claim_decide__only_a_destroy_follows_a_destroy(void **state)
{
	struct journal_task found = task(JOURNAL_DESTROY, JOURNAL_RUNNING, "", "node3", "node3");
	struct journal_task made = task(JOURNAL_CREATE, JOURNAL_BROKEN, "", "node1", "");
	struct journal_task start = task(JOURNAL_START, JOURNAL_BROKEN, "", "node1", "");
	struct journal_task tidying = task(JOURNAL_RECONCILE, JOURNAL_RUNNING, "", "", "node3");

	(void)state;
	assert_int_equal(decide(VM_ACTION_DESTROY, &found, 0), VM_CLAIM_REFUSE);
	for (size_t i = 0; i < G_N_ELEMENTS(all_actions); i++) {
		enum vm_action action = all_actions[i];

		assert_int_equal(decide(action, &found, JOURNAL_EVIDENCE_FENCED),
				 action == VM_ACTION_DESTROY ? VM_CLAIM_CONTINUE
				 : action == VM_ACTION_STOP  ? VM_CLAIM_LEAVE
							     : VM_CLAIM_REFUSE);
	}
	assert_int_equal(decide(VM_ACTION_DESTROY, &made, 0), VM_CLAIM_REFUSE);
	assert_int_equal(decide(VM_ACTION_DESTROY, &start, 0), VM_CLAIM_REFUSE);
	assert_int_equal(decide(VM_ACTION_DESTROY, &tidying, 0), VM_CLAIM_WAIT);
	assert_int_equal(decide(VM_ACTION_DESTROY, NULL, 0), VM_CLAIM_BEGIN);
	found.state = JOURNAL_DONE;
	assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_CREATE, &found, 0), VM_CLAIM_BEGIN);
}

/* A VM that has an open task is there. */
static void vm_claim_decide__a_create_takes_nobodys_place(void **state)
{
	(void)state;
	for (int kind = JOURNAL_START; kind < JOURNAL_CREATE; kind++) {
		struct journal_task found =
			task((enum journal_kind)kind, JOURNAL_BROKEN, "node1", "node2", "");

		assert_int_equal(decide(VM_ACTION_CREATE, &found, 0), VM_CLAIM_REFUSE);
		found.state = JOURNAL_RUNNING;
		assert_int_equal(decide(VM_ACTION_CREATE, &found, JOURNAL_EVIDENCE_DEAD),
				 VM_CLAIM_REFUSE);
	}
}

/* What a broken task left is the next stop's or start's to clear up. */
static void vm_claim_decide__a_reconcile_takes_nobodys_place(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_BROKEN, "node1", "node2", "");

	(void)state;
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, 0), VM_CLAIM_REFUSE);
	found.state = JOURNAL_WAITING;
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, 0), VM_CLAIM_REFUSE);
	found.state = JOURNAL_RUNNING;
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_REFUSE);
	found.state = JOURNAL_DONE;
	assert_int_equal(decide(VM_ACTION_RECONCILE, &found, 0), VM_CLAIM_BEGIN);
	assert_int_equal(decide(VM_ACTION_RECONCILE, NULL, 0), VM_CLAIM_BEGIN);
}

static void vm_claim_decide__the_same_task_goes_on(void **state)
{
	struct journal_task start = task(JOURNAL_START, JOURNAL_RUNNING, "", "node1", "node1");
	struct journal_task out = task(JOURNAL_MIGRATE, JOURNAL_RUNNING, "node1", "node2", "node1");

	(void)state;
	assert_int_equal(decide(VM_ACTION_START, &start, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_CONTINUE);
	assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &out, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_CONTINUE);
	/* Another one is ended before. */
	strcpy(out.target, "node3");
	assert_int_equal(decide(VM_ACTION_MIGRATE_TO, &out, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_END_FIRST);
	assert_int_equal(decide(VM_ACTION_START, &out, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_REPLACE);
}

static void vm_claim_decide__migrate_from_needs_its_own_migration(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_WAITING, "node2", "node1", "");

	(void)state;
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_CONTINUE);
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, NULL, 0), VM_CLAIM_REFUSE);
	found.state = JOURNAL_DONE;
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_REFUSE);
	found.state = JOURNAL_BROKEN;
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_REFUSE);
	found = task(JOURNAL_MIGRATE, JOURNAL_WAITING, "node3", "node1", "");
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_REFUSE);
	found = task(JOURNAL_START, JOURNAL_BROKEN, "", "node1", "");
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, 0), VM_CLAIM_REFUSE);
}

/* It was fenced before it had let the guest go. */
static void vm_claim_decide__migrate_from_does_not_inherit_from_the_source(void **state)
{
	struct journal_task found =
		task(JOURNAL_MIGRATE, JOURNAL_RUNNING, "node2", "node1", "node2");

	(void)state;
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, JOURNAL_EVIDENCE_FENCED),
			 VM_CLAIM_REFUSE);
	strcpy(found.actor.node, "node1");
	assert_int_equal(decide(VM_ACTION_MIGRATE_FROM, &found, JOURNAL_EVIDENCE_DEAD),
			 VM_CLAIM_CONTINUE);
}

static void vm_claim_decide__stop_on_the_source_ends_a_migration(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_WAITING, "node1", "node2", "");

	(void)state;
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_CONTINUE);
	found.state = JOURNAL_BROKEN;
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_REPLACE);
}

static void vm_claim_decide__stop_on_the_target_hides_nothing_from_the_source(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_BROKEN, "node2", "node1", "");

	(void)state;
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_LEAVE);
	found.state = JOURNAL_WAITING;
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_LEAVE);
	strcpy(found.step, VM_STEP_ARRIVED);
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_REPLACE);
	/* Undone: the source, stopped after this, saves the guest because of it. */
	found.state = JOURNAL_FAILED;
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_LEAVE);
	assert_int_equal(decide(VM_ACTION_START, &found, 0), VM_CLAIM_BEGIN);
	strcpy(found.target, "node3");
	assert_int_equal(decide(VM_ACTION_STOP, &found, 0), VM_CLAIM_BEGIN);
}

static void vm_claim_decide__stop_on_the_source_says_that_it_has_sent_the_guest(void **state)
{
	struct journal_task found =
		task(JOURNAL_MIGRATE, JOURNAL_RUNNING, "node1", "node2", "node1");
	struct vm_asker stop = asker(VM_ACTION_STOP);

	(void)state;
	stop.departed = true;
	assert_int_equal(vm_claim_decide(&stop, &found, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_REPLACE);
	strcpy(found.mode, VM_MODE_LIVE);
	assert_int_equal(vm_claim_decide(&stop, &found, JOURNAL_EVIDENCE_DEAD), VM_CLAIM_CONTINUE);
	assert_int_equal(vm_claim_decide(&stop, &found, JOURNAL_EVIDENCE_NONE), VM_CLAIM_LEAVE);
	assert_false(vm_claim_sent(&found, "node2"));
	strcpy(found.mode, VM_MODE_SENT);
	assert_true(vm_claim_sent(&found, "node2"));
	assert_false(vm_claim_sent(&found, "node1"));
	assert_false(vm_claim_sent(NULL, "node2"));
}

static void vm_claim_end_state__a_migration_that_arrived_is_done(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_WAITING, "node2", "node1", "");

	(void)state;
	assert_int_equal(vm_claim_end_state(&found), JOURNAL_FAILED);
	strcpy(found.step, VM_STEP_ARRIVED);
	assert_int_equal(vm_claim_end_state(&found), JOURNAL_DONE);
}

static bool saves(const struct journal_task *found, enum journal_evidence gone, int64_t after_ms)
{
	struct vm_asker who = asker(VM_ACTION_STOP);
	struct journal_task stored = *found;

	stored.changed_ms = NOW_MS;
	return vm_claim_saves(&who, &stored, gone, NOW_MS + after_ms);
}

/* I10 */
static void vm_claim_saves__what_a_failed_migration_left(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_BROKEN, "node1", "node2", "");

	(void)state;
	assert_true(saves(&found, 0, 0));
	found.state = JOURNAL_FAILED;
	assert_true(saves(&found, 0, 1000));
	assert_false(saves(&found, 0, VM_CLAIM_RECOVERY_MS));
	assert_false(saves(&found, 0, -1));
	found.state = JOURNAL_RUNNING;
	strcpy(found.actor.node, "node1");
	assert_true(saves(&found, JOURNAL_EVIDENCE_DEAD, 0));
	assert_false(saves(&found, JOURNAL_EVIDENCE_NONE, 0));
	/* The guest was seen on both hosts: neither memory fits the disks. */
	found.state = JOURNAL_BROKEN;
	strcpy(found.mode, VM_MODE_BOTH);
	assert_false(saves(&found, 0, 0));
}

static void vm_claim_saves__a_stop_for_another_reason_does_not(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_DONE, "node1", "node2", "");
	struct vm_asker who = asker(VM_ACTION_STOP);

	(void)state;
	assert_false(vm_claim_saves(&who, NULL, 0, NOW_MS));
	assert_false(saves(&found, 0, 0));
	found.state = JOURNAL_WAITING;
	assert_false(saves(&found, 0, 0));
	found = task(JOURNAL_START, JOURNAL_BROKEN, "", "node1", "");
	assert_false(saves(&found, 0, 0));
	found = task(JOURNAL_MIGRATE, JOURNAL_BROKEN, "node2", "node3", "");
	assert_false(saves(&found, 0, 0));
}

static void vm_claim_saves__on_the_target_until_it_has_arrived(void **state)
{
	struct journal_task found = task(JOURNAL_MIGRATE, JOURNAL_BROKEN, "node2", "node1", "");

	(void)state;
	assert_false(saves(&found, 0, 0));
	strcpy(found.granted_to, "node1");
	assert_true(saves(&found, 0, 0));
	found.state = JOURNAL_RUNNING;
	assert_true(saves(&found, 0, 0));
	found.state = JOURNAL_FAILED;
	assert_false(saves(&found, 0, 0));
}

static void vm_claim_saves__what_an_earlier_stop_began(void **state)
{
	struct journal_task found = task(JOURNAL_STOP, JOURNAL_RUNNING, "node1", "", "node1");

	(void)state;
	assert_false(saves(&found, JOURNAL_EVIDENCE_DEAD, 0));
	strcpy(found.mode, "saved");
	assert_true(saves(&found, JOURNAL_EVIDENCE_DEAD, 0));
	found.state = JOURNAL_DONE;
	assert_false(saves(&found, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_claim_decide__every_case_has_a_row),
		cmocka_unit_test(vm_claim_decide__what_ended_is_in_nobodys_way),
		cmocka_unit_test(vm_claim_decide__a_live_actor_is_left_alone),
		cmocka_unit_test(vm_claim_decide__a_reconcile_is_waited_for),
		cmocka_unit_test(vm_claim_decide__a_reconcile_takes_nobodys_place),
		cmocka_unit_test(vm_claim_decide__only_a_create_follows_a_create),
		cmocka_unit_test(vm_claim_decide__only_a_destroy_follows_a_destroy),
		cmocka_unit_test(vm_claim_decide__a_create_takes_nobodys_place),
		cmocka_unit_test(vm_claim_decide__the_same_task_goes_on),
		cmocka_unit_test(vm_claim_decide__migrate_from_needs_its_own_migration),
		cmocka_unit_test(vm_claim_decide__migrate_from_does_not_inherit_from_the_source),
		cmocka_unit_test(vm_claim_decide__stop_on_the_source_ends_a_migration),
		cmocka_unit_test(vm_claim_decide__stop_on_the_target_hides_nothing_from_the_source),
		cmocka_unit_test(
			vm_claim_decide__stop_on_the_source_says_that_it_has_sent_the_guest),
		cmocka_unit_test(vm_claim_end_state__a_migration_that_arrived_is_done),
		cmocka_unit_test(vm_claim_saves__what_a_failed_migration_left),
		cmocka_unit_test(vm_claim_saves__a_stop_for_another_reason_does_not),
		cmocka_unit_test(vm_claim_saves__on_the_target_until_it_has_arrived),
		cmocka_unit_test(vm_claim_saves__what_an_earlier_stop_began),
	};

	return cmocka_run_group_tests_name("vm_claim", tests, NULL, NULL);
}
