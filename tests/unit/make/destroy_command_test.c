/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of lunmask destroy, and what it prints for the cluster. */
#include "tests/unit/test.h"

#include <string.h>

#include "make/create_resource.h"
#include "make/make_runs.h"

static char *words[] = {(char *)"web1", NULL};

static void wrong__knows_what_goes_together(void **state)
{
	struct make_options options = {.words = words};
	g_autofree char *plain = destroy_command_wrong(&options);
	g_autofree char *other = NULL;
	g_autofree char *same = NULL;
	g_autofree char *both = NULL;
	g_autofree char *only = NULL;

	(void)state;
	assert_null(plain);
	options.confirm = (char *)"web2";
	other = destroy_command_wrong(&options);
	assert_string_equal(other, "--confirm takes the name of the VM, 'web1', not 'web2'");
	options.confirm = (char *)"web1";
	options.wipe = TRUE;
	same = destroy_command_wrong(&options);
	assert_null(same);
	options.abort = TRUE;
	both = destroy_command_wrong(&options);
	assert_non_null(strstr(both, "--abort takes no other option"));
	options = (struct make_options){.words = words, .abort = TRUE};
	only = destroy_command_wrong(&options);
	assert_null(only);
}

static void remove__is_as_in_the_manual(void **state)
{
	g_autofree char *crm = create_remove_command(CREATE_CRM, "web1");
	g_autofree char *pcs = create_remove_command(CREATE_PCS, "web1");

	(void)state;
	assert_string_equal(crm, "crm configure delete web1");
	assert_string_equal(pcs, "pcs resource delete web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong__knows_what_goes_together),
		cmocka_unit_test(remove__is_as_in_the_manual),
	};

	return cmocka_run_group_tests_name("destroy_command", tests, NULL, NULL);
}
