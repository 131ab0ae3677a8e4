/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/process/qemu_player.h"
#include "vm/vm_keep.h"
#include "vm/vm_lun_owner.h"

/*
 * libvirt does not answer. web1's parameters name LUNs of web2: which of them does a stop of web1
 * take away?
 */
static char root[64];
static char target[64]; /* no process beside the test has it */
static int array_answer;
static unsigned int array_asked;
static struct vm_settings web1 = {.vm = "unit-web1", .array = "san1"};
static struct vm_settings web2 = {.vm = "unit-web2", .array = "san1"};
static struct config_host node1 = {.node = "node1", .initiator = "iqn.2026-11.org.example:node1"};

int __wrap_array_luns(const struct array *array, const char *const *names, size_t count,
		      const char *initiator, struct deadline deadline, struct lun *ret_luns,
		      struct err *err);

int __wrap_array_luns(const struct array *array, const char *const *names, size_t count,
		      const char *initiator, struct deadline deadline, struct lun *ret_luns,
		      struct err *err)
{
	(void)array;
	(void)names;
	(void)deadline;
	assert_int_equal(count, 1);
	assert_string_equal(initiator, node1.initiator);
	array_asked++;
	if (array_answer != 0) {
		return err_set(err, array_answer, "not now");
	}
	*ret_luns = (struct lun){.number = 7};
	(void)snprintf(ret_luns->target, sizeof(ret_luns->target), "%s", target);
	return 0;
}

/* What the cluster's configuration says. */
static const char *resources;

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret_xml = g_strdup(resources);
	return 0;
}

static struct vm_context vm_of(const struct vm_settings *settings, const char *lun)
{
	struct vm_context vm = {
		.settings = settings,
		.node = "node1",
		.self = &node1,
		.array = {.name = "san1",
			  .driver = "lunmask-array-tgt",
			  .runner = {.transport = "ssh://lunmask@san1"}},
		.lun_names = {lun, "state"},
		.n_luns = 2,
	};

	return vm;
}

static int remove_all(void *unused)
{
	g_autofree char *one = vm_keep_path("unit-web1");
	g_autofree char *two = vm_keep_path("unit-web2");
	g_autofree char *other = vm_keep_path("not a VM;");
	g_autofree char *unit = vm_keep_path("san1+root");

	(void)unused;
	(void)unlink(unit);
	(void)unlink(one);
	(void)unlink(two);
	(void)unlink(other);
	return rmdir(root);
}

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(root, "/tmp/lunmask-owner-XXXXXX");
	assert_non_null(mkdtemp(root));
	undo_setenv(VM_KEEP_VARIABLE, root);
	undo_later(remove_all, NULL);
	(void)snprintf(target, sizeof(target), "iqn.2026-11.org.example:owner-%d", (int)getpid());
	array_answer = -EPERM;
	array_asked = 0;
	return 0;
}

static void granted(const struct vm_settings *settings, const char *lun)
{
	struct vm_context vm = vm_of(settings, lun);
	struct err err = ERR_INIT;

	if (vm_keep_store(&vm, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static void qemu_of(const char *vm, const char *drive)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "guest=%s,debug-threads=on", vm);
	(void)qemu_player_start(false,
				(const char *const[]){"-name", name, "-blockdev", drive, NULL});
}

/* What of LUN "root" and "state" is left to be revoked, as a text. */
static const char *left(void)
{
	static char text[64];
	struct vm_context vm = vm_of(&web1, "root");

	vm_lun_owner_leave_out(&vm, deadline_in(TEST_LIMIT_MS));
	(void)snprintf(text, sizeof(text), "%s %s", vm.n_luns > 0 ? vm.lun_names[0] : "-",
		       vm.n_luns > 1 ? vm.lun_names[1] : "-");
	return text;
}

static void what_only_it_names_is_its_own(void **state)
{
	(void)state;
	granted(&web1, "root");
	granted(&web2, "other");
	/* web2's state LUN has the same name, but web2 does not run. */
	assert_string_equal(left(), "root state");
}

static void what_a_running_VM_was_granted_is_kept(void **state)
{
	(void)state;
	granted(&web2, "root");
	qemu_of("unit-web2", "driver=null");
	assert_string_equal(left(), "- -");
}

static void what_a_VM_was_granted_on_another_array_has_only_the_name(void **state)
{
	struct vm_settings elsewhere = {.vm = "unit-web2", .array = "san2"};
	struct vm_context vm = vm_of(&elsewhere, "root");

	(void)state;
	vm.array.name = "san2";
	assert_int_equal(vm_keep_store(&vm, NULL), 0);
	qemu_of("unit-web2", "driver=null");
	assert_string_equal(left(), "root state");
}

static void what_any_QEMU_was_started_with_is_kept(void **state)
{
	char drive[128];

	(void)state;
	(void)snprintf(drive, sizeof(drive), "driver=iscsi,target=%s,lun=7", target);
	array_answer = 0;
	assert_string_equal(left(), "root state");
	qemu_of("unit-stranger", drive);
	assert_string_equal(left(), "- -");
}

static void its_own_QEMU_is_nobody_else(void **state)
{
	char drive[128];

	(void)state;
	(void)snprintf(drive, sizeof(drive), "driver=iscsi,target=%s,lun=7", target);
	array_answer = 0;
	granted(&web1, "root");
	qemu_of("unit-web1", drive);
	assert_string_equal(left(), "root state");
}

static void a_silent_array_is_asked_once(void **state)
{
	(void)state;
	array_answer = -ETIMEDOUT;
	assert_string_equal(left(), "root state");
	assert_int_equal(array_asked, 1);
	array_answer = -ENXIO;
	assert_string_equal(left(), "root state");
	assert_int_equal(array_asked, 3);
}

static void a_file_of_no_VM_is_passed_over(void **state)
{
	g_autofree char *path = vm_keep_path("not a VM;");

	(void)state;
	assert_true(g_file_set_contents(path, "garbage", -1, NULL));
	assert_string_equal(left(), "root state");
}

/* No command line shows which guest has it. */
static void what_a_unit_was_granted_is_kept(void **state)
{
	static struct vm_settings unit = {.vm = "san1+root", .array = "san1"};
	struct vm_context vm = vm_of(&unit, "root");

	(void)state;
	vm.n_luns = 1;
	assert_int_equal(vm_keep_store(&vm, NULL), 0);
	assert_string_equal(left(), "state -");
}

#define UNIT(id, lun)                                                                              \
	"<primitive id='" id "' class='ocf' provider='lunmask' type='LogicalUnit'>"                \
	"<instance_attributes id='i-" id "'><nvpair id='a-" id "' name='array' value='san1'/>"     \
	"<nvpair id='l-" id "' name='lun' value='" lun "'/></instance_attributes></primitive>"

static void a_lun_of_a_unit_is_no_vm_s(void **state)
{
	struct vm_context vm = vm_of(&web1, "root");
	struct err err = ERR_INIT;

	(void)state;
	resources = "<resources>" UNIT("d", "other") "</resources>";
	assert_int_equal(vm_lun_owner_check_new(&vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	resources = "<resources>" UNIT("d", "other") UNIT("e", "root") "</resources>";
	assert_int_equal(vm_lun_owner_check_new(&vm, deadline_in(TEST_LIMIT_MS), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "it belongs to the LogicalUnit e"));
}

static void a_lun_has_one_unit(void **state)
{
	static struct vm_settings unit = {.vm = "san1+root", .array = "san1"};
	struct vm_context vm = vm_of(&unit, "root");
	struct err err = ERR_INIT;

	(void)state;
	vm.n_luns = 1;
	resources = "<resources>" UNIT("e", "root") "</resources>";
	assert_int_equal(vm_lun_owner_check_new(&vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	resources = "<resources>" UNIT("e", "root") UNIT("f", "root") "</resources>";
	assert_int_equal(vm_lun_owner_check_new(&vm, deadline_in(TEST_LIMIT_MS), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "remove one of the resources e and f"));
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, undo_all)
		T(what_only_it_names_is_its_own),
		T(what_a_running_VM_was_granted_is_kept),
		T(what_a_VM_was_granted_on_another_array_has_only_the_name),
		T(what_any_QEMU_was_started_with_is_kept),
		T(its_own_QEMU_is_nobody_else),
		T(a_silent_array_is_asked_once),
		T(a_file_of_no_VM_is_passed_over),
		T(what_a_unit_was_granted_is_kept),
		T(a_lun_of_a_unit_is_no_vm_s),
		T(a_lun_has_one_unit),
#undef T
	};

	(void)argc;
	qemu_player_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
