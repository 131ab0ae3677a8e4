/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/unit/unit_world.h"
#include "unit/unit_context.h"
#include "unit/unit_masks.h"
#include "vm/vm_keep.h"

#define KEY "san1+db-data"

static struct err err;

static int stop_in(int ms)
{
	err = (struct err)ERR_INIT;
	world.done[0] = '\0';
	return unit_stop(&unit_settings, deadline_in(ms), NULL, &err);
}

static void stops(const char *done)
{
	if (stop_in(TEST_LIMIT_MS) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(world.done, done);
	assert_false(unit_world_writes(NODE1));
}

/* The guest keeps what it has. */
static void fails(int ms, const char *said)
{
	if (stop_in(ms) == 0 || strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s'", said, err_text(&err));
	}
	assert_true(world.granted[NODE1] && world.nexus[NODE1]);
	assert_null(strstr(world.done, "revoke"));
}

static void stop__of_nothing_is_done(void **state)
{
	(void)state;
	stops("");
}

static void stop__revokes_what_the_guest_has_let_go_of(void **state)
{
	struct vm_keep *keep = NULL;

	(void)state;
	assert_int_equal(unit_start(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, NULL), 0);
	world.detach_looks = 2;
	stops("detach:db1 revoke:node1 ");
	assert_false(world.granted[NODE1] || world.nexus[NODE1]);
	assert_int_equal(journal_fake_task(KEY)->kind, JOURNAL_STOP);
	assert_int_equal(journal_fake_task(KEY)->state, JOURNAL_DONE);
	assert_int_equal(vm_keep_load(KEY, &keep, NULL), -ENOENT);
	stops("");
}

static void stop__never_revokes_under_a_guest(void **state)
{
	(void)state;
	unit_world_plugged();
	world.detach_looks = -1;
	unit_settings.detach_ms = 500;
	fails(TEST_LIMIT_MS, "unmount drive vdc in the guest of VM 'db1'");
	assert_string_equal(world.plugged_vm, "db1");
	/* It has let go late. */
	world.detach_looks = 0;
	stops("revoke:node1 ");
}

/* Whatever called it. */
static void unit_revoke_run__looks_for_a_guest_itself(void **state)
{
	struct vm_context *vm = NULL;
	struct unit unit;

	(void)state;
	unit_world_plugged();
	unit_init(&unit, &unit_settings);
	assert_int_equal(unit_open(&unit, NULL, deadline_in(TEST_LIMIT_MS), &vm, NULL), 0);
	assert_int_equal(unit_revoke_probe(vm, deadline_in(TEST_LIMIT_MS), NULL), -EBUSY);
	assert_int_equal(unit_revoke_run(vm, deadline_in(TEST_LIMIT_MS), NULL), -EBUSY);
	world.libvirt_silent = true;
	assert_int_equal(unit_revoke_run(vm, deadline_in(TEST_LIMIT_MS), NULL), -ETIMEDOUT);
	assert_true(world.granted[NODE1]);
	unit.forced = true;
	assert_int_equal(unit_revoke_run(vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_false(world.granted[NODE1]);
	vm_context_free(vm);
}

static void stop__cuts_off_a_guest_if_it_is_forced(void **state)
{
	(void)state;
	unit_world_plugged();
	world.detach_looks = -1;
	unit_settings.detach_ms = 500;
	unit_settings.force_detach = true;
	stops("detach:db1 revoke:node1 ");
	assert_false(world.granted[NODE1] || world.nexus[NODE1]);
	/* With what it holds in memory the guest must not reach the LUN again. */
	assert_int_equal(unit_start(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, &err),
			 -EPERM);
	assert_false(world.granted[NODE1]);
}

static void stop__ends_what_it_finds_in_another_guest(void **state)
{
	(void)state;
	unit_world_plugged();
	unit_settings.vm_map = "node1:db5";
	stops("detach:db1 revoke:node1 ");
	unit_world_plugged();
	unit_settings.vm_map = "node2:db2";
	stops("detach:db1 revoke:node1 ");
}

static void stop__knows_nothing_without_libvirt(void **state)
{
	(void)state;
	unit_world_plugged();
	world.libvirt_silent = true;
	fails(3000, "libvirt is silent");
}

static void stop__believes_that_no_process_has_nothing(void **state)
{
	(void)state;
	unit_world_plugged();
	world.libvirt_silent = true;
	world.qemu = false;
	world.plugged_vm = NULL;
	stops("revoke:node1 ");
}

static void stop__without_the_array_releases(void **state)
{
	(void)state;
	unit_world_plugged();
	world.silent = true;
	stops("detach:db1 ");
	assert_true(journal_fake_released(KEY, "node1"));
	/* Nothing is released that a guest may have. */
	unit_world_plugged();
	world.plugged_vm = NULL;
	world.libvirt_silent = true;
	world.qemu = false;
	assert_int_not_equal(stop_in(3000), 0);
}

static void stop__leaves_what_a_vm_has_as_its_own(void **state)
{
	(void)state;
	world.granted[NODE1] = world.nexus[NODE1] = true;
	world.user = "web1";
	assert_int_equal(stop_in(TEST_LIMIT_MS), 0);
	assert_string_equal(world.done, "");
	assert_true(world.granted[NODE1]);
}

static void stop__needs_neither_journal_nor_parameters(void **state)
{
	(void)state;
	assert_int_equal(unit_start(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, NULL), 0);
	journal_fake.no_majority = true;
	unit_settings.vm_map = NULL;
	undo_setenv("LUNMASK_CONF", "/nowhere/lunmask.conf");
	stops("detach:db1 revoke:node1 ");
}

/* Whatever fails: the guest can write, or it cannot and nobody is granted; and stop goes on. */
static void stop__goes_on_after_each_failure(void **state)
{
	unsigned int effects = 1;

	unit_world_free(state); /* each round has its own */
	for (unsigned int i = 1; i <= effects; i++) {
		for (int after = 0; after < 2; after++) {
			unit_world_new(state);
			unit_world_plugged();
			unit_settings.detach_ms = 500;
			world.fail_at = i;
			world.fail_after = after != 0;
			(void)stop_in(TEST_LIMIT_MS);
			assert_true(world.plugged_vm == NULL || world.granted[NODE1]);
			effects = world.effects > effects ? world.effects : effects;
			world.fail_at = 0;
			assert_int_equal(stop_in(TEST_LIMIT_MS), 0);
			assert_null(world.plugged_vm);
			assert_false(world.granted[NODE1]);
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
		TEST(stop__of_nothing_is_done),
		TEST(stop__revokes_what_the_guest_has_let_go_of),
		TEST(stop__never_revokes_under_a_guest),
		TEST(unit_revoke_run__looks_for_a_guest_itself),
		TEST(stop__cuts_off_a_guest_if_it_is_forced),
		TEST(stop__ends_what_it_finds_in_another_guest),
		TEST(stop__knows_nothing_without_libvirt),
		TEST(stop__believes_that_no_process_has_nothing),
		TEST(stop__without_the_array_releases),
		TEST(stop__leaves_what_a_vm_has_as_its_own),
		TEST(stop__needs_neither_journal_nor_parameters),
		TEST(stop__goes_on_after_each_failure),
	};

	return cmocka_run_group_tests_name("unit_stop", tests, NULL, NULL);
}
