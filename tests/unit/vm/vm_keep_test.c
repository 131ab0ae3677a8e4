/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/vm_keep.h"

static char root[64];
static char file[128];
static struct vm_settings settings = {.vm = "web1", .array = "san1"};
static struct config_host node1 = {.node = "node1", .initiator = "iqn.2026-11.org.example:node1"};

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(root, "/tmp/lunmask-keep-XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(file, sizeof(file), "%s/web1", root);
	return setenv(VM_KEEP_VARIABLE, root, 1);
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(root);
}

static struct vm_context vm_of(const char *lun)
{
	struct vm_context vm = {
		.settings = &settings,
		.node = "node1",
		.self = &node1,
		.array = {.name = "san1",
			  .driver = "lunmask-array-tgt",
			  .runner = {.transport = "ssh://lunmask@san1", .identity = "/etc/a key;"}},
		.lun_names = {lun, "web1-state"},
		.n_luns = 2,
	};

	return vm;
}

static void store(const char *lun, int wanted)
{
	struct vm_context vm = vm_of(lun);
	struct err err = ERR_INIT;
	int rc = vm_keep_store(&vm, &err);

	if (rc != wanted) {
		fail_msg("%d: %s", rc, err_text(&err));
	}
}

static void what_is_stored_is_enough(void **state)
{
	struct vm_context empty = {.settings = &settings};
	struct vm_keep *keep;

	(void)state;
	store("web1-root", 0);
	assert_int_equal(vm_keep_load("web1", &keep, NULL), 0);
	vm_keep_apply(keep, &empty);
	assert_string_equal(empty.array.name, "san1");
	assert_string_equal(empty.array.driver, "lunmask-array-tgt");
	assert_string_equal(empty.array.by, node1.initiator);
	assert_string_equal(empty.array.runner.transport, "ssh://lunmask@san1");
	assert_string_equal(empty.array.runner.identity, "/etc/a key;");
	assert_string_equal(empty.self->initiator, node1.initiator);
	assert_int_equal(empty.n_luns, 2);
	assert_string_equal(empty.lun_names[0], "web1-root");
	vm_keep_free(keep);
}

static void nothing_that_was_stored_is_forgotten(void **state)
{
	struct vm_context vm = vm_of("web1-data");
	struct vm_keep *keep;

	(void)state;
	store("web1-root", 0);
	store("web1-root", 0);
	store("web1-data", 0);
	assert_int_equal(vm_keep_load("web1", &keep, NULL), 0);
	vm_keep_apply(keep, &vm);
	assert_int_equal(vm.n_luns, 3);
	vm_keep_free(keep);
}

static void another_initiator_or_array_must_be_stopped_first(void **state)
{
	(void)state;
	store("web1-root", 0);
	node1.initiator = "iqn.2026-11.org.example:other";
	store("web1-root", -EBUSY);
	node1.initiator = "iqn.2026-11.org.example:node1";
	store("web1-root", 0);
}

static void only_a_missing_file_says_that_nothing_was_granted(void **state)
{
	static const char *const texts[] = {"", "[granted]\n", "[granted]\nluns=a;\n", "garbage"};
	struct vm_keep *keep;

	(void)state;
	assert_int_equal(vm_keep_load("web1", &keep, NULL), -ENOENT);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_true(g_file_set_contents(file, texts[i], -1, NULL));
		assert_int_equal(vm_keep_load("web1", &keep, NULL), -EBADMSG);
		store("web1-root", -EBADMSG);
	}
	assert_int_equal(vm_keep_remove("web1", NULL), 0);
	assert_int_equal(vm_keep_load("web1", &keep, NULL), -ENOENT);
	assert_int_equal(vm_keep_remove("web1", NULL), 0);
	store("web1-root", 0);
	assert_int_equal(chmod(file, 0602), 0);
	assert_int_equal(vm_keep_load("web1", &keep, NULL), -EACCES);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(what_is_stored_is_enough),
		T(nothing_that_was_stored_is_forgotten),
		T(another_initiator_or_array_must_be_stopped_first),
		T(only_a_missing_file_says_that_nothing_was_granted),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
