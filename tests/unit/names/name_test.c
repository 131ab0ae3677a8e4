/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "names/name.h"

static void name_made_of__takes_letters_digits_and_the_others(void **state)
{
	(void)state;
	assert_true(name_made_of("azAZ09", 6, ""));
	assert_true(name_made_of("-a.b-", 5, ".-"));
	assert_false(name_made_of("a_b", 9, ".-"));
	assert_false(name_made_of("a b", 9, ".-"));
	assert_false(name_made_of("a\n", 9, ".-"));
	assert_false(name_made_of("\xe4", 9, ".-"));
}

static void name_made_of__wants_one_to_max(void **state)
{
	(void)state;
	assert_false(name_made_of("", 3, "."));
	assert_true(name_made_of("abc", 3, "."));
	assert_false(name_made_of("abcd", 3, "."));
	assert_false(name_made_of("a", 0, "."));
}

static void name_valid__begins_with_a_letter_or_digit(void **state)
{
	(void)state;
	assert_true(name_valid("a.-", 3, ".-"));
	assert_true(name_valid("0", 1, ".-"));
	assert_false(name_valid("-a", 3, ".-"));
	assert_false(name_valid("", 3, ".-"));
	assert_false(name_valid("abcd", 3, ".-"));
}

static void vm_name_valid__is_one_rule_for_all(void **state)
{
	(void)state;
	assert_true(vm_name_valid("gtk+dev"));
	assert_true(vm_name_valid("0.a_b-c"));
	assert_false(vm_name_valid("+a"));
	assert_false(vm_name_valid("a b"));
	assert_false(vm_name_valid("b\xc3\xbcro"));
	assert_false(vm_name_valid(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_made_of__takes_letters_digits_and_the_others),
		cmocka_unit_test(name_made_of__wants_one_to_max),
		cmocka_unit_test(name_valid__begins_with_a_letter_or_digit),
		cmocka_unit_test(vm_name_valid__is_one_rule_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
