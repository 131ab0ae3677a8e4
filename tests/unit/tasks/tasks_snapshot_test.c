/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tasks_make.h"

struct bytes {
	uint8_t *data;
	size_t n;
};

static void bytes_drop(struct bytes *bytes)
{
	free(bytes->data);
}
#define DROP __attribute__((cleanup(bytes_drop)))

static struct bytes save(struct tasks *table)
{
	struct bytes ret;

	assert_int_equal(tasks_machine_ops.save(table, &ret.data, &ret.n), 0);
	return ret;
}

static int load(struct tasks *table, const struct bytes *bytes)
{
	return tasks_machine_ops.load(table, bytes->data, bytes->n);
}

static void assert_same(const struct bytes *a, const struct bytes *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->data, b->data, a->n);
}

/* Open and ended tasks, ended in another order than begun, and releases. */
static void table_some(void)
{
	begin_must(1, "web1");
	begin_must(2, "web2");
	begin_must(3, "web3");
	end_must(3, JOURNAL_DONE);
	end_must(1, JOURNAL_FAILED);
	begin_must(4, "web1");
	end_must(4, JOURNAL_BROKEN);
	must(release(JOURNAL_OP_RELEASE, "web2", "n2"));
	must(release(JOURNAL_OP_GRANT, "web3", "n1"));
	must(release(JOURNAL_OP_RELEASE, "web1", "n1"));
}

/* The layout must not change unnoticed: nodes send it to each other. */
static void save__writes_the_golden_bytes(void **state)
{
	uint8_t expected[2 * JOURNAL_RECORD_BYTES_MAX] = {1, 2, 0, 0, 0};
	uint8_t *at = expected + 5;
	DROP struct bytes bytes = {0};

	(void)state;
	begin_must(1, "web1");
	begin_must(2, "web2");
	end_must(2, JOURNAL_DONE);
	must(release(JOURNAL_OP_RELEASE, "web1", "n1"));
	bytes = save(tasks);
	at += journal_task_encode(task(1), at);
	at += journal_task_encode(task(2), at);
	memcpy(at, "\1\0\0\0\1\0\0\0\1\0\0\0", 12);
	at += 12;
	at += journal_release_encode(tasks_release_at(tasks, 0), at);
	assert_int_equal(bytes.n, at - expected);
	assert_memory_equal(bytes.data, expected, bytes.n);
}

static void save__of_nothing_is_loaded_as_nothing(void **state)
{
	struct bytes none = {0};
	DROP struct bytes empty = save(tasks), again = {0};

	(void)state;
	assert_int_equal(empty.n, 13);
	table_some();
	assert_int_equal(load(tasks, &empty), 0);
	assert_int_equal(tasks_count(tasks), 0);
	assert_int_equal(tasks_release_count(tasks), 0);
	table_some();
	assert_int_equal(load(tasks, &none), 0);
	again = save(tasks);
	assert_same(&again, &empty);
}

static void load__gives_the_same_table(void **state)
{
	DROP struct bytes before = {0}, after = {0};

	(void)state;
	table_some();
	before = save(tasks);
	assert_int_equal(tasks_machine_ops.load(tasks, NULL, 0), 0);
	assert_int_equal(load(tasks, &before), 0);
	after = save(tasks);
	assert_same(&before, &after);
	assert_ptr_equal(tasks_find_vm(tasks, "web1"), task(4));
	assert_int_equal(task(1)->state, JOURNAL_FAILED);
	assert_ptr_equal(tasks_find_vm(tasks, "web3"), task(3));
	assert_ptr_equal(tasks_at(tasks, 3), task(4));
	assert_string_equal(tasks_release_at(tasks, 0)->vm, "web2");
	assert_non_null(tasks_find_release(tasks, "web1", "n1"));
	assert_true(tasks_find_release(tasks, "web3", "n1")->granted);
	assert_string_equal(tasks_find_release(tasks, "web3", "n1")->by, "n9");
}

/* By then it does not show who was evicted when, so that it must be in the bytes. */
static void load__keeps_the_order_of_ending(void **state)
{
	DROP struct bytes bytes = {0};

	(void)state;
	for (unsigned int i = 0; i < TASKS_MAX; i++) {
		char vm[16];

		snprintf(vm, sizeof(vm), "vm%u", i + 1);
		begin_must(i + 1, vm);
	}
	end_must(7, JOURNAL_DONE);
	end_must(3, JOURNAL_DONE);
	bytes = save(tasks);
	assert_int_equal(load(tasks, &bytes), 0);
	begin_must(5000, "vm7");
	assert_null(task(7));
	assert_non_null(task(3));
}

static void load__refuses_what_is_cut_off_or_too_long(void **state)
{
	DROP struct bytes bytes = {0}, after = {0};

	(void)state;
	table_some();
	bytes = save(tasks);
	for (size_t n = 1; n < bytes.n; n++) {
		uint8_t *copy = test_malloc(n);

		memcpy(copy, bytes.data, n);
		assert_int_equal(tasks_machine_ops.load(tasks, copy, n), -EBADMSG);
		test_free(copy);
	}
	after = save(tasks);
	assert_same(&bytes, &after); /* and so the old state stayed */
	bytes.data = realloc(bytes.data, bytes.n + 1);
	bytes.data[bytes.n++] = 0;
	assert_int_equal(load(tasks, &bytes), -EBADMSG);
}

/* Its version, and that of the first task behind the number of tasks. */
static void load__knows_what_a_newer_lunmaskd_wrote(void **state)
{
	static const size_t versions[] = {0, 1 + 4};

	(void)state;
	table_some();
	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		DROP struct bytes bytes = save(tasks);

		bytes.data[versions[i]]++;
		assert_int_equal(load(tasks, &bytes), -ENOTSUP);
		assert_true(tasks_newer(tasks));
		bytes.data[versions[i]] = 0;
		assert_int_equal(load(tasks, &bytes), -EBADMSG);
		assert_false(tasks_newer(tasks));
	}
}

/* A snapshot of these tasks, all ended ones in the order given by `ended`. */
static int load_made(const struct journal_task *made, size_t n, const uint32_t *ended,
		     size_t n_ended)
{
	uint8_t *data = calloc(n + 2, JOURNAL_RECORD_BYTES_MAX), *at = data;
	uint32_t counts[2] = {htole32((uint32_t)n), htole32((uint32_t)n_ended)};
	int rc;

	*at++ = 1;
	memcpy(at, &counts[0], 4);
	at += 4;
	for (size_t i = 0; i < n; i++) {
		at += journal_task_encode(&made[i], at);
	}
	memcpy(at, &counts[1], 4);
	at += 4;
	for (size_t i = 0; i < n_ended; i++) {
		uint32_t number = htole32(ended[i]);

		memcpy(at, &number, 4);
		at += 4;
	}
	at += 4; /* no releases */
	rc = tasks_machine_ops.load(tasks, data, (size_t)(at - data));
	free(data);
	return rc;
}

static void load__refuses_tasks_that_the_rules_do_not_make(void **state)
{
	struct journal_task good, made[2], bad[6];

	(void)state;
	begin_must(1, "web1");
	good = *task(1);
	for (size_t i = 0; i < 6; i++) {
		bad[i] = good;
	}
	bad[0].uuid = id(0);
	bad[1].revision = 0;
	bad[2].tries = 0;
	bad[3].state = JOURNAL_WAITING;
	memset(&bad[4].actor, 0, sizeof(bad[4].actor));
	bad[5].state = JOURNAL_DONE;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(load_made(&bad[i], 1, NULL, 0), -EBADMSG);
	}
	made[0] = made[1] = good;
	made[1].uuid = id(2);
	assert_int_equal(load_made(made, 2, NULL, 0), -EBADMSG); /* one VM */
	strcpy(made[1].vm, "web2");
	made[1].uuid = id(1);
	assert_int_equal(load_made(made, 2, NULL, 0), -EBADMSG); /* one uuid */
	made[1].uuid = id(2);
	assert_int_equal(load_made(made, 2, NULL, 0), 0);
	assert_int_equal(tasks_count(tasks), 2);
}

static void load__refuses_a_wrong_list_of_ended_tasks(void **state)
{
	static const uint32_t good[] = {1, 2}, twice[] = {1, 1}, open[] = {1, 0}, far[] = {1, 3};
	struct journal_task made[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		begin_must(i + 1, "web1");
		if (i < 2) {
			end_must(i + 1, JOURNAL_DONE);
		}
	}
	made[0] = *task(3);
	made[1] = *task(1);
	made[2] = *task(2);
	assert_int_equal(load_made(made, 3, good, 1), -EBADMSG);
	assert_int_equal(load_made(made, 3, twice, 2), -EBADMSG);
	assert_int_equal(load_made(made, 3, open, 2), -EBADMSG);
	assert_int_equal(load_made(made, 3, far, 2), -EBADMSG);
	assert_int_equal(load_made(made, 3, good, 2), 0);
}

static void load__refuses_more_ended_tasks_than_are_kept(void **state)
{
	static const uint32_t ended[] = {0, 1, 2, 3, 4};
	struct journal_task made[TASKS_ENDED_PER_VM + 1];

	(void)state;
	begin_must(1, "web1");
	end_must(1, JOURNAL_DONE);
	for (unsigned int i = 0; i <= TASKS_ENDED_PER_VM; i++) {
		made[i] = *task(1);
		made[i].uuid = id(i + 1);
	}
	assert_int_equal(load_made(made, TASKS_ENDED_PER_VM + 1, ended, TASKS_ENDED_PER_VM + 1),
			 -EBADMSG);
	assert_int_equal(load_made(made, TASKS_ENDED_PER_VM, ended, TASKS_ENDED_PER_VM), 0);
}

static void load__refuses_a_release_twice(void **state)
{
	DROP struct bytes bytes = {0};
	size_t one;

	(void)state;
	must(release(JOURNAL_OP_RELEASE, "web1", "n1"));
	bytes = save(tasks);
	one = bytes.n - 13;
	bytes.data = realloc(bytes.data, bytes.n + one);
	memcpy(bytes.data + bytes.n, bytes.data + bytes.n - one, one);
	bytes.n += one;
	bytes.data[9] = 2;
	assert_int_equal(load(tasks, &bytes), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(save__writes_the_golden_bytes, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(save__of_nothing_is_loaded_as_nothing, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(load__gives_the_same_table, table_new, table_free),
		cmocka_unit_test_setup_teardown(load__keeps_the_order_of_ending, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(load__refuses_what_is_cut_off_or_too_long,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(load__knows_what_a_newer_lunmaskd_wrote, table_new,
						table_free),
		cmocka_unit_test_setup_teardown(load__refuses_tasks_that_the_rules_do_not_make,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(load__refuses_a_wrong_list_of_ended_tasks,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(load__refuses_more_ended_tasks_than_are_kept,
						table_new, table_free),
		cmocka_unit_test_setup_teardown(load__refuses_a_release_twice, table_new,
						table_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
