/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "names/host_name.h"

static const char *nodename;

/* The kernel's name is the test's to say. */
int uname(struct utsname *ret)
{
	memset(ret, 0, sizeof(*ret));
	(void)snprintf(ret->nodename, sizeof(ret->nodename), "%s", nodename);
	return 0;
}

static void host_name_is_kernels__in_full_or_the_first_part(void **state)
{
	(void)state;
	nodename = "Node1.example.org";
	assert_true(host_name_is_kernels("node1"));
	assert_true(host_name_is_kernels("node1.EXAMPLE.org"));
	nodename = "node1";
	assert_true(host_name_is_kernels("node1"));
}

static void host_name_is_kernels__of_no_other(void **state)
{
	static const char *const others[] = {"",       "node",   "node2",
					     "node10", "node1.", "node1.example"};

	(void)state;
	nodename = "node1.example.org";
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		assert_false(host_name_is_kernels(others[i]));
	}
	nodename = "node1";
	assert_false(host_name_is_kernels("node1.example.org"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_name_is_kernels__in_full_or_the_first_part),
		cmocka_unit_test(host_name_is_kernels__of_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
