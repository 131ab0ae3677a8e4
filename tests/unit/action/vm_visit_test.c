/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "base/realtime.h"
#include "tests/unit/journal/journal_fake.h"
#include "vm/vm_keep.h"

static const struct vm_settings settings = {.vm = "web1", .array = "san1"};
static const struct config_host node1 = {.node = "node1",
					 .initiator = "iqn.2026-11.org.example:node1"};
static char folder[64];
static struct vm_context vm;
static unsigned int visits;

static int begin(void **state)
{
	(void)state;
	journal_fake_reset();
	(void)strcpy(folder, "/tmp/lunmask-visit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	visits = 0;
	vm = (struct vm_context){
		.settings = &settings,
		.node = "node1",
		.self = &node1,
		.array = {.name = "san1",
			  .driver = "lunmask-array-tgt",
			  .runner = {.transport = "exec"}},
		.lun_names = {"root", "state"},
		.n_luns = 2,
	};
	return setenv(VM_KEEP_VARIABLE, folder, 1);
}

static int end(void **state)
{
	(void)state;
	vm_journal_release(&vm.journal);
	journal_fake_release();
	(void)vm_keep_remove("web1", NULL);
	return rmdir(folder);
}

static int look(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	(void)err;
	visits++;
	return 0;
}

static int refuse(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	return err_set(err, -EINVAL, "no");
}

static const struct task_step good[] = {STEP_CHECK("look", look)};
static const struct task_step bad[] = {STEP_CHECK("look", look), STEP_CHECK("refuse", refuse)};

static int visit(const struct task_step *steps, size_t n_steps, struct err *err)
{
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);

	return vm_visit_running(&vm, "test", steps, n_steps, TEST_LIMIT_MS, deadline, err);
}

static void last_is(enum journal_kind kind, enum journal_state state)
{
	const struct journal_task *task = journal_fake_task("web1");

	assert_non_null(task);
	assert_int_equal(task->kind, kind);
	assert_int_equal(task->state, state);
}

/* A migration from node1 that has ended like this, so long ago. */
static void migrated(enum journal_state state, int64_t ago_ms)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	op.task.uuid.bytes[0] = 1;
	op.task.kind = JOURNAL_MIGRATE;
	op.task.state = JOURNAL_RUNNING;
	op.task.actor = (struct journal_actor){.node = "node1", .boot_id = "b", .pid = 1};
	op.task.begun_ms = op.task.changed_ms = realtime_now_ms() - ago_ms;
	(void)strcpy(op.task.vm, "web1");
	(void)strcpy(op.task.source, "node1");
	(void)strcpy(op.task.target, "node2");
	(void)strcpy(op.task.mode, "live");
	assert_int_equal(journal_fake_apply(&op), 0);
	op.kind = JOURNAL_OP_ADVANCE;
	op.task.revision = 1;
	op.task.state = state;
	assert_int_equal(journal_fake_apply(&op), 0);
}

static void vm_visit_running__is_a_task(void **state)
{
	(void)state;
	assert_int_equal(visit(VM_STEPS(good), NULL), 0);
	assert_int_equal(visits, 1);
	last_is(JOURNAL_RECONCILE, JOURNAL_DONE);
	/* Each has its own. */
	assert_int_equal(visit(VM_STEPS(bad), NULL), -EINVAL);
	assert_int_equal(visits, 2);
	last_is(JOURNAL_RECONCILE, JOURNAL_FAILED);
}

/* I10: stop finds it in the journal, and saves the guest's memory. */
static void vm_visit_running__does_not_hide_a_failed_migration(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	migrated(JOURNAL_FAILED, 60000);
	assert_int_equal(visit(VM_STEPS(good), &err), -EBUSY);
	assert_int_equal(visits, 0);
	assert_non_null(strstr(err_text(&err), "wait 10 minutes"));
	last_is(JOURNAL_MIGRATE, JOURNAL_FAILED);
}

static void vm_visit_running__goes_on_after_other_migrations(void **state)
{
	(void)state;
	migrated(JOURNAL_FAILED, VM_CLAIM_RECOVERY_MS + 60000);
	assert_int_equal(visit(VM_STEPS(good), NULL), 0);
	assert_int_equal(visits, 1);
}

static void vm_visit_running__goes_on_after_a_migration_that_succeeded(void **state)
{
	(void)state;
	migrated(JOURNAL_DONE, 1000);
	assert_int_equal(visit(VM_STEPS(good), NULL), 0);
	assert_int_equal(visits, 1);
}

static void vm_visit_running__needs_the_journal(void **state)
{
	(void)state;
	journal_fake.no_majority = true;
	assert_int_equal(visit(VM_STEPS(good), NULL), -EHOSTDOWN);
	assert_int_equal(visits, 0);
}

/* stop needs it, whatever becomes of the parameters. */
static void vm_visit_running__keeps_what_was_granted(void **state)
{
	struct vm_keep *keep = NULL;

	(void)state;
	assert_int_equal(vm_keep_store(&vm, NULL), 0);
	assert_int_equal(visit(VM_STEPS(good), NULL), 0);
	assert_int_equal(vm_keep_load("web1", &keep, NULL), 0);
	vm_keep_free(keep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_visit_running__is_a_task),
		TEST(vm_visit_running__does_not_hide_a_failed_migration),
		TEST(vm_visit_running__goes_on_after_other_migrations),
		TEST(vm_visit_running__goes_on_after_a_migration_that_succeeded),
		TEST(vm_visit_running__needs_the_journal),
		TEST(vm_visit_running__keeps_what_was_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
