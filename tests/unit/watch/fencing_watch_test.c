/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "base/deadline.h"
#include "watch/fencing_watch.h"

#define SELF 1
#define PEER 2
#define LIMIT_MS 5000
#define STEP_NS (UINT64_C(20) * 1000 * 1000)

static qb_loop_t *loop;

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

static struct fencing_watch *watch_make(const char *program)
{
	struct fencing_watch *watch = fencing_watch_new(loop, program, &ops, NULL);

	assert_non_null(watch);
	fencing_watch_peer(watch, PEER, true);
	return watch;
}

static void fencing_watch_refused__says_when_it_was_heard(void **state)
{
	int64_t begun_ms = deadline_now_ms(), heard_ms = 0;
	struct fencing_watch *watch = watch_make("/bin/echo");

	(void)state;
	while (strstr(fencing_watch_refused(watch, &heard_ms), "not yet answered twice") != NULL &&
	       heard_ms == 0 && deadline_now_ms() < begun_ms + LIMIT_MS) {
		step();
	}
	assert_non_null(strstr(fencing_watch_refused(watch, &heard_ms), "not yet answered twice"));
	assert_in_range(heard_ms, begun_ms, deadline_now_ms());
	fencing_watch_free(watch);
}

static void fencing_watch_refused__names_a_pacemaker_that_does_not_answer(void **state)
{
	static const char *const programs[] = {"/bin/false", "/nonexistent/lunmask-fenced"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		int64_t end_ms = deadline_now_ms() + LIMIT_MS, heard_ms = 0;
		struct fencing_watch *watch = watch_make(programs[i]);

		while (strstr(fencing_watch_refused(watch, &heard_ms), "not answer") == NULL) {
			assert_true(deadline_now_ms() < end_ms);
			step();
		}
		fencing_watch_free(watch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fencing_watch_refused__says_when_it_was_heard),
		cmocka_unit_test(fencing_watch_refused__names_a_pacemaker_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
