/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/unit/unit_world.h"

#define KEY "san1+db-data"

static struct err err;

static void task_is(enum journal_state state, const char *step)
{
	const struct journal_task *task = journal_fake_task(KEY);

	assert_non_null(task);
	assert_int_equal(task->kind, JOURNAL_MIGRATE);
	assert_int_equal(task->state, state);
	if (step != NULL) {
		assert_string_equal(task->step, step);
	}
}

static int migrate_to(void)
{
	err = (struct err)ERR_INIT;
	return unit_migrate_to(&unit_settings, "node1", "node2", deadline_in(TEST_LIMIT_MS), NULL,
			       &err);
}

static int migrate_from(void)
{
	err = (struct err)ERR_INIT;
	return unit_migrate_from(&unit_settings, "node2", "node1", deadline_in(TEST_LIMIT_MS), NULL,
				 &err);
}

/* As the VM's migration from node2 has left it. */
static void sent_from_node2(void)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_BEGIN,
		.task = {.kind = JOURNAL_MIGRATE,
			 .state = JOURNAL_RUNNING,
			 .vm = KEY,
			 .source = "node2",
			 .target = "node1",
			 .uuid = {.bytes = {1}},
			 .begun_ms = 1,
			 .changed_ms = 1,
			 .actor = {.node = "node2", .boot_id = "b", .pid = 1}},
	};

	assert_int_equal(journal_fake_apply(&op), 0);
	op.kind = JOURNAL_OP_ADVANCE;
	op.task = *journal_fake_task(KEY);
	op.task.state = JOURNAL_WAITING;
	(void)strcpy(op.task.step, "sent");
	op.task.step_state = JOURNAL_STEP_ENDED;
	assert_int_equal(journal_fake_apply(&op), 0);
}

static void migrate_to__waits_for_the_other_host(void **state)
{
	(void)state;
	world.granted[NODE1] = true;
	world.qemu = false; /* the VM has left */
	assert_int_equal(migrate_to(), 0);
	task_is(JOURNAL_WAITING, "sent");
	assert_string_equal(world.done, "");
	/* Until its stop, which revokes, nothing has failed here. */
	for (int level = 0; level <= 10; level += 10) {
		enum unit_health health = UNIT_FAILED;

		assert_int_equal(unit_monitor(&unit_settings, level, false,
					      deadline_in(TEST_LIMIT_MS), &health, &err),
				 0);
		assert_int_equal(health, UNIT_PLUGGED);
		assert_int_equal(unit_monitor(&unit_settings, level, true,
					      deadline_in(TEST_LIMIT_MS), &health, &err),
				 0);
		assert_int_equal(health, UNIT_STOPPED);
	}
	assert_int_equal(unit_stop(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, &err), 0);
	assert_string_equal(world.done, "revoke:node1 ");
	task_is(JOURNAL_DONE, NULL);
}

static void migrate_to__refuses_while_the_guest_is_here(void **state)
{
	(void)state;
	unit_world_plugged();
	assert_int_equal(migrate_to(), -EBUSY);
	assert_non_null(strstr(err_text(&err), "the VM has not migrated"));
	task_is(JOURNAL_BROKEN, NULL);
	assert_true(world.granted[NODE1]);
	/* What is not there while the VM is, has failed. */
	{
		enum unit_health health = UNIT_FAILED;

		world.plugged_vm = NULL;
		assert_int_equal(unit_monitor(&unit_settings, 0, false, deadline_in(TEST_LIMIT_MS),
					      &health, &err),
				 0);
		assert_int_equal(health, UNIT_STOPPED);
	}
}

static void migrate_from__records_what_has_come(void **state)
{
	(void)state;
	sent_from_node2();
	unit_world_plugged();
	world.granted[NODE2] = true;
	if (migrate_from() != 0) {
		fail_msg("%s", err_text(&err));
	}
	task_is(JOURNAL_WAITING, "arrived");
	assert_string_equal(world.done, "");
	assert_true(world.granted[NODE2]);
}

static void migrate_from__refuses_what_has_not_come(void **state)
{
	(void)state;
	sent_from_node2();
	world.granted[NODE1] = world.granted[NODE2] = true;
	assert_int_equal(migrate_from(), -ENOENT);
	assert_non_null(strstr(err_text(&err), "has not brought drive vdc along"));
	/* The guest runs here without a path, as after a fencing. */
	unit_world_plugged();
	world.granted[NODE1] = false;
	assert_int_equal(migrate_from(), -EPERM);
	assert_string_equal(world.done, "");
}

/* A guest on its way cannot let go of a drive, and nobody follows the migration any more. */
static void stop__ends_the_job_of_a_killed_migration(void **state)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_BEGIN,
		.task = {.kind = JOURNAL_MIGRATE,
			 .state = JOURNAL_RUNNING,
			 .vm = KEY,
			 .uuid = {.bytes = {1}},
			 .begun_ms = 1,
			 .changed_ms = 1,
			 .source = "node1",
			 .target = "node2",
			 .actor = {.node = "node1", .boot_id = "b", .pid = 1}},
	};

	(void)state;
	assert_int_equal(journal_fake_apply(&op), 0);
	unit_world_plugged();
	assert_int_equal(unit_stop(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, &err), 0);
	assert_string_equal(world.done, "abort:db1 detach:db1 revoke:node1 ");
}

static void migrate__wants_this_node(void **state)
{
	(void)state;
	assert_int_equal(unit_migrate_to(&unit_settings, "node2", "node3",
					 deadline_in(TEST_LIMIT_MS), NULL, &err),
			 -EINVAL);
	assert_int_equal(unit_migrate_from(&unit_settings, "node1", "node1",
					   deadline_in(TEST_LIMIT_MS), NULL, &err),
			 -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_new, unit_world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(migrate_to__waits_for_the_other_host),
		TEST(migrate_to__refuses_while_the_guest_is_here),
		TEST(migrate_from__records_what_has_come),
		TEST(migrate_from__refuses_what_has_not_come),
		TEST(stop__ends_the_job_of_a_killed_migration),
		TEST(migrate__wants_this_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
