/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps "grant", walked by the engine, where the array is slow or silent (-Wl,--wrap). The
 * domains are those of libvirt's own mock driver, and the journal is journal_fake.h's.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "step/vm_peer.h"
#include "tests/unit/journal/journal_fake.h"

static struct {
	unsigned int masks_failures;
	int masks_rc;
	unsigned int lost_answers; /* of so many changes, which are made all the same */
	bool granted;
	unsigned int grants;
} world;

static const struct config_host node1 = {.node = (char *)"node1", .initiator = (char *)"iqn.x:1"};
static const struct config_host node2 = {.node = (char *)"node2", .initiator = (char *)"iqn.x:2"};
static struct vm_settings settings = {.array = "san1", .hypervisor = "test:///default"};
static const char *grantee; /* the initiator that the step grants to */
static struct vm_context *vm;

int __wrap_array_masks(const struct array *array, const char *const *names, size_t count,
		       struct deadline deadline, struct array_masks *ret, struct err *err);
int __wrap_array_masks(const struct array *array, const char *const *names, size_t count,
		       struct deadline deadline, struct array_masks *ret, struct err *err)
{
	struct array_mask *mask;

	(void)array;
	(void)deadline;
	assert_int_equal(count, 1);
	if (world.masks_failures > 0) {
		world.masks_failures--;
		return err_set(err, world.masks_rc, "the masks cannot be read");
	}
	mask = calloc(1, sizeof(*mask));
	assert_non_null(mask);
	mask->initiators = calloc(1, sizeof(*mask->initiators));
	assert_non_null(mask->initiators);
	strcpy(mask->lun, names[0]);
	if (world.granted) {
		strcpy(mask->initiators[mask->n_initiators++], grantee);
	}
	*ret = (struct array_masks){.masks = mask, .count = 1};
	return 0;
}

int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed,
		       struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	bool adds = change->grant != NULL && !world.granted;

	(void)array;
	(void)deadline;
	assert_string_equal(change->grant != NULL ? change->grant : change->revoke, grantee);
	world.granted = change->grant != NULL;
	world.grants += change->grant != NULL;
	if (world.lost_answers > 0) {
		world.lost_answers--;
		return err_set(err, -ETIMEDOUT, "no answer");
	}
	if (ret_changed != NULL) {
		*ret_changed = (struct array_changed){.n_granted = adds};
		ret_changed->granted = calloc(1, sizeof(*ret_changed->granted));
		assert_non_null(ret_changed->granted);
		strcpy(ret_changed->granted[0], adds ? change->luns[0] : "");
	}
	return 0;
}

static int open_gate(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	(void)err;
	return 0;
}

static int refuse(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	return err_set(err, -EINVAL, "no");
}

/* The grant, and a step after it that fails. */
static const struct task_step own[] = {STEP_GRANT, STEP_CHECK("refuse", refuse)};
static const struct task_step handover[] = {
	{
		.name = "grant",
		.probe = vm_own_handover_probe,
		.run = vm_own_handover_run,
		.undo = vm_own_handover_undo,
		.timeout_ms = TEST_LIMIT_MS,
		.tries = 2,
		.flags = TASK_WIDENS | TASK_GRANTS,
	},
	STEP_CHECK("refuse", refuse),
};

static int walk(const struct task_step *steps, size_t n_steps, struct err *err)
{
	struct task task = {
		.name = "test",
		.steps = steps,
		.n_steps = n_steps,
		.context = vm,
		.gate = open_gate,
	};

	return task_run(&task, deadline_in(TEST_LIMIT_MS), err);
}

static int begin(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	journal_fake_reset();
	memset(&world, 0, sizeof(world));
	settings.vm = "unit-vm-grant";
	grantee = node1.initiator;
	vm = calloc(1, sizeof(*vm));
	assert_non_null(vm);
	vm->settings = &settings;
	vm->self = &node1;
	vm->array.name = "san1";
	strcpy(vm->node, "node1");
	vm->lun_names[vm->n_luns++] = "root";
	return vm_journal_init(&vm->journal, VM_ACTION_START, settings.vm, "node1", "", "node1",
			       &err);
}

/* The domain "test" of the mock driver runs here, and is to go to node2. */
static void begin_handover(void)
{
	settings.vm = "test";
	grantee = node2.initiator;
	vm->peer = calloc(1, sizeof(*vm->peer));
	assert_non_null(vm->peer);
	vm->peer->host = &node2;
}

static int end(void **state)
{
	(void)state;
	vm_peer_close(vm);
	vm_context_free(vm);
	journal_fake_release();
	return 0;
}

/* Who adds to masks that it cannot see does not know what it has to take back (I7). */
static void grant__grants_nothing_where_the_masks_are_not_known(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	world.masks_failures = 99;
	world.masks_rc = -EPROTO;
	assert_int_equal(walk(VM_STEPS(own), &err), -EPROTO);
	assert_string_equal(err_text(&err), "grant: the masks cannot be read");
	begin_handover();
	assert_int_equal(walk(VM_STEPS(handover), NULL), -EPROTO);
	assert_int_equal(world.grants, 0);
}

static void grant__is_taken_back_though_its_answer_was_lost(void **state)
{
	(void)state;
	world.masks_failures = 1;
	world.masks_rc = -ETIMEDOUT;
	world.lost_answers = 1;
	assert_int_equal(walk(VM_STEPS(own), NULL), -EINVAL);
	assert_int_equal(world.grants, 1);
	assert_false(world.granted);
}

static void grant__is_taken_back_from_the_target_though_its_answer_was_lost(void **state)
{
	(void)state;
	begin_handover();
	world.masks_failures = 1;
	world.masks_rc = -ETIMEDOUT;
	world.lost_answers = 1;
	assert_int_equal(walk(VM_STEPS(handover), NULL), -EINVAL);
	assert_int_equal(world.grants, 1);
	assert_false(world.granted);
}

/* What was there before the task stays. */
static void grant__keeps_what_it_found(void **state)
{
	(void)state;
	world.granted = true;
	world.masks_failures = 1;
	world.masks_rc = -ETIMEDOUT;
	assert_int_equal(walk(VM_STEPS(own), NULL), -EINVAL);
	assert_true(world.granted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(grant__grants_nothing_where_the_masks_are_not_known),
		TEST(grant__is_taken_back_though_its_answer_was_lost),
		TEST(grant__is_taken_back_from_the_target_though_its_answer_was_lost),
		TEST(grant__keeps_what_it_found),
	};

	return cmocka_run_group_tests_name("vm_grant", tests, NULL, NULL);
}
