/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/async_call.h"

#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct {
	sem_t go_on;
	sem_t freed;
	int frees;
} world;

struct sum {
	struct async_call call;
	int a, b, result;
	bool hang;
};

static void sum_run(struct async_call *call)
{
	struct sum *sum = (struct sum *)call;

	if (sum->hang) {
		(void)sem_wait(&world.go_on);
	}
	sum->result = sum->a + sum->b;
}

static void sum_free(struct async_call *call)
{
	world.frees++;
	free(call);
	(void)sem_post(&world.freed);
}

static struct sum *sum_new(bool hang)
{
	struct sum *sum = calloc(1, sizeof(*sum));

	assert_non_null(sum);
	async_call_init(&sum->call, sum_run, sum_free);
	sum->a = 2;
	sum->b = 3;
	sum->hang = hang;
	return sum;
}

static int setup(void **state)
{
	(void)state;
	world.frees = 0;
	return sem_init(&world.go_on, 0, 0) | sem_init(&world.freed, 0, 0);
}

static void async_call_wait__gives_the_result(void **state)
{
	struct sum *sum = sum_new(false);

	(void)state;
	assert_int_equal(async_call_start(&sum->call), 0);
	assert_true(async_call_wait(&sum->call, deadline_in(60000)));
	assert_int_equal(sum->result, 5);
	async_call_release(&sum->call);
	assert_int_equal(sem_wait(&world.freed), 0);
	assert_int_equal(world.frees, 1);
}

static void async_call_wait_or__ends_with_either(void **state)
{
	struct sum *sum = sum_new(true);
	int fd = eventfd(0, EFD_CLOEXEC);
	bool readable = true;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(async_call_pollable(&sum->call), 0);
	assert_int_equal(async_call_start(&sum->call), 0);
	assert_false(async_call_wait_or(&sum->call, fd, deadline_in(0), &readable));
	assert_false(readable);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_false(async_call_wait_or(&sum->call, fd, deadline_in(60000), &readable));
	assert_true(readable);
	assert_int_equal(eventfd_read(fd, &(eventfd_t){0}), 0);
	assert_int_equal(sem_post(&world.go_on), 0);
	assert_true(async_call_wait_or(&sum->call, fd, deadline_in(60000), &readable));
	assert_false(readable);
	assert_int_equal(sum->result, 5);
	async_call_release(&sum->call);
	(void)close(fd);
}

/* The thread writes its result into an object that is still there, and frees it. */
static void async_call_release__leaves_the_object_to_a_thread_that_hangs(void **state)
{
	struct sum *sum = sum_new(true);

	(void)state;
	assert_int_equal(async_call_start(&sum->call), 0);
	assert_false(async_call_wait(&sum->call, deadline_in(0)));
	async_call_release(&sum->call);
	assert_int_equal(world.frees, 0);
	assert_int_equal(sem_post(&world.go_on), 0);
	assert_int_equal(sem_wait(&world.freed), 0);
	assert_int_equal(world.frees, 1);
}

static void async_call_release__frees_what_never_started(void **state)
{
	(void)state;
	async_call_release(&sum_new(false)->call);
	assert_int_equal(world.frees, 1);
	async_call_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(async_call_wait__gives_the_result, setup),
		cmocka_unit_test_setup(async_call_wait_or__ends_with_either, setup),
		cmocka_unit_test_setup(async_call_release__leaves_the_object_to_a_thread_that_hangs,
				       setup),
		cmocka_unit_test_setup(async_call_release__frees_what_never_started, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
