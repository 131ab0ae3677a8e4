/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "tasks_make.h"

static void apply__refuses_what_does_not_decode(void **state)
{
	static const uint8_t data[] = {1, 2, 3};
	struct outcome outcome;

	(void)state;
	tasks_machine_ops.apply(tasks, 1, data, sizeof(data), &outcome);
	assert_int_equal(outcome.status, -EINVAL);
	tasks_machine_ops.apply(tasks, 2, data, 0, &outcome);
	assert_int_equal(outcome.status, -EINVAL);
	assert_int_equal(tasks_count(tasks), 0);
}

static void begin__adds_a_task(void **state)
{
	struct journal_op op = begin(1, "web1", JOURNAL_MIGRATE, &first);
	struct journal_task expected = op.task;
	struct outcome outcome;

	(void)state;
	op.task.tries = 77;
	op.task.taken_over = JOURNAL_EVIDENCE_DEAD;
	outcome = apply(&op);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.revision, 1);
	expected.revision = 1;
	expected.tries = 1;
	assert_memory_equal(task(1), &expected, sizeof(expected));
	assert_ptr_equal(tasks_find_vm(tasks, "web1"), task(1));
	assert_null(tasks_find_vm(tasks, "web2"));
	assert_null(task(2));
	assert_int_equal(tasks_count(tasks), 1);
	assert_ptr_equal(tasks_at(tasks, 0), task(1));
}

static void begin__refuses_what_is_no_beginning(void **state)
{
	struct journal_op good = begin(1, "web1", JOURNAL_START, &first), bad[8];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		bad[i] = good;
	}
	bad[0].task.uuid = id(0);
	bad[1].task.revision = 1;
	bad[2].task.state = JOURNAL_WAITING;
	bad[3].task.actor.node[0] = '\0';
	bad[4].task.actor.boot_id[0] = '\0';
	bad[5].task.actor.pid = 0;
	bad[6].evidence = JOURNAL_EVIDENCE_DEAD;
	bad[7].task.vm[0] = '\0';
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(status(&bad[i]), -EINVAL);
	}
	must(good);
}

static void begin__may_be_told_twice(void **state)
{
	struct journal_op op = begin(1, "web1", JOURNAL_START, &first);
	struct outcome outcome;

	(void)state;
	must(op);
	must(advance(1, &first, "grant", JOURNAL_RUNNING));
	outcome = apply(&op);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.revision, 2);
	assert_string_equal(task(1)->step, "grant");
	assert_int_equal(tasks_count(tasks), 1);
}

static void begin__refuses_a_uuid_that_is_there(void **state)
{
	struct journal_op op = begin(1, "web1", JOURNAL_START, &first);
	struct journal_op other_vm = begin(1, "web2", JOURNAL_START, &first);
	struct journal_op other_kind = begin(1, "web1", JOURNAL_STOP, &first);
	struct journal_op other_actor = begin(1, "web1", JOURNAL_START, &second);

	(void)state;
	must(op);
	assert_int_equal(status(&other_vm), -EEXIST);
	assert_int_equal(status(&other_kind), -EEXIST);
	assert_int_equal(status(&other_actor), -EBUSY);
	end_must(1, JOURNAL_WAITING);
	assert_int_equal(status(&op), -EBUSY);
	end_must(1, JOURNAL_DONE);
	assert_int_equal(status(&op), -EEXIST);
	assert_int_equal(tasks_count(tasks), 1);
}

static void begin__refuses_a_second_open_task_of_the_vm(void **state)
{
	static const enum journal_state open[] = {JOURNAL_RUNNING, JOURNAL_WAITING, JOURNAL_BROKEN};
	struct journal_op op = begin(2, "web1", JOURNAL_STOP, &first);

	(void)state;
	begin_must(1, "web1");
	for (size_t i = 0; i < 3; i++) {
		must(advance(1, &first, "x", open[i]));
		assert_int_equal(status(&op), -EBUSY);
	}
	begin_must(3, "web2");
	end_must(1, JOURNAL_FAILED);
	must(op);
	assert_ptr_equal(tasks_find_vm(tasks, "web1"), task(2));
}

static struct journal_op replace(unsigned int number, enum journal_kind kind,
				 const struct journal_actor *actor, unsigned int replaced,
				 enum journal_state state)
{
	struct journal_op op = begin(number, "web1", kind, actor);

	op.replaces = (struct journal_replaces){
		.uuid = id(replaced), .revision = task(replaced)->revision, .state = state};
	op.task.changed_ms = 2000;
	return op;
}

static void begin__replaces_a_task_that_is_nobodys(void **state)
{
	(void)state;
	must(begin(1, "web1", JOURNAL_MIGRATE, &first));
	must(advance(1, &first, "end", JOURNAL_WAITING));
	must(replace(2, JOURNAL_STOP, &elsewhere, 1, JOURNAL_DONE));
	assert_int_equal(task(1)->state, JOURNAL_DONE);
	assert_int_equal(task(1)->revision, 3);
	assert_int_equal(task(1)->changed_ms, 2000);
	assert_string_equal(task(1)->reason, "");
	assert_int_equal(task(2)->revision, 1);
	assert_ptr_equal(tasks_find_vm(tasks, "web1"), task(2));
	must(advance(2, &elsewhere, "end", JOURNAL_BROKEN));
	must(replace(3, JOURNAL_START, &first, 2, JOURNAL_FAILED));
	assert_int_equal(task(2)->state, JOURNAL_FAILED);
	assert_string_equal(task(2)->reason, "ended by a start on n1");
}

static void begin__keeps_the_reason_of_what_it_replaces(void **state)
{
	struct journal_op op;

	(void)state;
	begin_must(1, "web1");
	op = advance(1, &first, "grant", JOURNAL_BROKEN);
	strcpy(op.task.reason, "the array is away");
	must(op);
	must(replace(2, JOURNAL_STOP, &second, 1, JOURNAL_FAILED));
	assert_string_equal(task(1)->reason, "the array is away");
}

static void begin__told_twice_replaces_once(void **state)
{
	struct journal_op op;
	struct outcome outcome;

	(void)state;
	begin_must(1, "web1");
	end_must(1, JOURNAL_BROKEN);
	op = replace(2, JOURNAL_STOP, &second, 1, JOURNAL_FAILED);
	must(op);
	outcome = apply(&op);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.revision, 1);
	assert_int_equal(task(1)->revision, 3);
}

static void begin__replaces_with_evidence_a_task_whose_actor_is_gone(void **state)
{
	struct journal_op op, late;

	(void)state;
	begin_must(1, "web1");
	op = replace(2, JOURNAL_STOP, &second, 1, JOURNAL_FAILED);
	assert_int_equal(status(&op), -EBUSY);
	op.evidence = JOURNAL_EVIDENCE_FENCED;
	assert_int_equal(status(&op), -EINVAL);
	op.evidence = JOURNAL_EVIDENCE_DEAD;
	late = advance(1, &first, "grant", JOURNAL_RUNNING);
	must(op);
	assert_int_equal(task(1)->state, JOURNAL_FAILED);
	assert_int_equal(task(1)->taken_over, JOURNAL_EVIDENCE_DEAD);
	assert_string_equal(task(1)->actor.node, "");
	assert_int_equal(task(1)->actor.pid, 0);
	assert_int_equal(task(2)->taken_over, JOURNAL_EVIDENCE_NONE);
	assert_int_equal(status(&late), -EEXIST);
}

static void begin__replaces_only_what_it_names(void **state)
{
	struct journal_op op, stale, evidence;

	(void)state;
	begin_must(1, "web1");
	end_must(1, JOURNAL_WAITING);
	op = replace(3, JOURNAL_STOP, &second, 1, JOURNAL_DONE);
	stale = op;
	stale.replaces.revision--;
	assert_int_equal(status(&stale), -ESTALE);
	evidence = op;
	evidence.evidence = JOURNAL_EVIDENCE_DEAD;
	assert_int_equal(status(&evidence), -EINVAL);
	end_must(1, JOURNAL_DONE);
	assert_int_equal(status(&op), -ESTALE);
	begin_must(2, "web1");
	assert_int_equal(status(&op), -EBUSY);
	assert_null(task(3));
}

static void begin__refuses_what_cannot_replace(void **state)
{
	struct journal_op good, bad[5];

	(void)state;
	begin_must(1, "web1");
	end_must(1, JOURNAL_WAITING);
	good = replace(2, JOURNAL_STOP, &second, 1, JOURNAL_DONE);
	for (size_t i = 0; i < 5; i++) {
		bad[i] = good;
	}
	bad[0].task.kind = JOURNAL_MIGRATE;
	bad[1].replaces.state = JOURNAL_BROKEN;
	bad[2].replaces.state = (enum journal_state)0;
	bad[3].replaces.revision = 0;
	bad[4].replaces.uuid = id(0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(status(&bad[i]), -EINVAL);
	}
	assert_int_equal(task(1)->state, JOURNAL_WAITING);
	must(good);
}

static void advance__changes_the_task(void **state)
{
	struct journal_op op;
	struct outcome outcome;

	(void)state;
	begin_must(1, "web1");
	op = advance(1, &first, "grant", JOURNAL_RUNNING);
	strcpy(op.task.granted_to, "n1");
	strcpy(op.task.image, "valid");
	op.task.changed_ms = 1234;
	op.task.tries = 9;
	op.task.taken_over = JOURNAL_EVIDENCE_FENCED;
	outcome = apply(&op);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.revision, 2);
	op.task.revision = 2;
	op.task.tries = 1;
	op.task.taken_over = JOURNAL_EVIDENCE_NONE;
	assert_memory_equal(task(1), &op.task, sizeof(op.task));
}

static void advance__refuses_what_is_none(void **state)
{
	struct journal_op good, bad[7];

	(void)state;
	begin_must(1, "web1");
	good = advance(1, &first, "grant", JOURNAL_RUNNING);
	for (size_t i = 0; i < 7; i++) {
		bad[i] = good;
	}
	bad[0].task.revision = 0;
	bad[1].task.actor.node[0] = '\0';
	bad[2].evidence = JOURNAL_EVIDENCE_DEAD;
	bad[3].replaces.revision = 1;
	strcpy(bad[4].task.vm, "web2");
	bad[5].task.kind = JOURNAL_STOP;
	bad[6].task.begun_ms++;
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(status(&bad[i]), -EINVAL);
	}
	assert_int_equal(task(1)->revision, 1);
	good.task.uuid = id(2);
	assert_int_equal(status(&good), -ENOENT);
}

static void advance__refuses_another_revision(void **state)
{
	struct journal_op late, early;

	(void)state;
	begin_must(1, "web1");
	late = advance(1, &first, "late", JOURNAL_RUNNING);
	must(advance(1, &first, "grant", JOURNAL_RUNNING));
	assert_int_equal(status(&late), -ESTALE);
	early = advance(1, &first, "early", JOURNAL_RUNNING);
	early.task.revision++;
	assert_int_equal(status(&early), -ESTALE);
	assert_string_equal(task(1)->step, "grant");
}

static void advance__may_be_told_twice(void **state)
{
	static const enum journal_state states[] = {JOURNAL_RUNNING, JOURNAL_WAITING,
						    JOURNAL_BROKEN, JOURNAL_DONE};

	(void)state;
	begin_must(1, "web1");
	for (size_t i = 0; i < 4; i++) {
		struct journal_op op = advance(1, &first, "x", states[i]);
		struct outcome once = apply(&op), twice;

		op.task.changed_ms += 50;
		twice = apply(&op);
		assert_int_equal(once.status, 0);
		assert_int_equal(twice.status, 0);
		assert_int_equal(twice.revision, once.revision);
		assert_int_equal(task(1)->revision, once.revision);
		assert_int_equal(task(1)->changed_ms, 1000);
	}
}

/* The same step, but not the same content, or not the last change. */
static void advance__is_not_told_twice_when_something_differs(void **state)
{
	struct journal_op op, other;

	(void)state;
	begin_must(1, "web1");
	op = advance(1, &first, "grant", JOURNAL_RUNNING);
	must(op);
	other = op;
	strcpy(other.task.granted_to, "n2");
	assert_int_equal(status(&other), -ESTALE);
	other = op;
	other.task.actor = second;
	assert_int_equal(status(&other), -ESTALE);
	other = op;
	other.task.step_state = JOURNAL_STEP_ENDED;
	assert_int_equal(status(&other), -ESTALE);
	must(advance(1, &first, "grant", JOURNAL_RUNNING));
	assert_int_equal(status(&op), -ESTALE);
}

static void advance__is_its_actors_only(void **state)
{
	static const struct journal_actor *const others[] = {&second, &rebooted, &elsewhere};

	(void)state;
	begin_must(1, "web1");
	for (size_t i = 0; i < 3; i++) {
		struct journal_op op = advance(1, others[i], "grant", JOURNAL_RUNNING);

		assert_int_equal(status(&op), -EBUSY);
		op = advance(1, others[i], "grant", JOURNAL_FAILED);
		assert_int_equal(status(&op), -EBUSY);
	}
	assert_int_equal(task(1)->revision, 1);
}

static void advance__lets_anybody_take_up_what_is_nobodys(void **state)
{
	static const enum journal_state states[] = {JOURNAL_WAITING, JOURNAL_BROKEN};

	(void)state;
	begin_must(1, "web1");
	for (size_t i = 0; i < 2; i++) {
		struct journal_op loser;

		must(advance(1, i == 0 ? &first : &second, "x", states[i]));
		assert_string_equal(task(1)->actor.node, "");
		assert_int_equal(task(1)->actor.pid, 0);
		loser = advance(1, &elsewhere, "y", JOURNAL_RUNNING);
		must(advance(1, &second, "y", JOURNAL_RUNNING));
		assert_int_equal(task(1)->tries, i + 2);
		assert_true(journal_actor_equal(&task(1)->actor, &second));
		assert_int_equal(status(&loser), -ESTALE);
		loser.task.revision = task(1)->revision;
		assert_int_equal(status(&loser), -EBUSY);
	}
}

static void advance__never_changes_an_ended_task(void **state)
{
	static const enum journal_state ends[] = {JOURNAL_DONE, JOURNAL_FAILED};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct journal_op op;

		begin_must(i + 1, "web1");
		end_must(i + 1, ends[i]);
		assert_string_equal(task(i + 1)->actor.node, "");
		op = advance(i + 1, &first, "again", JOURNAL_RUNNING);
		assert_int_equal(status(&op), -EEXIST);
		op.task.revision = 1;
		assert_int_equal(status(&op), -EEXIST);
		op = takeover(i + 1, &second, JOURNAL_EVIDENCE_DEAD);
		assert_int_equal(status(&op), -EEXIST);
		assert_int_equal(task(i + 1)->revision, 2);
		assert_int_equal(task(i + 1)->state, ends[i]);
	}
}

static void takeover__wants_evidence_that_fits(void **state)
{
	static const struct {
		const struct journal_actor *by;
		enum journal_evidence evidence;
		int status;
	} rows[] = {
		{&second, JOURNAL_EVIDENCE_NONE, -EINVAL},
		{&second, JOURNAL_EVIDENCE_REBOOT, -EINVAL},
		{&second, JOURNAL_EVIDENCE_FENCED, -EINVAL},
		{&second, JOURNAL_EVIDENCE_DEAD, 0},
		{&first, JOURNAL_EVIDENCE_DEAD, -EINVAL},
		{&rebooted, JOURNAL_EVIDENCE_DEAD, -EINVAL},
		{&rebooted, JOURNAL_EVIDENCE_FENCED, -EINVAL},
		{&rebooted, JOURNAL_EVIDENCE_REBOOT, 0},
		{&elsewhere, JOURNAL_EVIDENCE_DEAD, -EINVAL},
		{&elsewhere, JOURNAL_EVIDENCE_REBOOT, -EINVAL},
		{&elsewhere, JOURNAL_EVIDENCE_FENCED, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct journal_op op;
		char vm[16];

		snprintf(vm, sizeof(vm), "vm%u", i);
		begin_must(i + 1, vm);
		op = takeover(i + 1, rows[i].by, rows[i].evidence);
		assert_int_equal(status(&op), rows[i].status);
		assert_true(journal_actor_equal(&task(i + 1)->actor,
						rows[i].status == 0 ? rows[i].by : &first));
	}
}

static void takeover__counts_and_records(void **state)
{
	struct journal_op op, late;

	(void)state;
	begin_must(1, "web1");
	late = advance(1, &first, "grant", JOURNAL_RUNNING);
	op = takeover(1, &second, JOURNAL_EVIDENCE_DEAD);
	must(op);
	must(op);
	assert_int_equal(task(1)->revision, 2);
	assert_int_equal(task(1)->tries, 2);
	assert_int_equal(task(1)->taken_over, JOURNAL_EVIDENCE_DEAD);
	assert_int_equal(status(&late), -ESTALE);
	late.task.revision = 2;
	assert_int_equal(status(&late), -EBUSY);
	must(advance(1, &second, "grant", JOURNAL_RUNNING));
	assert_int_equal(task(1)->tries, 2);
	assert_int_equal(task(1)->taken_over, JOURNAL_EVIDENCE_DEAD);
}

static void takeover__is_of_an_actors_task_at_its_revision(void **state)
{
	struct journal_op op;

	(void)state;
	begin_must(1, "web1");
	op = takeover(1, &second, JOURNAL_EVIDENCE_DEAD);
	end_must(1, JOURNAL_WAITING);
	assert_int_equal(status(&op), -ESTALE);
	op.task.revision++;
	assert_int_equal(status(&op), -EINVAL);
	op.evidence = JOURNAL_EVIDENCE_FENCED;
	assert_int_equal(status(&op), -EINVAL);
	op.task.uuid = id(2);
	assert_int_equal(status(&op), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(apply__refuses_what_does_not_decode, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(begin__adds_a_task, table_new, table_free),
		cmocka_unit_test_setup_teardown(begin__refuses_what_is_no_beginning, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(begin__may_be_told_twice, table_new, table_free),
		cmocka_unit_test_setup_teardown(begin__refuses_a_uuid_that_is_there, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(begin__refuses_a_second_open_task_of_the_vm,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(begin__replaces_a_task_that_is_nobodys, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(begin__keeps_the_reason_of_what_it_replaces,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(begin__told_twice_replaces_once, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(
			begin__replaces_with_evidence_a_task_whose_actor_is_gone, table_new,
			table_free),
		cmocka_unit_test_setup_teardown(begin__replaces_only_what_it_names, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(begin__refuses_what_cannot_replace, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(advance__changes_the_task, table_new, table_free),
		cmocka_unit_test_setup_teardown(advance__refuses_what_is_none, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(advance__refuses_another_revision, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(advance__may_be_told_twice, table_new, table_free),
		cmocka_unit_test_setup_teardown(advance__is_not_told_twice_when_something_differs,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(advance__is_its_actors_only, table_new, table_free),
		cmocka_unit_test_setup_teardown(advance__lets_anybody_take_up_what_is_nobodys,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(advance__never_changes_an_ended_task, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(takeover__wants_evidence_that_fits, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(takeover__counts_and_records, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(takeover__is_of_an_actors_task_at_its_revision,
						table_new, table_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
