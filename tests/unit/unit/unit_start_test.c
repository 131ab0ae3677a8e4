/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/realtime.h"
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/unit/unit_world.h"

#define KEY "san1+db-data"

static struct err err;

static int start(void)
{
	err = (struct err)ERR_INIT;
	world.done[0] = '\0';
	return unit_start(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, &err);
}

static void starts(const char *done)
{
	if (start() != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(world.done, done);
	assert_true(unit_world_writes(NODE1));
}

/* Nothing is granted that was not. */
static void refuses(int rc, const char *said)
{
	bool had = world.granted[NODE1];
	int got = start();

	if (got != rc || strstr(err_text(&err), said) == NULL) {
		fail_msg("%d: '%s' is not in '%s'", got, said, err_text(&err));
	}
	assert_int_equal(world.granted[NODE1], had);
}

/* The guest's QEMU could not log in. */
static void start__refuses_an_array_that_wants_chap(void **state)
{
	(void)state;
	unit_world_chap();
	refuses(-ENOTSUP, "wants CHAP");
}

static void last_is(const char *name, enum journal_kind kind, enum journal_state state)
{
	const struct journal_task *task = journal_fake_task(name);

	assert_non_null(task);
	assert_int_equal(task->kind, kind);
	assert_int_equal(task->state, state);
}

static void start__grants_and_then_plugs_in(void **state)
{
	(void)state;
	starts("grant:node1 attach:db1 ");
	last_is(KEY, JOURNAL_START, JOURNAL_DONE);
	last_is("db1", JOURNAL_RECONCILE, JOURNAL_DONE);
}

static void start__again_changes_nothing(void **state)
{
	(void)state;
	starts("grant:node1 attach:db1 ");
	/* What is granted is recorded anew, and asked for once more. */
	starts("grant:node1 ");
	last_is(KEY, JOURNAL_START, JOURNAL_DONE);
}

static void start__follows_one_vm(void **state)
{
	(void)state;
	unit_settings.vm_map = NULL;
	unit_settings.vm = "db1";
	starts("grant:node1 attach:db1 ");
}

static void start__needs_the_vm(void **state)
{
	(void)state;
	world.db1 = DOMAIN_ABSENT;
	refuses(-ENOENT, "start VM 'db1' on this node first");
	unit_settings.vm_map = "node2:db2";
	refuses(-ENODEV, "no VM is named for it");
}

static void start__needs_the_journal(void **state)
{
	(void)state;
	journal_fake.no_majority = true;
	refuses(-EHOSTDOWN, "");
	assert_string_equal(world.done, "");
}

#define OURS(id, type) "<primitive id='" id "' class='ocf' provider='lunmask' type='" type "'>"
#define PAIR(name, value) "<nvpair id='" name "' name='" name "' value='" value "'/>"

static void start__refuses_the_lun_of_a_vm(void **state)
{
	(void)state;
	world.resources =
		"<resources>" OURS("w", "VirtualMachine") "<instance_attributes id='i'>" PAIR(
			"vm", "web1") PAIR("array", "san1") PAIR("luns", "vda=db-data")
			PAIR("state_lun", "s") "</instance_attributes></primitive></resources>";
	refuses(-EPERM, "VM web1 (resource w) has it");
}

static void start__refuses_what_runs_here_with_it(void **state)
{
	(void)state;
	world.user = "web1";
	refuses(-EPERM, "take LUN db-data from VM 'web1'");
}

static void start__refuses_what_another_guest_has(void **state)
{
	(void)state;
	unit_world_plugged();
	world.plugged_vm = "db9";
	refuses(-EPERM, "VM 'db9' has LUN db-data as drive vdc");
}

/* Its host was fenced and is back: what the guest holds in memory is older than the LUN. */
static void start__refuses_a_guest_from_before_a_fencing(void **state)
{
	(void)state;
	unit_world_plugged();
	world.granted[NODE1] = world.nexus[NODE1] = false;
	refuses(-EPERM, "left from before a fencing");
	world.nexus[NODE1] = true; /* a session is no grant */
	refuses(-EPERM, "left from before a fencing");
}

static void start__refuses_another_volume(void **state)
{
	(void)state;
	unit_settings.designator = "naa.6001";
	starts("grant:node1 attach:db1 ");
	unit_settings.designator = "naa.6002";
	refuses(-EUCLEAN, "LUN db-data is naa.6001 on the array");
}

static void start__takes_nothing_from_a_live_host(void **state)
{
	(void)state;
	world.granted[NODE2] = world.nexus[NODE2] = true;
	refuses(-EPERM, "stop the resource there");
	assert_true(world.granted[NODE2]);
}

/* What node2 has recorded as its own, and was fenced after. */
static void start__takes_from_a_host_that_was_fenced(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT, .release.granted = true};

	(void)state;
	(void)strcpy(op.release.vm, KEY);
	(void)strcpy(op.release.node, "node2");
	(void)strcpy(op.release.by, "node2");
	(void)strcpy(op.release.array, "san1");
	(void)strcpy(op.release.luns[op.release.n_luns++], "db-data");
	op.release.since_ms = realtime_now_ms() - 3600000;
	assert_int_equal(journal_fake_apply(&op), 0);
	world.granted[NODE2] = world.nexus[NODE2] = true;
	world.fate2 = CLUSTER_NODE_DOWN;
	refuses(-EPERM, "stonith_admin --fence node2");
	world.fencings2 = (struct cluster_fencings){
		.count = 1, .last = realtime_now_ms() / 1000, .whole = true};
	starts("revoke:node2 grant:node1 attach:db1 ");
}

static void start__gives_back_what_the_guest_did_not_take(void **state)
{
	(void)state;
	world.attach_rc = -EINVAL;
	refuses(-EINVAL, "plugging drive vdc into VM 'db1'");
	assert_string_equal(world.done, "grant:node1 revoke:node1 ");
	last_is(KEY, JOURNAL_START, JOURNAL_FAILED);
	last_is("db1", JOURNAL_RECONCILE, JOURNAL_FAILED);
}

/* A task of the VM on another node: it is being migrated, or stopped. */
static void start__waits_for_the_task_of_the_vm(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	(void)state;
	op.task.uuid.bytes[0] = 1;
	op.task.kind = JOURNAL_STOP;
	op.task.state = JOURNAL_RUNNING;
	op.task.actor = (struct journal_actor){.node = "node2", .boot_id = "b", .pid = 1};
	op.task.begun_ms = op.task.changed_ms = realtime_now_ms();
	(void)strcpy(op.task.vm, "db1");
	(void)strcpy(op.task.source, "node2");
	assert_int_equal(journal_fake_apply(&op), 0);
	err = (struct err)ERR_INIT;
	assert_int_equal(unit_start(&unit_settings, deadline_in(3000), NULL, &err), -EBUSY);
	assert_null(world.plugged_vm);
	assert_false(world.granted[NODE1]);
}

/* I10: stop finds it in the journal, and saves the guest's memory. */
static void start__does_not_hide_a_failed_migration(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	(void)state;
	op.task.uuid.bytes[0] = 1;
	op.task.kind = JOURNAL_MIGRATE;
	op.task.state = JOURNAL_RUNNING;
	op.task.actor = (struct journal_actor){.node = "node1", .boot_id = "b", .pid = 1};
	op.task.begun_ms = op.task.changed_ms = realtime_now_ms();
	(void)strcpy(op.task.vm, "db1");
	(void)strcpy(op.task.source, "node1");
	(void)strcpy(op.task.target, "node2");
	assert_int_equal(journal_fake_apply(&op), 0);
	op.kind = JOURNAL_OP_ADVANCE;
	op.task.revision = 1;
	op.task.state = JOURNAL_FAILED;
	assert_int_equal(journal_fake_apply(&op), 0);
	assert_int_equal(unit_start(&unit_settings, deadline_in(3000), NULL, NULL), -EBUSY);
	last_is("db1", JOURNAL_MIGRATE, JOURNAL_FAILED);
}

/* Whatever fails, before or after it has taken effect: stop leads out of it, and so does start. */
static void start__leaves_nothing_that_stop_does_not_end(void **state)
{
	unsigned int effects = 1;

	unit_world_free(state); /* each round has its own */
	for (unsigned int i = 1; i <= effects; i++) {
		for (int after = 0; after < 2; after++) {
			unit_world_new(state);
			world.fail_at = i;
			world.fail_after = after != 0;
			(void)start();
			effects = world.effects > effects ? world.effects : effects;
			world.fail_at = 0;
			assert_int_equal(
				unit_stop(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, NULL),
				0);
			assert_null(world.plugged_vm);
			assert_false(world.granted[NODE1] || world.nexus[NODE1]);
			starts("grant:node1 attach:db1 ");
			unit_world_free(state);
		}
	}
	assert_true(effects >= 2);
	unit_world_new(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_new, unit_world_free)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(start__grants_and_then_plugs_in),
		TEST(start__again_changes_nothing),
		TEST(start__follows_one_vm),
		TEST(start__needs_the_vm),
		TEST(start__needs_the_journal),
		TEST(start__refuses_the_lun_of_a_vm),
		TEST(start__refuses_what_runs_here_with_it),
		TEST(start__refuses_what_another_guest_has),
		TEST(start__refuses_a_guest_from_before_a_fencing),
		TEST(start__refuses_another_volume),
		TEST(start__takes_nothing_from_a_live_host),
		TEST(start__takes_from_a_host_that_was_fenced),
		TEST(start__gives_back_what_the_guest_did_not_take),
		TEST(start__refuses_an_array_that_wants_chap),
		TEST(start__waits_for_the_task_of_the_vm),
		TEST(start__does_not_hide_a_failed_migration),
		TEST(start__leaves_nothing_that_stop_does_not_end),
	};

	return cmocka_run_group_tests_name("unit_start", tests, NULL, NULL);
}
