/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "names/name.h"
#include "names/unit_name.h"

/* Each is as long as a name may be. */
#define LONGEST "a.............................................................z"

static void unit_key__is_a_legal_name_in_the_journal(void **state)
{
	char key[VM_NAME_MAX + 1];

	(void)state;
	assert_int_equal(strlen(LONGEST), LUN_NAME_MAX);
	unit_key("san1", "db-data", key);
	assert_string_equal(key, "san1+db-data");
	assert_true(vm_name_valid(key));
	unit_key(LONGEST, LONGEST, key);
	assert_int_equal(strlen(key), VM_NAME_MAX);
	assert_true(vm_name_valid(key));
}

static void unit_key_is__knows_the_form(void **state)
{
	(void)state;
	assert_true(unit_key_is("san1+db-data"));
	assert_false(unit_key_is("web1"));
	assert_false(unit_key_is("web+"));
	assert_false(unit_key_is("+web"));
	assert_false(unit_key_is("a+b+c"));
}

static void back(const char *array, const char *lun)
{
	char alias[UNIT_ALIAS_MAX + 1];
	char got_array[LUN_NAME_MAX + 1], got_lun[LUN_NAME_MAX + 1];

	unit_alias(array, lun, alias);
	assert_int_equal(strspn(alias, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_-"),
			 strlen(alias));
	assert_true(unit_alias_parse(alias, got_array, got_lun));
	assert_string_equal(got_array, array);
	assert_string_equal(got_lun, lun);
}

static void unit_alias__is_legal_for_libvirt_and_says_which_lun(void **state)
{
	char alias[UNIT_ALIAS_MAX + 1];

	(void)state;
	unit_alias("san1", "db-data", alias);
	assert_string_equal(alias, "ua-lunmask-unit-san1__db-data");
	back("san1", "db-data");
	back("s.a_n__1", "db.data_2");
	back("s_", "d-");
	back(LONGEST, LONGEST);
}

static void unit_alias_parse__refuses_the_rest(void **state)
{
	static const char *const others[] = {
		"virtio-disk0",           "ua-mine",
		"ua-lunmask-unit-",       "ua-lunmask-unit-san1",
		"ua-lunmask-unit-__x",    "ua-lunmask-unit-san1__",
		"ua-lunmask-unit-a__b_g", "ua-lunmask-unit-a__b_2",
	};
	char array[LUN_NAME_MAX + 1], lun[LUN_NAME_MAX + 1];

	(void)state;
	assert_false(unit_alias_parse(NULL, array, lun));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(unit_alias_parse(others[i], array, lun));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_key__is_a_legal_name_in_the_journal),
		cmocka_unit_test(unit_key_is__knows_the_form),
		cmocka_unit_test(unit_alias__is_legal_for_libvirt_and_says_which_lun),
		cmocka_unit_test(unit_alias_parse__refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
