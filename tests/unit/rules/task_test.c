/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/rules/task_world.h"

static void task_run__looks_acts_and_looks_again(void **state)
{
	struct world world = {.on = {false, true, false}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), 0);
	assert_string_equal(world.story, "p0 r0 p0 p1 p2 r2 p2 ");
	assert_string_equal(world.events, "a=done;b=already done;c=done;");
}

static void task_run__run_again_after_success_does_nothing(void **state)
{
	struct world world = {.on = {true, true, true}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), 0);
	assert_string_equal(world.story, "p0 p1 p2 ");
}

static void task_run__failure_undoes_what_it_did_last_first(void **state)
{
	struct world world = {.run_rc = {0, 0, -EINVAL}, .run_failures = {0, 0, 1}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, 0, &err), -EINVAL);
	assert_string_equal(world.story, "p0 r0 p0 p1 r1 p1 p2 r2 p2 u2 u1 u0 ");
	assert_string_equal(err_text(&err), "c: fault in 2");
	assert_false(world.on[0] || world.on[1] || world.on[2]);
}

static void task_run__undo_leaves_what_was_there_before(void **state)
{
	struct world world = {.on = {true}, .run_rc = {0, 0, -EINVAL}, .run_failures = {0, 0, 1}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), -EINVAL);
	assert_true(world.on[0]);
	assert_null(strstr(world.story, "u0"));
}

static void task_run__transient_error_is_tried_again(void **state)
{
	struct world world = {.run_rc = {-EBUSY}, .run_failures = {2}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), 0);
	assert_non_null(strstr(world.events, "a=trying again;a=trying again;a=done;"));
}

static void task_run__transient_error_is_not_tried_for_ever(void **state)
{
	struct world world = {.run_rc = {-EBUSY}, .run_failures = {99}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), -EBUSY);
	assert_int_equal(world.run_failures[0], 96);
}

static void task_run__busy_ends_a_step_that_has_another_way(void **state)
{
	struct world in_run = {.run_rc = {0, -EBUSY}, .run_failures = {0, 99}};
	struct world in_probe = {.probe_rc = {0, -EBUSY}};
	struct world other = {.run_rc = {0, -EAGAIN}, .run_failures = {0, 2}};

	(void)state;
	assert_int_equal(world_walk(&in_run, TASK_BUSY_ENDS, NULL), -EBUSY);
	assert_int_equal(in_run.run_failures[1], 98);
	assert_int_equal(world_walk(&in_probe, TASK_BUSY_ENDS, NULL), -EBUSY);
	assert_null(strstr(in_probe.story, "r1"));
	assert_int_equal(world_walk(&other, TASK_BUSY_ENDS, NULL), 0);
}

/* One step, on a host that is fenced for as many tries as world->run_failures says. */
static int world_fenced(struct world *world, int fenced_wait_ms, struct deadline deadline)
{
	struct task_step step = world_rows[0];
	struct task task = {.name = "test",
			    .steps = &step,
			    .n_steps = 1,
			    .context = world,
			    .observe = world_observe,
			    .observer = world};

	step.fenced_wait_ms = fenced_wait_ms;
	step.retry_ms = 1;
	world->run_rc[0] = -ESHUTDOWN;
	return task_run(&task, deadline, NULL);
}

static void task_run__fenced_host_is_waited_for(void **state)
{
	struct world world = {.run_failures = {5}};

	(void)state;
	assert_int_equal(world_fenced(&world, TEST_LIMIT_MS, deadline_in(10 * TEST_LIMIT_MS)), 0);
	assert_string_equal(world.events, "a=trying again;a=done;");
}

static void task_run__fenced_host_is_not_waited_for_without_patience(void **state)
{
	struct world world = {.run_failures = {5}};

	(void)state;
	assert_int_equal(world_fenced(&world, 0, deadline_in(10 * TEST_LIMIT_MS)), -ESHUTDOWN);
	assert_null(strstr(world.events, "trying again"));
}

static void task_run__patience_ends(void **state)
{
	struct world world = {.run_failures = {1000000}};

	(void)state;
	assert_int_equal(world_fenced(&world, 10, deadline_in(10 * TEST_LIMIT_MS)), -ESHUTDOWN);
	memset(world.story, 0, sizeof(world.story));
	assert_int_equal(world_fenced(&world, TEST_LIMIT_MS, deadline_in(20)), -ESHUTDOWN);
}

/* The first call finds the host fenced, the second one gets no answer until the time is over. */
static int run_late(void *context, struct deadline deadline, struct err *err)
{
	struct world *world = context;

	if (world->run_failures[0]-- > 0) {
		return err_set(err, -ESHUTDOWN, "this host is fenced");
	}
	while (!deadline_passed(deadline)) {
		(void)deadline_pause(deadline, 1);
	}
	return err_set(err, world->run_rc[0], "no answer");
}

static int world_late(struct world *world, struct err *err)
{
	struct task_step step = world_rows[0];
	struct task task = {.name = "test", .steps = &step, .n_steps = 1, .context = world};

	step.run = run_late;
	step.fenced_wait_ms = TEST_LIMIT_MS;
	step.retry_ms = 1;
	return task_run(&task, deadline_in(50), err);
}

static void task_run__time_out_does_not_hide_the_reason_before_it(void **state)
{
	struct world world = {.run_failures = {1}, .run_rc = {-EHOSTDOWN}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_late(&world, &err), -ESHUTDOWN);
	assert_memory_equal(err_text(&err), "a: this host is fenced", 22);
}

static void task_run__lost_task_is_never_hidden(void **state)
{
	struct world world = {.run_failures = {1}, .run_rc = {-ECANCELED}};
	struct err err = ERR_INIT;
	int rc = world_late(&world, &err);

	(void)state;
	/* Where the machine was too busy for a second try, the first one's reason is the only one.
	 */
	assert_true(rc == -ECANCELED || world.run_failures[0] == 0);
}

static void task_run__effect_counts_more_than_the_return_code(void **state)
{
	struct world world = {.run_rc = {-EIO}, .run_failures = {1}, .effect_despite_rc = {true}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), 0);
}

static void task_run__success_without_effect_is_a_failure(void **state)
{
	struct world world = {.no_effect = {false, true}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, 0, &err), -EIO);
	assert_non_null(strstr(err_text(&err), "no effect"));
	assert_false(world.on[0]);
}

static void task_run__widening_needs_the_gate(void **state)
{
	struct world world = {.no_quorum = true};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, TASK_WIDENS, &err), -EPERM);
	assert_null(strstr(world.story, "r1"));
	assert_string_equal(err_text(&err), "b: no quorum");
}

static void task_run__no_undo_across_a_point_of_no_return(void **state)
{
	struct world world = {.run_rc = {0, 0, -EINVAL}, .run_failures = {0, 0, 1}};

	(void)state;
	assert_int_equal(world_walk(&world, TASK_NO_RETURN, NULL), -EINVAL);
	assert_string_equal(world.story, "p0 r0 p0 p1 r1 p1 p2 r2 p2 u2 ");
}

static void task_run__undo_stops_where_it_fails_and_says_so(void **state)
{
	struct world world = {
		.run_rc = {0, 0, -EINVAL}, .run_failures = {0, 0, 1}, .undo_rc = {0, -EIO}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, 0, &err), -ENOTRECOVERABLE);
	assert_string_equal(err_text(&err),
			    "c: fault in 2; then b could not be undone: cannot undo 1");
	assert_true(world.on[0]);
}

static void task_run__nothing_begins_after_the_deadline(void **state)
{
	struct world world = {0};
	struct task_step steps[] = {world_rows[0]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 1, .context = &world};

	(void)state;
	assert_int_equal(task_run(&task, deadline_in(-1), NULL), -ETIMEDOUT);
	assert_string_equal(world.story, "");
}

static void task_run__a_short_time_is_shared_with_the_undo(void **state)
{
	struct world world = {0};
	struct task_step steps[] = {world_rows[0]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 1, .context = &world};

	(void)state;
	task.undo_reserve_ms = 15000;
	assert_int_equal(task_run(&task, deadline_in(9000), NULL), 0);
	assert_string_equal(world.story, "p0 r0 p0 ");
}

static void task_run__journal_is_told_before_and_after(void **state)
{
	struct world world = {.on = {true}};
	struct fake_journal fake = {.refused = NULL};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), 0);
	assert_string_equal(fake.story, "eabbeb");
}

static void task_run__journal_may_refuse_a_step(void **state)
{
	struct world world = {.on = {false}};
	struct fake_journal fake = {.refused = "b", .rc = -EROFS};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -EROFS);
	assert_string_equal(world.story, "p0 r0 p0 p1 u0 ");
	assert_string_equal(fake.story, "baeabbfbu");
}

static void task_run__another_actors_task_is_not_undone(void **state)
{
	struct world world = {.on = {false}};
	struct fake_journal fake = {.refused = "b", .rc = -ECANCELED};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -ECANCELED);
	assert_string_equal(world.story, "p0 r0 p0 p1 ");
}

/* The step fails by itself: what the journal said before it was begun is old by now. */
static void task_run__asks_whether_the_task_is_still_its_own_to_undo(void **state)
{
	struct world world = {.on = {false}, .run_rc = {0, -EINVAL}, .run_failures = {0, 1}};
	struct fake_journal fake = {.undo_rc = -ECANCELED};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -ECANCELED);
	assert_string_equal(world.story, "p0 r0 p0 p1 r1 p1 ");
	assert_string_equal(fake.story, "baeabbfbu");
}

static void task_run__undoes_nothing_while_the_journal_is_silent(void **state)
{
	struct world world = {.on = {false}, .run_rc = {0, -EINVAL}, .run_failures = {0, 1}};
	struct fake_journal fake = {.undo_rc = -EHOSTDOWN};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -ENOTRECOVERABLE);
	assert_string_equal(world.story, "p0 r0 p0 p1 r1 p1 ");
}

static void task_run__asks_nobody_where_there_is_nothing_to_undo(void **state)
{
	struct world world = {.on = {true}, .run_rc = {0, -EINVAL}, .run_failures = {0, 1}};
	struct fake_journal fake = {.refused = "b", .rc = -EROFS, .undo_rc = -EHOSTDOWN};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -EROFS);
	assert_string_equal(fake.story, "eabbfb");
}

static void task_run__undoes_what_an_earlier_process_did(void **state)
{
	struct world world = {.on = {true}, .run_rc = {0, -EINVAL}, .run_failures = {0, 1}};
	struct fake_journal fake = {.ours = true};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -EINVAL);
	assert_string_equal(world.story, "p0 p1 r1 p1 u1 u0 ");
}

static void task_run__undoes_what_an_earlier_process_did_further_on(void **state)
{
	struct world world = {.on = {false, true}, .run_rc = {-EINVAL}, .run_failures = {1}};
	struct fake_journal fake = {.ours = true};

	(void)state;
	assert_int_equal(journal_walk(&world, &fake), -EINVAL);
	assert_string_equal(world.story, "p0 r0 p0 u1 u0 ");
}

static void task_verify__refuses_a_row_without_probe(void **state)
{
	struct task_step steps[] = {world_rows[0]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 1};

	(void)state;
	assert_int_equal(task_verify(&task, NULL), 0);
	steps[0].probe = NULL;
	assert_int_equal(task_verify(&task, NULL), -EINVAL);
}

static void task_verify__refuses_a_grant_without_undo_or_gate(void **state)
{
	struct task_step steps[] = {world_rows[0]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 1, .gate = world_gate};

	(void)state;
	steps[0].flags = TASK_WIDENS | TASK_GRANTS;
	assert_int_equal(task_verify(&task, NULL), 0);
	steps[0].flags = TASK_GRANTS;
	assert_int_equal(task_verify(&task, NULL), -EINVAL);
	steps[0].flags = TASK_WIDENS | TASK_GRANTS;
	steps[0].undo = NULL;
	assert_int_equal(task_verify(&task, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_run__looks_acts_and_looks_again),
		cmocka_unit_test(task_run__run_again_after_success_does_nothing),
		cmocka_unit_test(task_run__failure_undoes_what_it_did_last_first),
		cmocka_unit_test(task_run__undo_leaves_what_was_there_before),
		cmocka_unit_test(task_run__transient_error_is_tried_again),
		cmocka_unit_test(task_run__transient_error_is_not_tried_for_ever),
		cmocka_unit_test(task_run__busy_ends_a_step_that_has_another_way),
		cmocka_unit_test(task_run__fenced_host_is_waited_for),
		cmocka_unit_test(task_run__fenced_host_is_not_waited_for_without_patience),
		cmocka_unit_test(task_run__patience_ends),
		cmocka_unit_test(task_run__time_out_does_not_hide_the_reason_before_it),
		cmocka_unit_test(task_run__lost_task_is_never_hidden),
		cmocka_unit_test(task_run__effect_counts_more_than_the_return_code),
		cmocka_unit_test(task_run__success_without_effect_is_a_failure),
		cmocka_unit_test(task_run__widening_needs_the_gate),
		cmocka_unit_test(task_run__no_undo_across_a_point_of_no_return),
		cmocka_unit_test(task_run__undo_stops_where_it_fails_and_says_so),
		cmocka_unit_test(task_run__nothing_begins_after_the_deadline),
		cmocka_unit_test(task_run__a_short_time_is_shared_with_the_undo),
		cmocka_unit_test(task_run__journal_is_told_before_and_after),
		cmocka_unit_test(task_run__journal_may_refuse_a_step),
		cmocka_unit_test(task_run__another_actors_task_is_not_undone),
		cmocka_unit_test(task_run__asks_whether_the_task_is_still_its_own_to_undo),
		cmocka_unit_test(task_run__undoes_nothing_while_the_journal_is_silent),
		cmocka_unit_test(task_run__asks_nobody_where_there_is_nothing_to_undo),
		cmocka_unit_test(task_run__undoes_what_an_earlier_process_did),
		cmocka_unit_test(task_run__undoes_what_an_earlier_process_did_further_on),
		cmocka_unit_test(task_verify__refuses_a_row_without_probe),
		cmocka_unit_test(task_verify__refuses_a_grant_without_undo_or_gate),
	};

	return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
