/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <string.h>

#include "cluster/cluster.h"
#include "tests/unit/journal/journal_fake.h"
#include "vm/vm_journal.h"

static enum cluster_node_fate fate;

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err)
{
	(void)node;
	(void)deadline;
	(void)err;
	*ret = fate;
	return 0;
}

static int world_new(void **state)
{
	(void)state;
	journal_fake_reset();
	fate = CLUSTER_NODE_UP;
	return 0;
}

static int world_free(void **state)
{
	(void)state;
	journal_fake_release();
	return 0;
}

static struct deadline soon(void)
{
	return deadline_in(TEST_LIMIT_MS);
}

/* For what waits until its time is over. */
static struct deadline short_time(void)
{
	return deadline_in(300);
}

/* Of web1 between node1 and node2; node is where it is asked. */
static struct vm_journal asked(enum vm_action action, const char *node)
{
	static const struct {
		const char *source;
		const char *target;
	} ends[VM_ACTION_MAX] = {
		[VM_ACTION_START] = {"", NULL},
		[VM_ACTION_STOP] = {NULL, ""},
		[VM_ACTION_MIGRATE_TO] = {"node1", "node2"},
		[VM_ACTION_MIGRATE_FROM] = {"node1", "node2"},
		[VM_ACTION_RECONCILE] = {"", ""},
	};
	const char *source = ends[action].source != NULL ? ends[action].source : node;
	const char *target = ends[action].target != NULL ? ends[action].target : node;
	struct vm_journal ret;

	assert_int_equal(vm_journal_init(&ret, action, "web1", node, source, target, NULL), 0);
	return ret;
}

static struct vm_journal claimed(enum vm_action action, const char *node)
{
	struct vm_journal ret = asked(action, node);
	struct err err = ERR_INIT;

	assert_int_equal(vm_journal_claim(&ret, soon(), &err), 0);
	assert_true(ret.claimed);
	return ret;
}

/* The process is killed: from now on its pid is another's. */
static void killed(struct vm_journal *journal)
{
	struct journal_op op = {.kind = JOURNAL_OP_TAKEOVER, .evidence = JOURNAL_EVIDENCE_DEAD};

	op.task = *journal_fake_task("web1");
	op.task.actor.start_time--;
	assert_int_equal(journal_fake_apply(&op), 0);
	vm_journal_release(journal);
}

static int step(struct vm_journal *journal, const char *name)
{
	return vm_journal_step(journal, name, true, soon(), NULL);
}

static int end(struct vm_journal *journal, enum journal_state state, const char *name)
{
	int rc = vm_journal_end(journal, state, name, "", soon(), NULL);

	vm_journal_release(journal);
	return rc;
}

static void task_is(enum journal_kind kind, enum journal_state state, const char *name)
{
	const struct journal_task *task = journal_fake_task("web1");

	assert_non_null(task);
	assert_string_equal(journal_kind_to_str(task->kind), journal_kind_to_str(kind));
	assert_string_equal(journal_state_to_str(task->state), journal_state_to_str(state));
	assert_string_equal(task->step, name);
}

static void vm_journal_step__is_recorded_before_it_is_done(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");

	(void)state;
	task_is(JOURNAL_START, JOURNAL_RUNNING, "");
	assert_int_equal(step(&start, "grant"), 0);
	task_is(JOURNAL_START, JOURNAL_RUNNING, "grant");
	assert_int_equal(journal_fake_task("web1")->step_state, JOURNAL_STEP_BEGUN);
	assert_int_equal(end(&start, JOURNAL_DONE, NULL), 0);
	task_is(JOURNAL_START, JOURNAL_DONE, "grant");
	start = claimed(VM_ACTION_START, "node1");
	assert_false(start.followed); /* it had ended */
	vm_journal_release(&start);
	assert_int_equal(journal_fake.commits, 4);
	assert_int_equal(journal_fake.gated, 3);
}

static struct vm_journal reconcile;

static void reconcile_ends(void)
{
	assert_int_equal(end(&reconcile, JOURNAL_DONE, NULL), 0);
}

static void vm_journal_claim__waits_for_a_reconcile(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node2");

	(void)state;
	reconcile = claimed(VM_ACTION_RECONCILE, "node1");
	task_is(JOURNAL_RECONCILE, JOURNAL_RUNNING, "");
	journal_fake.in_wait = reconcile_ends;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), 0);
	assert_true(start.claimed);
	task_is(JOURNAL_START, JOURNAL_RUNNING, "");
	assert_int_equal(end(&start, JOURNAL_DONE, NULL), 0);
}

static void vm_journal_claim__says_who_ends_a_reconcile_that_does_not_end(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node2");
	struct err err = ERR_INIT;

	(void)state;
	reconcile = claimed(VM_ACTION_RECONCILE, "node1");
	assert_int_equal(vm_journal_claim(&start, short_time(), &err), -EBUSY);
	assert_non_null(strstr(err_text(&err), "lunmask reconcile on node1 ends its task"));
	vm_journal_release(&start);
	reconcile_ends();
}

static void vm_journal_claim__without_lunmaskd_says_what_to_do(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node1");
	struct err err = ERR_INIT;

	(void)state;
	journal_fake.absent = true;
	assert_int_equal(vm_journal_claim(&start, soon(), &err), -EHOSTDOWN);
	assert_non_null(strstr(err_text(&err), "systemctl start lunmaskd"));
}

static void vm_journal_claim__without_a_majority_is_refused(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node1");
	struct err err = ERR_INIT;

	(void)state;
	journal_fake.no_majority = true;
	assert_int_equal(vm_journal_claim(&start, soon(), &err), -EHOSTDOWN);
	assert_non_null(strstr(err_text(&err), "no majority"));
	assert_null(journal_fake_task("web1"));
	vm_journal_release(&start);
}

static void vm_journal_claim__the_loser_is_told_whose_it_is(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");
	struct vm_journal loser = asked(VM_ACTION_START, "node2");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(step(&start, "mapping"), 0);
	assert_int_equal(vm_journal_claim(&loser, soon(), &err), -EBUSY);
	assert_false(loser.claimed);
	assert_non_null(strstr(err_text(&err), "on node1"));
	assert_non_null(strstr(err_text(&err), "'mapping'"));
	vm_journal_release(&start);
	vm_journal_release(&loser);
}

static struct vm_journal winner;

static void winner_begins(void)
{
	winner = claimed(VM_ACTION_START, "node2");
}

static void vm_journal_claim__of_two_at_once_one_wins(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node1");
	struct err err = ERR_INIT;

	(void)state;
	journal_fake.before_submit = winner_begins;
	assert_int_equal(vm_journal_claim(&start, soon(), &err), -EBUSY);
	assert_non_null(strstr(err_text(&err), "on node2"));
	vm_journal_release(&start);
	vm_journal_release(&winner);
}

static void vm_journal_claim__goes_on_with_what_a_killed_process_began(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");

	(void)state;
	strcpy(start.task.granted_to, "node1");
	assert_int_equal(step(&start, "grant"), 0);
	killed(&start);
	start = claimed(VM_ACTION_START, "node1");
	assert_true(start.continued && start.followed);
	assert_string_equal(start.task.granted_to, "node1");
	task_is(JOURNAL_START, JOURNAL_RUNNING, "grant");
	assert_int_equal(journal_fake_task("web1")->taken_over, JOURNAL_EVIDENCE_DEAD);
	assert_int_equal(end(&start, JOURNAL_DONE, NULL), 0);
}

static void vm_journal_claim__of_another_node_only_when_it_is_down(void **state)
{
	struct vm_journal first = claimed(VM_ACTION_START, "node2");
	struct vm_journal start = asked(VM_ACTION_START, "node1");

	(void)state;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), -EBUSY);
	fate = CLUSTER_NODE_UNKNOWN;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), -EBUSY);
	fate = CLUSTER_NODE_DOWN;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), 0);
	assert_false(start.continued);
	assert_int_equal(step(&start, "grant"), 0);
	/* Whoever was taken for gone does not act any more. */
	assert_int_equal(step(&first, "grant"), -ECANCELED);
	assert_false(first.claimed);
	vm_journal_release(&first);
	vm_journal_release(&start);
}

static void vm_journal_confirm__only_while_the_task_is_its_own(void **state)
{
	struct vm_journal first = claimed(VM_ACTION_MIGRATE_TO, "node1");
	struct vm_journal start = asked(VM_ACTION_START, "node2");

	(void)state;
	assert_int_equal(step(&first, "grant"), 0);
	assert_int_equal(vm_journal_confirm(&first, soon(), NULL), 0);
	assert_true(first.claimed);
	/* It stood still meanwhile, on a node that was fenced. */
	fate = CLUSTER_NODE_DOWN;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), 0);
	assert_int_equal(vm_journal_confirm(&first, soon(), NULL), -ECANCELED);
	assert_false(first.claimed);
	assert_int_equal(vm_journal_confirm(&first, soon(), NULL), -ECANCELED);
	assert_int_equal(vm_journal_confirm(&start, soon(), NULL), 0);
	vm_journal_release(&first);
	assert_int_equal(end(&start, JOURNAL_DONE, NULL), 0);
}

static void vm_journal_confirm__not_of_a_task_that_was_ended(void **state)
{
	struct vm_journal first = claimed(VM_ACTION_START, "node1");
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE};

	(void)state;
	op.task = *journal_fake_task("web1");
	op.task.state = JOURNAL_FAILED;
	assert_int_equal(journal_fake_apply(&op), 0);
	assert_int_equal(vm_journal_confirm(&first, soon(), NULL), -ECANCELED);
	vm_journal_release(&first);
}

static void vm_journal_confirm__not_of_a_process_that_was_replaced(void **state)
{
	struct vm_journal first = claimed(VM_ACTION_START, "node1");

	(void)state;
	killed(&first);
	assert_int_equal(vm_journal_confirm(&first, soon(), NULL), -ECANCELED);
	vm_journal_release(&first);
}

static void vm_journal_confirm__silence_is_no_answer(void **state)
{
	struct vm_journal first = claimed(VM_ACTION_START, "node1");
	struct err err = ERR_INIT;

	(void)state;
	journal_fake.no_majority = true;
	assert_int_equal(vm_journal_confirm(&first, soon(), &err), -EHOSTDOWN);
	assert_non_null(strstr(err_text(&err), "lunmask journal status"));
	assert_true(first.claimed);
	vm_journal_release(&first);
}

static void vm_journal_claim__one_migration_over_three_actions(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");
	struct id128 uuid = part.task.uuid;

	(void)state;
	assert_int_equal(step(&part, "live"), 0);
	assert_int_equal(end(&part, JOURNAL_WAITING, VM_STEP_SENT), 0);
	part = claimed(VM_ACTION_MIGRATE_FROM, "node2");
	assert_int_equal(step(&part, "run"), 0);
	assert_int_equal(end(&part, JOURNAL_WAITING, VM_STEP_ARRIVED), 0);
	part = claimed(VM_ACTION_STOP, "node1");
	assert_false(part.save);
	assert_int_equal(step(&part, "revoke"), 0);
	assert_int_equal(end(&part, JOURNAL_DONE, NULL), 0);
	task_is(JOURNAL_MIGRATE, JOURNAL_DONE, "revoke");
	assert_true(id128_equal(&uuid, &journal_fake_task("web1")->uuid));
	/* F31: too late, and twice */
	part = asked(VM_ACTION_MIGRATE_FROM, "node2");
	assert_int_equal(vm_journal_claim(&part, soon(), NULL), -EPERM);
	vm_journal_release(&part);
}

static void vm_journal_claim__stop_saves_what_a_failed_migration_left(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");

	(void)state;
	assert_int_equal(step(&part, "live"), 0);
	killed(&part);
	part = claimed(VM_ACTION_STOP, "node1");
	assert_true(part.save);
	task_is(JOURNAL_STOP, JOURNAL_RUNNING, "");
	/* Killed in its turn, it is not forgotten. */
	killed(&part);
	part = claimed(VM_ACTION_STOP, "node1");
	assert_true(part.continued);
	assert_true(part.save);
	vm_journal_release(&part);
}

static void vm_journal_claim__another_migration_ends_the_broken_one(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");
	struct vm_journal next = asked(VM_ACTION_MIGRATE_TO, "node1");
	struct id128 uuid = part.task.uuid;

	(void)state;
	assert_int_equal(end(&part, JOURNAL_BROKEN, NULL), 0);
	strcpy(next.asker.target, "node3");
	assert_int_equal(vm_journal_claim(&next, soon(), NULL), 0);
	assert_true(next.followed);
	assert_false(next.continued);
	assert_false(id128_equal(&uuid, &journal_fake_task("web1")->uuid));
	assert_string_equal(journal_fake_task("web1")->target, "node3");
	vm_journal_release(&next);
}

static void vm_journal_submit__a_lost_answer_is_asked_for_again(void **state)
{
	struct vm_journal start = asked(VM_ACTION_START, "node1");

	(void)state;
	journal_fake.lose_answers = 2;
	assert_int_equal(vm_journal_claim(&start, soon(), NULL), 0);
	assert_int_equal(journal_fake.commits, 1);
	journal_fake.lose_answers = 1;
	assert_int_equal(step(&start, "grant"), 0);
	assert_int_equal(journal_fake.commits, 2);
	vm_journal_release(&start);
}

/* F04 */
static void vm_journal_submit__lunmaskd_may_be_restarted_meanwhile(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");

	(void)state;
	journal_fake.drops = 2;
	assert_int_equal(step(&start, "grant"), 0);
	assert_int_equal(journal_fake.commits, 2);
	vm_journal_release(&start);
}

/* The record of a step that was not begun says so: the end of the task finds it. */
static void vm_journal_end__after_an_answer_that_never_came(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");

	(void)state;
	journal_fake.lose_answers = 99;
	assert_int_equal(vm_journal_step(&start, "grant", true, short_time(), NULL), -EHOSTDOWN);
	journal_fake.lose_answers = 0;
	assert_int_equal(end(&start, JOURNAL_FAILED, NULL), 0);
	task_is(JOURNAL_START, JOURNAL_FAILED, "");
}

/* The program of tests would be killed before this time is over. */
static void vm_journal_claim__stop_does_not_wait_long_for_a_journal(void **state)
{
	struct vm_journal stop = asked(VM_ACTION_STOP, "node1");

	(void)state;
	journal_fake.no_majority = true;
	assert_int_equal(vm_journal_claim(&stop, deadline_in(3600000), NULL), -EHOSTDOWN);
	assert_int_equal(step(&stop, "domain"), 0);
	assert_int_equal(vm_journal_claim(&stop, deadline_in(3600000), NULL), -EHOSTDOWN);
	vm_journal_release(&stop);
}

/* Without a majority, what this node knows decides whether memory is kept. */
static void vm_journal_claim__stop_saves_by_an_old_record_too(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");

	(void)state;
	assert_int_equal(end(&part, JOURNAL_BROKEN, NULL), 0);
	journal_fake.no_majority = true;
	part = asked(VM_ACTION_STOP, "node1");
	assert_int_equal(vm_journal_claim(&part, soon(), NULL), -EHOSTDOWN);
	assert_true(part.save);
	assert_false(part.claimed);
	vm_journal_release(&part);
}

static void vm_journal_claim__stop_elsewhere_goes_on_beside_a_live_task(void **state)
{
	struct vm_journal start = claimed(VM_ACTION_START, "node1");
	struct vm_journal stop = asked(VM_ACTION_STOP, "node2");

	(void)state;
	assert_int_equal(vm_journal_claim(&stop, soon(), NULL), 0);
	assert_false(stop.claimed);
	assert_int_equal(step(&stop, "revoke"), 0);
	task_is(JOURNAL_START, JOURNAL_RUNNING, "");
	vm_journal_release(&start);
	vm_journal_release(&stop);
}

static void vm_journal_claim__stop_with_nothing_to_do_ends_what_is_open(void **state)
{
	struct vm_journal part = asked(VM_ACTION_STOP, "node1");

	(void)state;
	part.only_open = true;
	assert_int_equal(vm_journal_claim(&part, soon(), NULL), 0);
	assert_false(part.claimed);
	assert_null(journal_fake_task("web1"));
	vm_journal_release(&part);
	part = claimed(VM_ACTION_START, "node1");
	killed(&part);
	part = asked(VM_ACTION_STOP, "node1");
	part.only_open = true;
	assert_int_equal(vm_journal_claim(&part, soon(), NULL), 0);
	task_is(JOURNAL_STOP, JOURNAL_RUNNING, "");
	assert_int_equal(end(&part, JOURNAL_DONE, NULL), 0);
}

static struct vm_journal source_stop;

static void source_stops(void)
{
	source_stop = asked(VM_ACTION_STOP, "node1");
	source_stop.asker.departed = true;
	assert_int_equal(vm_journal_claim(&source_stop, soon(), NULL), 0);
}

/* migrate_to was killed after libvirt had completed the migration: the stop says so in its place.
 */
static void vm_journal_sent__the_target_waits_for_the_word_of_the_source(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");
	struct vm_journal stop = asked(VM_ACTION_STOP, "node2");

	(void)state;
	strcpy(part.task.mode, VM_MODE_LIVE);
	assert_int_equal(step(&part, "live"), 0);
	killed(&part);
	assert_int_equal(vm_journal_claim(&stop, soon(), NULL), 0);
	assert_false(stop.claimed);
	assert_false(vm_journal_sent(&stop));
	journal_fake.in_wait = source_stops;
	assert_true(vm_journal_sent_wait(&stop, soon()));
	assert_true(source_stop.continued);
	task_is(JOURNAL_MIGRATE, JOURNAL_RUNNING, "live");
	assert_int_equal(end(&source_stop, JOURNAL_DONE, NULL), 0);
	assert_true(vm_journal_sent_wait(&stop, soon()));
	vm_journal_release(&stop);
}

/* libvirt gave the migration up, and the guest ran on there. */
static void vm_journal_sent__not_if_the_source_ended_it_otherwise(void **state)
{
	struct vm_journal part = claimed(VM_ACTION_MIGRATE_TO, "node1");
	struct vm_journal stop = asked(VM_ACTION_STOP, "node2");

	(void)state;
	strcpy(part.task.mode, VM_MODE_LIVE);
	assert_int_equal(step(&part, "live"), 0);
	killed(&part);
	part = claimed(VM_ACTION_STOP, "node1");
	assert_int_equal(vm_journal_claim(&stop, soon(), NULL), 0);
	assert_false(vm_journal_sent_wait(&stop, soon()));
	assert_int_equal(end(&part, JOURNAL_DONE, NULL), 0);
	vm_journal_release(&stop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_journal_step__is_recorded_before_it_is_done),
		TEST(vm_journal_claim__waits_for_a_reconcile),
		TEST(vm_journal_claim__says_who_ends_a_reconcile_that_does_not_end),
		TEST(vm_journal_claim__without_lunmaskd_says_what_to_do),
		TEST(vm_journal_claim__without_a_majority_is_refused),
		TEST(vm_journal_claim__the_loser_is_told_whose_it_is),
		TEST(vm_journal_claim__of_two_at_once_one_wins),
		TEST(vm_journal_claim__goes_on_with_what_a_killed_process_began),
		TEST(vm_journal_claim__of_another_node_only_when_it_is_down),
		TEST(vm_journal_confirm__only_while_the_task_is_its_own),
		TEST(vm_journal_confirm__not_of_a_task_that_was_ended),
		TEST(vm_journal_confirm__not_of_a_process_that_was_replaced),
		TEST(vm_journal_confirm__silence_is_no_answer),
		TEST(vm_journal_claim__one_migration_over_three_actions),
		TEST(vm_journal_claim__stop_saves_what_a_failed_migration_left),
		TEST(vm_journal_claim__another_migration_ends_the_broken_one),
		TEST(vm_journal_submit__a_lost_answer_is_asked_for_again),
		TEST(vm_journal_submit__lunmaskd_may_be_restarted_meanwhile),
		TEST(vm_journal_end__after_an_answer_that_never_came),
		TEST(vm_journal_claim__stop_does_not_wait_long_for_a_journal),
		TEST(vm_journal_claim__stop_saves_by_an_old_record_too),
		TEST(vm_journal_sent__the_target_waits_for_the_word_of_the_source),
		TEST(vm_journal_sent__not_if_the_source_ended_it_otherwise),
		TEST(vm_journal_claim__stop_with_nothing_to_do_ends_what_is_open),
		TEST(vm_journal_claim__stop_elsewhere_goes_on_beside_a_live_task),
	};

	return cmocka_run_group_tests_name("vm_journal", tests, NULL, NULL);
}
