/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "base/err.h"

static void err_set__returns_its_code(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, -EIO, "disk %d", 7), -EIO);
	assert_string_equal(err_text(&err), "disk 7");
}

static void err_prefix__puts_the_caller_in_front(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, -EIO, "cause");
	assert_int_equal(err_prefix(&err, -EBUSY, "step %s", "grant"), -EBUSY);
	assert_string_equal(err_text(&err), "step grant: cause");
}

static void err_prefix__alone_has_no_colon(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_prefix(&err, -EIO, "step");
	assert_string_equal(err_text(&err), "step");
}

static void err_set__is_one_line_whatever_came_from_outside(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, -EIO, "driver said '%s'", "a\nocf-exit-reason:b\t\x7f\x1b[0m");
	assert_null(strpbrk(err_text(&err), "\n\t\x7f\x1b"));
}

static void err_prefix__cuts_what_is_too_long(void **state)
{
	struct err err = ERR_INIT;
	char text[3 * ERR_TEXT_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&err, -EIO, "%s", text);
	(void)err_prefix(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err_text(&err)), ERR_TEXT_MAX - 1);
}

static void err__null_is_legal(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_prefix(NULL, -EIO, "x"), -EIO);
	assert_string_equal(err_text(NULL), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set__returns_its_code),
		cmocka_unit_test(err_prefix__puts_the_caller_in_front),
		cmocka_unit_test(err_prefix__alone_has_no_colon),
		cmocka_unit_test(err_set__is_one_line_whatever_came_from_outside),
		cmocka_unit_test(err_prefix__cuts_what_is_too_long),
		cmocka_unit_test(err__null_is_legal),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
