/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "carry/carry.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/unit/unit_world.h"

#define KEY "san1+db-data"
#define PARAMETER(name, value) "<nvpair id='" name "' name='" name "' value='" value "'/>"
#define UNIT(parameters, migrate)                                                                  \
	"<resources><primitive id='db-unit' class='ocf' provider='lunmask' type='LogicalUnit'>"    \
	"<meta_attributes id='m'>" PARAMETER(                                                      \
		"allow-migrate", migrate) "</meta_attributes>"                                     \
					  "<instance_attributes id='i'>" parameters                \
					  "</instance_attributes></primitive></resources>"
#define LUN PARAMETER("array", "san1") PARAMETER("lun", "db-data")
#define FOLLOWS UNIT(LUN PARAMETER("vm", "db1"), "true")

static struct err err;
static struct vm_context *vm;
static struct vm_carry carry;
static struct vm_peer peer;
static const struct vm_settings settings = {
	.vm = "db1",
	.array = "san1",
	.hypervisor = "test:///default",
	.node = "node1",
};
static const char *const luns[] = {"db1-root"};

static int begin(void **state)
{
	(void)unit_world_new(state);
	err = (struct err)ERR_INIT;
	carry = (struct vm_carry){.n = 0};
	unit_world_plugged();
	world.resources = FOLLOWS;
	assert_int_equal(
		vm_context_open_luns(&settings, luns, 1, deadline_in(TEST_LIMIT_MS), &vm, &err), 0);
	vm->carry = &carry;
	peer = (struct vm_peer){.host = NULL};
	assert_int_equal(config_host_get(vm->config, "node2", &peer.host, &err), 0);
	vm->peer = &peer;
	assert_int_equal(vm_journal_init(&vm->journal, VM_ACTION_MIGRATE_TO, "db1", "node1",
					 "node1", "node2", &err),
			 0);
	return 0;
}

static int end(void **state)
{
	vm_context_free(vm);
	carry_release(&carry);
	return unit_world_free(state);
}

static void finds(void)
{
	if (carry_find(vm, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static void claims(void)
{
	finds();
	assert_int_equal(carry_claim_probe(vm, deadline_in(TEST_LIMIT_MS), &err), TASK_NOT_DONE);
	if (carry_claim_run(vm, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(carry_claim_probe(vm, deadline_in(TEST_LIMIT_MS), &err), TASK_DONE);
}

static void task_is(enum journal_state state)
{
	const struct journal_task *task = journal_fake_task(KEY);

	assert_non_null(task);
	assert_int_equal(task->kind, JOURNAL_MIGRATE);
	assert_int_equal(task->state, state);
	assert_string_equal(task->source, "node1");
	assert_string_equal(task->target, "node2");
}

/* The journal's record of the LUN for the node, and who has made it; NULL: none. */
static const char *granted_by(const char *node)
{
	static struct journal_release grant;
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;

	assert_int_equal(journal_open(deadline_in(TEST_LIMIT_MS), &journal, NULL), 0);
	return journal_grant_get(journal, KEY, node, JOURNAL_LINEARIZABLE,
				 deadline_in(TEST_LIMIT_MS), &grant, NULL) == 0
		       ? grant.by
		       : NULL;
}

static void find__adds_the_lun(void **state)
{
	(void)state;
	finds();
	finds();
	assert_int_equal(vm->n_luns, 2);
	assert_string_equal(vm->lun_names[1], "db-data");
	assert_true(vm->carries_units);
}

static void find__of_a_guest_without_one(void **state)
{
	(void)state;
	world.plugged_vm = NULL;
	world.resources = "not asked for";
	finds();
	assert_int_equal(vm->n_luns, 1);
	assert_false(vm->carries_units);
	assert_int_equal(carry_claim_probe(vm, deadline_in(TEST_LIMIT_MS), &err), TASK_DONE);
	carry_end(vm, 0, deadline_in(TEST_LIMIT_MS));
	assert_null(journal_fake_task(KEY));
}

static void find__takes_only_what_follows_the_vm(void **state)
{
	static const struct {
		const char *resources;
		const char *said;
	} rows[] = {
		{"<resources/>", "stop the LogicalUnit of LUN db-data first"},
		{UNIT(LUN PARAMETER("vm_map", "node1:db1 node2:db2"), "true"), "parameter vm=db1"},
		{UNIT(LUN PARAMETER("vm", "db2"), "true"), "parameter vm=db1"},
		{UNIT(LUN PARAMETER("vm", "db1"), "false"),
		 "set the meta attribute allow-migrate=true of resource db-unit"},
		{UNIT(PARAMETER("array", "san2") PARAMETER("lun", "db-data") PARAMETER("vm", "db1"),
		      "true"),
		 "stop the LogicalUnit of LUN db-data first"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		world.resources = rows[i].resources;
		assert_int_equal(carry_find(vm, deadline_in(TEST_LIMIT_MS), &err), -EPERM);
		assert_non_null(strstr(err_text(&err), rows[i].said));
		assert_int_equal(vm->n_luns, 1);
	}
}

static void claim__is_a_migration_of_its_own(void **state)
{
	(void)state;
	claims();
	task_is(JOURNAL_RUNNING);
	assert_string_equal(granted_by("node2"), "node1");
	assert_string_equal(world.done, "");
	carry_end(vm, 0, deadline_in(TEST_LIMIT_MS));
	task_is(JOURNAL_WAITING);
	assert_string_equal(journal_fake_task(KEY)->step, VM_STEP_SENT);
	assert_string_equal(granted_by("node2"), "node1");
}

/* What the target has released could be revoked there at any time. */
static void claim__withdraws_a_release_of_the_target(void **state)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_RELEASE,
		.release = {.vm = KEY,
			    .node = "node2",
			    .array = "san1",
			    .luns = {"db-data"},
			    .n_luns = 1},
	};

	(void)state;
	assert_int_equal(journal_fake_apply(&op), 0);
	assert_true(journal_fake_released(KEY, "node2"));
	claims();
	assert_false(journal_fake_released(KEY, "node2"));
}

static void claim__waits_for_nobody(void **state)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_BEGIN,
		.task = {.kind = JOURNAL_START,
			 .state = JOURNAL_RUNNING,
			 .vm = KEY,
			 .target = "node2",
			 .uuid = {.bytes = {1}},
			 .begun_ms = 1,
			 .changed_ms = 1,
			 .actor = {.node = "node2", .boot_id = "b", .pid = 1}},
	};

	(void)state;
	assert_int_equal(journal_fake_apply(&op), 0);
	finds();
	assert_int_equal(carry_claim_run(vm, deadline_in(TEST_LIMIT_MS), &err), -EBUSY);
	assert_non_null(strstr(err_text(&err), "the LogicalUnit of LUN db-data"));
	assert_null(granted_by("node2"));
}

/* Two arrays have LUNs of one name: only that of the VM's array is known by it. */
static void find__looks_at_the_array(void **state)
{
	(void)state;
	finds();
	world.alias = "ua-lunmask-unit-san2__db-data";
	assert_int_equal(carry_find(vm, deadline_in(TEST_LIMIT_MS), &err), -EPERM);
	assert_int_equal(vm->n_luns, 2);
}

static void same__compares_the_volumes(void **state)
{
	struct lun there = {.name = "db-data", .designator = "naa.6001"};

	(void)state;
	finds();
	vm->luns[0] = there;
	vm->n_luns = 1;
	assert_int_equal(carry_same_check(vm, &there, &err), 0);
	(void)strcpy(there.designator, "naa.6002");
	assert_int_equal(carry_same_check(vm, &there, &err), -EUCLEAN);
	vm->n_luns = 2;
}

/* The target had a path before, or the answer was lost. */
static void end__keeps_the_record_of_a_path(void **state)
{
	(void)state;
	claims();
	world.granted[NODE2] = true;
	carry_end(vm, -EIO, deadline_in(TEST_LIMIT_MS));
	assert_string_equal(granted_by("node2"), "node1");
}

static void end__of_an_undone_migration_leaves_no_record(void **state)
{
	(void)state;
	claims();
	carry_end(vm, -EIO, deadline_in(TEST_LIMIT_MS));
	task_is(JOURNAL_FAILED);
	assert_null(granted_by("node2"));
}

static void end__of_one_that_was_not_undone_keeps_it(void **state)
{
	(void)state;
	claims();
	assert_int_equal(
		vm_grant_note(&peer.grant, (const char[1][LUN_NAME_MAX + 1]){"db-data"}, 1, &err),
		0);
	carry_end(vm, -EIO, deadline_in(TEST_LIMIT_MS));
	task_is(JOURNAL_BROKEN);
	assert_string_equal(granted_by("node2"), "node1");
	vm_grant_release(&peer.grant);
}

static void drop__is_for_saved_mode(void **state)
{
	(void)state;
	claims();
	carry_drop(vm, deadline_in(TEST_LIMIT_MS));
	task_is(JOURNAL_FAILED);
	assert_int_equal(vm->n_luns, 1);
	assert_false(vm->carries_units);
	carry_end(vm, 0, deadline_in(TEST_LIMIT_MS));
	task_is(JOURNAL_FAILED);
}

static void left_here(const char *by)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_GRANT,
		.release = {.vm = KEY,
			    .node = "node1",
			    .array = "san1",
			    .luns = {"db-data"},
			    .n_luns = 1,
			    .granted = true},
	};

	(void)strcpy(op.release.by, by);
	assert_int_equal(journal_fake_apply(&op), 0);
	assert_true(vm->journal.claimed ||
		    vm_journal_claim(&vm->journal, deadline_in(TEST_LIMIT_MS), &err) == 0);
	world.plugged_vm = NULL;
}

static void leave__revokes_what_did_not_arrive(void **state)
{
	(void)state;
	left_here("node2");
	world.granted[NODE2] = world.nexus[NODE2] = true;
	carry_leave(vm, deadline_in(TEST_LIMIT_MS));
	assert_string_equal(world.done, "revoke:node1 ");
	assert_null(granted_by("node1"));
	assert_true(world.granted[NODE2]);
}

static void leave__keeps_what_is_not_the_migrations(void **state)
{
	(void)state;
	left_here("node1"); /* it has arrived: its own stop revokes it */
	carry_leave(vm, deadline_in(TEST_LIMIT_MS));
	left_here("node2");
	world.resources = UNIT(LUN PARAMETER("vm", "db2"), "true");
	carry_leave(vm, deadline_in(TEST_LIMIT_MS));
	world.resources = FOLLOWS;
	world.plugged_vm = "db1"; /* a guest has it */
	carry_leave(vm, deadline_in(TEST_LIMIT_MS));
	world.plugged_vm = NULL;
	world.libvirt_silent = true; /* or could have */
	carry_leave(vm, deadline_in(TEST_LIMIT_MS));
	assert_string_equal(world.done, "");
	assert_string_equal(granted_by("node1"), "node2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(find__adds_the_lun),
		TEST(find__of_a_guest_without_one),
		TEST(find__takes_only_what_follows_the_vm),
		TEST(claim__is_a_migration_of_its_own),
		TEST(claim__withdraws_a_release_of_the_target),
		TEST(claim__waits_for_nobody),
		TEST(find__looks_at_the_array),
		TEST(same__compares_the_volumes),
		TEST(end__keeps_the_record_of_a_path),
		TEST(end__of_an_undone_migration_leaves_no_record),
		TEST(end__of_one_that_was_not_undone_keeps_it),
		TEST(drop__is_for_saved_mode),
		TEST(leave__revokes_what_did_not_arrive),
		TEST(leave__keeps_what_is_not_the_migrations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
