/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The array has lost the grants of a VM that runs here. What is asked is replaced (-Wl,--wrap). */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "action/vm_regrant.h"
#include "base/realtime.h"
#include "cluster/cluster.h"
#include "tests/unit/journal/journal_fake.h"

static struct {
	int gone; /* what vm_gone_probe() says */
	bool granted;
	int64_t fencings;
} world;

static const struct config_host node1 = {.node = (char *)"node1", .initiator = (char *)"iqn.x:1"};
static const struct vm_settings settings = {.vm = "web1", .array = "san1"};
static struct vm_context *vm;

int __wrap_vm_gone_probe(void *context, struct deadline deadline, struct err *err);
int __wrap_vm_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	return world.gone < 0 ? err_set(err, world.gone, "/proc cannot be read") : world.gone;
}

int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed,
		       struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	(void)array;
	(void)deadline;
	(void)ret_changed;
	(void)err;
	world.granted = change->grant != NULL;
	return 0;
}

int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);
int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = true;
	return 0;
}

int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err);
int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err)
{
	(void)node;
	(void)deadline;
	(void)err;
	*ret = (struct cluster_fencings){
		.count = world.fencings,
		.last = world.fencings == 0 ? 0 : realtime_now_ms() / 1000,
		.whole = true,
	};
	return 0;
}

/* The VM was started here: the journal says so. */
static int begin(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT};

	(void)state;
	journal_fake_reset();
	memset(&world, 0, sizeof(world));
	world.gone = TASK_NOT_DONE;
	vm = calloc(1, sizeof(*vm));
	assert_non_null(vm);
	vm->settings = &settings;
	vm->self = &node1;
	vm->array.name = "san1";
	strcpy(vm->node, "node1");
	vm->lun_names[vm->n_luns++] = "root";
	op.release.granted = true;
	op.release.since_ms = 1;
	op.release.n_luns = 1;
	strcpy(op.release.vm, "web1");
	strcpy(op.release.node, "node1");
	strcpy(op.release.by, "node1");
	strcpy(op.release.array, "san1");
	strcpy(op.release.luns[0], "root");
	return journal_fake_apply(&op);
}

static int end(void **state)
{
	(void)state;
	vm_context_free(vm);
	journal_fake_release();
	return 0;
}

static int regrant(struct err *err)
{
	return vm_regrant(vm, deadline_in(TEST_LIMIT_MS), err);
}

static void vm_regrant__grants_again_what_the_array_has_lost(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (regrant(&err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_true(world.granted);
}

static void vm_regrant__leaves_no_grant_behind_a_stop(void **state)
{
	(void)state;
	world.gone = TASK_DONE;
	assert_int_equal(regrant(NULL), -EPERM);
	assert_false(world.granted);
}

/* I5: what is not known to be gone is not cut off. */
static void vm_regrant__revokes_nothing_where_it_cannot_see(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	world.gone = -ENOMEM;
	assert_int_equal(regrant(&err), -ENOMEM);
	assert_true(world.granted);
	assert_non_null(strstr(err_text(&err), "/proc cannot be read"));
}

static void vm_regrant__grants_nothing_to_a_host_that_was_fenced(void **state)
{
	(void)state;
	world.fencings = 1;
	assert_int_equal(regrant(NULL), -EPERM);
	assert_false(world.granted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_regrant__grants_again_what_the_array_has_lost),
		TEST(vm_regrant__leaves_no_grant_behind_a_stop),
		TEST(vm_regrant__revokes_nothing_where_it_cannot_see),
		TEST(vm_regrant__grants_nothing_to_a_host_that_was_fenced),
	};

	return cmocka_run_group_tests_name("vm_regrant", tests, NULL, NULL);
}
