/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of lunmask adopt. */
#include "tests/unit/test.h"

#include <string.h>

#include "make/make_runs.h"

static char *words[] = {(char *)"web1", NULL};

static void wrong__knows_what_goes_together(void **state)
{
	struct make_options options = {.words = words};
	g_autofree char *plain = adopt_command_wrong(&options);
	g_autofree char *both = NULL;
	g_autofree char *only = NULL;
	g_autofree char *class = NULL;

	(void)state;
	assert_null(plain);
	options.abort = TRUE;
	only = adopt_command_wrong(&options);
	assert_null(only);
	options.eject = TRUE;
	both = adopt_command_wrong(&options);
	assert_non_null(strstr(both, "--abort takes no other option"));
	options = (struct make_options){.words = words, .class = (char *)"a b"};
	class = adopt_command_wrong(&options);
	assert_string_equal(class, "--class takes a word, not 'a b'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong__knows_what_goes_together),
	};

	return cmocka_run_group_tests_name("adopt_command", tests, NULL, NULL);
}
