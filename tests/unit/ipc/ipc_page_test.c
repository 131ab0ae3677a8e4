/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc/ipc_page.h"

#define N 40
#define PAGE_BYTES (JOURNAL_RECORD_BYTES_MAX + 1000) /* some records, not all */

static int tasks_up(void **state)
{
	struct tasks *tasks = tasks_new();
	uint8_t bytes[JOURNAL_RECORD_BYTES_MAX];
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};
	struct journal_op release = {.kind = JOURNAL_OP_RELEASE, .release.n_luns = 1};
	struct outcome outcome;

	op.task.kind = JOURNAL_START;
	op.task.state = JOURNAL_RUNNING;
	op.task.actor = (struct journal_actor){.node = "n1", .boot_id = "b1", .pid = 1};
	(void)strcpy(release.release.node, "n1");
	(void)strcpy(release.release.array, "san1");
	(void)strcpy(release.release.luns[0], "lun");
	for (uint8_t i = 1; i <= N; i++) {
		op.task.uuid.bytes[0] = i;
		(void)snprintf(op.task.vm, sizeof(op.task.vm), "vm%u", i);
		(void)strcpy(release.release.vm, op.task.vm);
		tasks_machine_ops.apply(tasks, 2u * i, bytes, journal_op_encode(&op, bytes),
					&outcome);
		tasks_machine_ops.apply(tasks, 2u * i + 1, bytes,
					journal_op_encode(&release, bytes), &outcome);
	}
	*state = tasks;
	return tasks_count(tasks) == N && tasks_release_count(tasks) == N ? 0 : -1;
}

static int tasks_down(void **state)
{
	tasks_free(*state);
	return 0;
}

static void page_tasks__has_every_task_once_in_order(void **state)
{
	uint8_t buffer[PAGE_BYTES];
	struct id128 after = {{0}};
	struct journal_task task;
	size_t bytes, used, pages = 0;
	uint8_t next = 1;
	bool more = true;

	for (; more; pages++) {
		assert_int_equal(ipc_page_tasks(*state, &after, buffer, PAGE_BYTES, &bytes, &more),
				 0);
		for (size_t at = 0; at < bytes; at += used) {
			assert_int_equal(journal_task_decode(buffer + at, bytes - at, &task, &used),
					 0);
			assert_int_equal(task.uuid.bytes[0], next++);
			after = task.uuid;
		}
	}
	assert_int_equal(next, N + 1);
	assert_in_range(pages, 2, N);
}

static void page_releases__has_every_release_once_in_order(void **state)
{
	uint8_t buffer[PAGE_BYTES];
	struct journal_release release = {.vm = ""};
	size_t bytes, used, pages = 0, next = 1;
	bool more = true;
	char vm[16];

	for (; more; pages++) {
		assert_int_equal(ipc_page_releases(*state, release.vm, release.node, buffer,
						   PAGE_BYTES, &bytes, &more),
				 0);
		for (size_t at = 0; at < bytes; at += used) {
			assert_int_equal(
				journal_release_decode(buffer + at, bytes - at, &release, &used),
				0);
			(void)snprintf(vm, sizeof(vm), "vm%zu", next++);
			assert_string_equal(release.vm, vm);
		}
	}
	assert_int_equal(next, N + 1);
	assert_in_range(pages, 2, N);
}

static void page__behind_the_last_is_empty(void **state)
{
	uint8_t buffer[PAGE_BYTES];
	struct id128 last = {{N}};
	size_t bytes = 1;
	bool more = true;

	assert_int_equal(ipc_page_tasks(*state, &last, buffer, PAGE_BYTES, &bytes, &more), 0);
	assert_int_equal(bytes, 0);
	assert_false(more);
	assert_int_equal(ipc_page_releases(*state, "vm40", "n1", buffer, PAGE_BYTES, &bytes, &more),
			 0);
	assert_int_equal(bytes, 0);
	assert_false(more);
}

static void page__behind_what_is_gone_is_estale(void **state)
{
	uint8_t buffer[PAGE_BYTES];
	struct id128 gone = {{N + 1}};
	size_t bytes;
	bool more;

	assert_int_equal(ipc_page_tasks(*state, &gone, buffer, PAGE_BYTES, &bytes, &more), -ESTALE);
	assert_int_equal(ipc_page_releases(*state, "vm1", "n2", buffer, PAGE_BYTES, &bytes, &more),
			 -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_tasks__has_every_task_once_in_order),
		cmocka_unit_test(page_releases__has_every_release_once_in_order),
		cmocka_unit_test(page__behind_the_last_is_empty),
		cmocka_unit_test(page__behind_what_is_gone_is_estale),
	};

	return cmocka_run_group_tests(tests, tasks_up, tasks_down);
}
