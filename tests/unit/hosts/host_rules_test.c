/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "hosts/host_rules.h"

/* tests/rules has what is printed; tests/rules/rules_test.sh gives it to crm and pcs. */
#define LIMIT_MS 60000
#define PAIR(name, value) "<nvpair id='p' name='" name "' value='" value "'/>"
#define SET(pairs) "<instance_attributes id='s'>" pairs "</instance_attributes>"
#define VM(id, vm, array)                                                                          \
	"<primitive id='" id "' class='ocf' provider='lunmask' type='VirtualMachine'>" SET(        \
		PAIR("vm", vm) array) "</primitive>"
#define PATHS(pairs)                                                                               \
	"<clone id='c'><primitive id='p' class='ocf' provider='lunmask' type='ArrayPaths'>" SET(   \
		pairs) "</primitive></clone>"
#define VMS                                                                                        \
	VM("web1", "web1", PAIR("array", "san1"))                                                  \
	VM("web2;x", "web2", PAIR("array", "san1")) VM("web3", "web3", "")

static const char *resources;
static struct host_rules rules;
static char *output;

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	if (resources == NULL) {
		return err_set(err, -ENOTCONN, "no CIB");
	}
	*ret_xml = g_strdup(resources);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_rules_release(&rules);
	free(output);
	output = NULL;
	return 0;
}

static int get(const char *vm, struct err *err)
{
	host_rules_release(&rules);
	return host_rules_get(vm, deadline_in(LIMIT_MS), &rules, err);
}

static void print(enum host_rules_shell shell)
{
	size_t bytes;
	FILE *file;

	free(output);
	file = open_memstream(&output, &bytes);
	host_rules_print(&rules, shell, file);
	assert_int_equal(fclose(file), 0);
}

static void is_file(const char *name)
{
	g_autofree char *path = g_build_filename(RULES, name, NULL);
	g_autofree char *want = NULL;

	assert_true(g_file_get_contents(path, &want, NULL, NULL));
	assert_string_equal(output, want);
}

static void host_rules_print__with_the_clone_if_there_is_none(void **state)
{
	(void)state;
	resources = "<resources>" VMS "</resources>";
	assert_int_equal(get("web1", NULL), 0);
	print(HOST_RULES_CRM);
	is_file("new.crm");
	print(HOST_RULES_PCS);
	is_file("new.pcs");
}

static void host_rules_print__with_the_names_that_there_are(void **state)
{
	(void)state;
	resources = "<resources>" VMS PATHS(PAIR("name", "p.")) "</resources>";
	assert_int_equal(get("web1", NULL), 0);
	print(HOST_RULES_CRM);
	assert_string_equal(output, "# crm: never on a node without a path to array san1\n"
				    "crm configure location web1-paths web1 \\\n"
				    "  rule -inf: not_defined p.san1 or p.san1 number:lt 1\n"
				    "# crm: rather where there are more paths\n"
				    "crm configure location web1-more-paths web1 \\\n"
				    "  rule p.san1: defined p.san1\n");
	resources = "<resources>" VMS PATHS("") "</resources>";
	assert_int_equal(get("web1", NULL), 0);
	print(HOST_RULES_PCS);
	assert_non_null(
		strstr(output, "  not_defined lunmask-san1 or lunmask-san1 lt integer 1\n"));
	assert_null(strstr(output, "resource create"));
}

static void host_rules_get__refuses(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	resources = "<resources>" VMS "</resources>";
	assert_int_equal(get("web9", &err), -ENOENT);
	assert_string_equal(err_text(&err), "the cluster has no VM 'web9'");
	assert_int_equal(get("web2", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "resource web2;x, array san1: a name has"));
	assert_int_equal(get("web3", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "the array of VM web3 is not known"));
	resources = NULL;
	assert_int_equal(get("web1", &err), -ENOTCONN);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(host_rules_print__with_the_clone_if_there_is_none),
		TEST(host_rules_print__with_the_names_that_there_are),
		TEST(host_rules_get__refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
