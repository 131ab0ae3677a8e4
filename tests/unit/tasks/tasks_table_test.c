/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "tasks_make.h"

static void release__is_kept_until_it_is_revoked(void **state)
{
	struct journal_op op = release(JOURNAL_OP_RELEASE, "web1", "n1");
	struct outcome outcome = apply(&op);

	(void)state;
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.revision, entry);
	op.release.revision = outcome.revision;
	assert_memory_equal(tasks_find_release(tasks, "web1", "n1"), &op.release,
			    sizeof(op.release));
	assert_null(tasks_find_release(tasks, "web1", "n2"));
	assert_null(tasks_find_release(tasks, "web2", "n1"));
	must(release(JOURNAL_OP_RELEASE, "web1", "n2"));
	must(release(JOURNAL_OP_REVOKED, "web1", "n1"));
	assert_null(tasks_find_release(tasks, "web1", "n1"));
	assert_int_equal(tasks_release_count(tasks), 1);
	assert_string_equal(tasks_release_at(tasks, 0)->node, "n2");
	op = release(JOURNAL_OP_REVOKED, "web1", "n1");
	assert_int_equal(status(&op), -ENOENT);
}

static void release__replaces_an_earlier_one(void **state)
{
	struct journal_op op = release(JOURNAL_OP_RELEASE, "web1", "n1"), late;

	(void)state;
	late = release(JOURNAL_OP_REVOKED, "web1", "n1");
	late.release.revision = apply(&op).revision;
	strcpy(op.release.luns[1], "data");
	op.release.n_luns = 2;
	must(op);
	assert_int_equal(tasks_release_count(tasks), 1);
	assert_int_equal(tasks_find_release(tasks, "web1", "n1")->n_luns, 2);
	assert_int_equal(status(&late), -ESTALE);
	late.release.revision = tasks_find_release(tasks, "web1", "n1")->revision;
	must(late);
	assert_int_equal(tasks_release_count(tasks), 0);
}

static void release__refuses_what_says_nothing(void **state)
{
	struct journal_op good = release(JOURNAL_OP_RELEASE, "web1", "n1"), bad[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		bad[i] = good;
	}
	bad[0].release.n_luns = 0;
	bad[1].release.array[0] = '\0';
	bad[2].evidence = JOURNAL_EVIDENCE_DEAD;
	bad[3].replaces.uuid = id(1);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(status(&bad[i]), -EINVAL);
	}
	must(good);
	good = release(JOURNAL_OP_REVOKED, "web1", "n1");
	good.release.array[0] = '\0';
	good.release.n_luns = 0;
	must(good);
}

static void release__is_bounded(void **state)
{
	struct journal_op op;
	char vm[16];

	(void)state;
	for (unsigned int i = 0; i < TASKS_RELEASES_MAX; i++) {
		snprintf(vm, sizeof(vm), "vm%u", i);
		must(release(JOURNAL_OP_RELEASE, vm, "n1"));
	}
	op = release(JOURNAL_OP_RELEASE, "more", "n1");
	assert_int_equal(status(&op), -ENOSPC);
	must(release(JOURNAL_OP_RELEASE, "vm7", "n1"));
	must(release(JOURNAL_OP_REVOKED, "vm8", "n1"));
	must(op);
}

/* No task of the VM, and no other host's, changes since when a host may use its LUNs. */
static void grant__is_changed_by_nothing_else(void **state)
{
	struct journal_op op = release(JOURNAL_OP_GRANT, "web1", "n1");
	struct journal_release before;

	(void)state;
	must(op);
	before = *tasks_find_release(tasks, "web1", "n1");
	assert_true(before.granted);
	for (unsigned int i = 1; i <= 3 * TASKS_ENDED_PER_VM; i++) {
		begin_must(i, "web1");
		end_must(i, JOURNAL_FAILED);
	}
	for (unsigned int i = 100; i < 100 + TASKS_MAX; i++) {
		char vm[16];

		snprintf(vm, sizeof(vm), "vm%u", i);
		begin_must(i, vm);
	}
	must(release(JOURNAL_OP_GRANT, "web1", "n2"));
	must(release(JOURNAL_OP_RELEASE, "web1", "n3"));
	assert_memory_equal(tasks_find_release(tasks, "web1", "n1"), &before, sizeof(before));
	must(release(JOURNAL_OP_REVOKED, "web1", "n1"));
	assert_null(tasks_find_release(tasks, "web1", "n1"));
}

static void grant__and_release_replace_each_other(void **state)
{
	struct journal_op wrong = release(JOURNAL_OP_GRANT, "web1", "n1");

	(void)state;
	must(release(JOURNAL_OP_GRANT, "web1", "n1"));
	must(release(JOURNAL_OP_RELEASE, "web1", "n1"));
	assert_false(tasks_find_release(tasks, "web1", "n1")->granted);
	must(release(JOURNAL_OP_GRANT, "web1", "n1"));
	assert_true(tasks_find_release(tasks, "web1", "n1")->granted);
	assert_int_equal(tasks_release_count(tasks), 1);
	wrong.release.granted = false;
	assert_int_equal(status(&wrong), -EINVAL);
}

/* The grant that was written first goes; a release never does. */
static void grant__gives_way_to_a_newer_one(void **state)
{
	char vm[16];

	(void)state;
	must(release(JOURNAL_OP_RELEASE, "first", "n1"));
	for (unsigned int i = 1; i < TASKS_RELEASES_MAX; i++) {
		snprintf(vm, sizeof(vm), "vm%u", i);
		must(release(JOURNAL_OP_GRANT, vm, "n1"));
	}
	must(release(JOURNAL_OP_GRANT, "vm1", "n1"));
	must(release(JOURNAL_OP_GRANT, "more", "n1"));
	assert_null(tasks_find_release(tasks, "vm2", "n1"));
	assert_non_null(tasks_find_release(tasks, "vm1", "n1"));
	assert_non_null(tasks_find_release(tasks, "first", "n1"));
	assert_int_equal(tasks_release_count(tasks), TASKS_RELEASES_MAX);
}

static void find_release__is_none_for_names_too_long(void **state)
{
	char name[NODE_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(tasks_find_release(tasks, "web1", name));
	assert_null(tasks_find_release(tasks, name, "n1"));
}

static void ended__are_kept_as_many_a_vm(void **state)
{
	(void)state;
	begin_must(100, "web2");
	end_must(100, JOURNAL_DONE);
	for (unsigned int i = 1; i <= TASKS_ENDED_PER_VM + 2; i++) {
		begin_must(i, "web1");
		end_must(i, JOURNAL_DONE);
		assert_ptr_equal(tasks_find_vm(tasks, "web1"), task(i));
	}
	assert_null(task(1));
	assert_null(task(2));
	assert_non_null(task(3));
	assert_non_null(task(100));
	assert_int_equal(tasks_count(tasks), TASKS_ENDED_PER_VM + 1);
	assert_ptr_equal(tasks_at(tasks, 0), task(100));
	assert_ptr_equal(tasks_at(tasks, 1), task(3));
}

static void table_fill(void)
{
	char vm[16];

	for (unsigned int i = 1; i <= TASKS_MAX; i++) {
		snprintf(vm, sizeof(vm), "vm%u", i);
		begin_must(i, vm);
	}
}

static void table__is_bounded(void **state)
{
	struct journal_op op = begin(TASKS_MAX + 1, "more", JOURNAL_START, &first);

	(void)state;
	table_fill();
	assert_int_equal(status(&op), -ENOSPC);
	end_must(500, JOURNAL_DONE);
	end_must(9, JOURNAL_DONE);
	must(op);
	assert_null(task(500));
	assert_null(tasks_find_vm(tasks, "vm500"));
	assert_non_null(task(9));
	must(begin(TASKS_MAX + 2, "vm500", JOURNAL_START, &first));
	assert_null(task(9));
	assert_int_equal(tasks_count(tasks), TASKS_MAX);
	op = begin(TASKS_MAX + 3, "vm9", JOURNAL_START, &first);
	assert_int_equal(status(&op), -ENOSPC);
}

static void table__full_still_lets_a_stop_replace(void **state)
{
	struct journal_op op = begin(TASKS_MAX + 1, "vm7", JOURNAL_STOP, &second);

	(void)state;
	table_fill();
	op.replaces = (struct journal_replaces){id(7), 1, JOURNAL_FAILED};
	op.evidence = JOURNAL_EVIDENCE_DEAD;
	must(op);
	assert_null(task(7));
	assert_ptr_equal(tasks_find_vm(tasks, "vm7"), task(TASKS_MAX + 1));
	assert_int_equal(tasks_count(tasks), TASKS_MAX);
}

static void tasks_free__accepts_null(void **state)
{
	(void)state;
	tasks_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grant__is_changed_by_nothing_else, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(grant__and_release_replace_each_other, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(grant__gives_way_to_a_newer_one, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(release__is_kept_until_it_is_revoked, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(release__replaces_an_earlier_one, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(release__refuses_what_says_nothing, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(release__is_bounded, table_new, table_free),
		cmocka_unit_test_setup_teardown(find_release__is_none_for_names_too_long, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(ended__are_kept_as_many_a_vm, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(table__is_bounded, table_new, table_free),
		cmocka_unit_test_setup_teardown(table__full_still_lets_a_stop_replace, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(tasks_free__accepts_null, table_new, table_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
