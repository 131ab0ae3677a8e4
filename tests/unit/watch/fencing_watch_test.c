/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <string.h>

#include "base/deadline.h"
#include "watch/fencing_watch.h"

#define SELF 1
#define PEER 2
#define STEP_NS (UINT64_C(20) * 1000 * 1000)
#define STEPS_MAX 3000

static qb_loop_t *loop;
static struct fencing_watch *watch;

/* Numbers: so echo(1) is a fencer that answers. */
static const char *on_name(void *user, uint32_t node)
{
	(void)user;
	return node == PEER ? "1000" : "500";
}

static uint32_t on_self(void *user)
{
	(void)user;
	return SELF;
}

static void on_evidence(void *user, uint32_t node)
{
	(void)user;
	fail_msg("evidence about node %u", node);
}

static void on_silent(void *user, const char *why)
{
	(void)user;
	(void)why;
}

static const struct fencing_watch_ops ops = {
	.name = on_name,
	.self = on_self,
	.fenced = on_evidence,
	.let_in = on_evidence,
	.silent = on_silent,
};

static int setup(void **state)
{
	(void)state;
	loop = qb_loop_create();
	return loop == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	fencing_watch_free(watch);
	watch = NULL;
	qb_loop_destroy(loop);
	return 0;
}

static void on_step(void *data)
{
	(void)data;
	qb_loop_stop(loop);
}

static void step(void)
{
	qb_loop_timer_handle timer;

	assert_int_equal(qb_loop_timer_add(loop, QB_LOOP_LOW, STEP_NS, NULL, on_step, &timer), 0);
	qb_loop_run(loop);
}

static void watch_make(const char *program)
{
	fencing_watch_free(watch);
	watch = fencing_watch_new(loop, program, &ops, NULL);
	assert_non_null(watch);
	fencing_watch_peer(watch, PEER, true);
}

static bool refused_with(const char *text, int64_t *ret_heard_ms)
{
	return strstr(fencing_watch_refused(watch, ret_heard_ms), text) != NULL;
}

static void fencing_watch_refused__says_when_it_was_heard(void **state)
{
	int64_t begun_ms = deadline_now_ms(), heard_ms = 0;

	(void)state;
	watch_make("/bin/echo");
	for (int i = 0; i < STEPS_MAX && heard_ms == 0; i++) {
		assert_true(refused_with("not yet answered twice", &heard_ms));
		step();
	}
	assert_in_range(heard_ms, begun_ms, deadline_now_ms());
}

static void fencing_watch_refused__names_a_pacemaker_that_does_not_answer(void **state)
{
	static const char *const programs[] = {"/bin/false", "/nonexistent/lunmask-fenced"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		int64_t heard_ms = 0;
		int steps = 0;

		watch_make(programs[i]);
		while (!refused_with("not answer", &heard_ms)) {
			assert_true(steps++ < STEPS_MAX);
			step();
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fencing_watch_refused__says_when_it_was_heard),
		TEST(fencing_watch_refused__names_a_pacemaker_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
