/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "state/state_lock.h"

static char folder[] = "/tmp/lunmask-lock-XXXXXX";

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	return setenv(STATE_LOCK_VARIABLE, folder, 1);
}

static int end(void **state)
{
	g_autofree char *file = g_build_filename(folder, "web1", NULL);
	g_autofree char *other = g_build_filename(folder, "web2", NULL);

	(void)state;
	(void)g_unlink(file);
	(void)g_unlink(other);
	return g_rmdir(folder);
}

static void state_lock_take__keeps_another_out(void **state)
{
	int first = state_lock_take("web1", deadline_in(60000));
	int other = state_lock_take("web2", deadline_in(60000));

	(void)state;
	assert_true(first >= 0);
	assert_true(other >= 0);
	assert_int_equal(state_lock_take("web1", deadline_in(100)), -1);
	assert_int_equal(close(first), 0);
	first = state_lock_take("web1", deadline_in(60000));
	assert_true(first >= 0);
	assert_int_equal(close(first), 0);
	assert_int_equal(close(other), 0);
}

static void state_lock_take__does_without_a_folder(void **state)
{
	(void)state;
	assert_int_equal(setenv(STATE_LOCK_VARIABLE, "/dev/null/x", 1), 0);
	assert_int_equal(state_lock_take("web1", deadline_in(60000)), -1);
	assert_int_equal(setenv(STATE_LOCK_VARIABLE, folder, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_lock_take__keeps_another_out),
		cmocka_unit_test(state_lock_take__does_without_a_folder),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
