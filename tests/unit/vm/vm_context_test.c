/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/vm_context.h"

static const char CONF[] =
	"[array san1]\ndriver = d\ntransport = exec\nportals = 10.0.0.1:3260\n"
	"[array hdd-south10]\ndriver = d\ntransport = exec\nportals = 10.0.0.2:3260\n"
	"[array test-test6]\ndriver = d\ntransport = exec\nportals = 10.0.0.3:3260\n"
	"[host node1]\ninitiator = iqn.2026-11.x:node1\n"
	"[host node2]\ninitiator = iqn.2026-11.x:node2\n";

static int open_of(char *array, char *node, struct vm_context **ret)
{
	static const char *const luns[] = {"web1-root"};
	char file[] = "/tmp/lunmask-conf-XXXXXX";
	static struct vm_settings settings;
	int fd = mkstemp(file);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, CONF, sizeof(CONF) - 1), sizeof(CONF) - 1);
	assert_int_equal(close(fd), 0);
	settings = (struct vm_settings){.array = array, .node = node};
	assert_int_equal(setenv("LUNMASK_CONF", file, 1), 0);
	rc = vm_context_open_luns(&settings, luns, 1, deadline_in(TEST_LIMIT_MS), ret, NULL);
	assert_int_equal(unsetenv("LUNMASK_CONF"), 0);
	assert_int_equal(unlink(file), 0);
	return rc;
}

static int open_on(char *node, struct vm_context **ret)
{
	static char array[] = "san1";

	return open_of(array, node, ret);
}

/* Otherwise the array would not know that it is a fenced host that asks. */
static void vm_context__asks_the_array_as_this_host(void **state)
{
	struct vm_context *vm = NULL;
	char node[] = "node2";

	(void)state;
	assert_int_equal(open_on(node, &vm), 0);
	assert_string_equal(vm->array.by, "iqn.2026-11.x:node2");
	assert_string_equal(vm->array.name, "san1");
	vm_context_free(vm);
}

static void vm_context__is_for_hosts_only(void **state)
{
	struct vm_context *vm = NULL;
	char node[] = "node3";

	(void)state;
	assert_int_equal(open_on(node, &vm), -ENOENT);
	assert_null(vm);
}

/* Also where the array has one portal. */
static void vm_context__knows_where_logins_are_redirected(void **state)
{
	struct vm_context *vm = NULL;
	char node[] = "node1";

	(void)state;
	assert_int_equal(open_on(node, &vm), 0);
	assert_string_equal(vm->redirect, "127.14.172.34:860");
	vm_context_free(vm);
}

/* The names of these arrays give one address: nobody could tell which one is meant. */
static void vm_context__redirects_no_guest_of_twins(void **state)
{
	struct vm_context *vm = NULL;
	char array[] = "test-test6";
	char node[] = "node1";

	(void)state;
	assert_int_equal(open_of(array, node, &vm), 0);
	assert_string_equal(vm->redirect, "");
	vm_context_free(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_context__asks_the_array_as_this_host),
		cmocka_unit_test(vm_context__is_for_hosts_only),
		cmocka_unit_test(vm_context__knows_where_logins_are_redirected),
		cmocka_unit_test(vm_context__redirects_no_guest_of_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
