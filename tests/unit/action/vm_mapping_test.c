/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/vm_stored.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "action/vm_mapping.h"

#define STORED                                                                                     \
	"<domain type='qemu'><name>web1</name><uuid>" VM_STORED_UUID "</uuid>"                     \
	"<memory>65536</memory><os><type>hvm</type></os><devices>" VM_STORED_DISK("vda")           \
		VM_STORED_DISK("vdb") "</devices></domain>"

static const struct vm_settings settings = {.vm = "web1", .array = "san1"};
static struct vm_context vm;

static int begin(void **state)
{
	(void)state;
	return vm_stored_begin(&vm, &settings, STORED, NULL);
}

static int end(void **state)
{
	(void)state;
	vm_stored_end(&vm);
	return 0;
}

static void adapted(size_t n_drives)
{
	struct err err = ERR_INIT;

	vm.n_drives = n_drives;
	if (vm_mapping_adapt(&vm, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_true(vm_mapping_has_drives(&vm, vm.mapping));
	assert_int_equal(vm.mapping->n_drives, n_drives);
}

static void vm_mapping_adapt__has_the_drives_of_luns(void **state)
{
	(void)state;
	assert_true(vm_mapping_has_drives(&vm, vm.mapping));
	vm.n_drives = 3;
	assert_false(vm_mapping_has_drives(&vm, vm.mapping));
	adapted(3);
	assert_int_equal(vm.mapping->revision, 4);
	assert_false(vm.mapping->complete);
	assert_string_equal(mapping_find(vm.mapping, "vdc")->designator, "naa.6004");
	adapted(1);
	assert_int_equal(vm.mapping->revision, 5);
	assert_null(strstr(vm.mapping->xml, "vdb"));
}

static void refused(size_t n_drives, const char *said)
{
	struct err err = ERR_INIT;

	vm.n_drives = n_drives;
	assert_int_equal(vm_mapping_adapt(&vm, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), said));
	assert_int_equal(vm.mapping->revision, 3);
}

/* I6: adding a drive does not let another volume in under the name of the others. */
static void vm_mapping_adapt__keeps_the_volumes(void **state)
{
	(void)state;
	strcpy(vm.luns[1].designator, "naa.6666");
	refused(3, "naa.6666");
	/* It is going to be no drive any more. */
	adapted(1);
}

static void vm_mapping_adapt__does_not_accept_a_smaller_lun(void **state)
{
	(void)state;
	vm.luns[0].size_bytes--;
	refused(3, "1073741823");
	vm.luns[0].size_bytes += 2;
	adapted(3);
	assert_int_equal(vm.mapping->drives[0].size_bytes, 1073741825);
}

static void vm_mapping_adapt__keeps_the_state_lun(void **state)
{
	(void)state;
	strcpy(vm.luns[2].designator, "naa.6666");
	refused(3, "LUN 'state'");
}

static void vm_mapping_is_ours__refuses_another_lun_for_a_drive(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_mapping_is_ours(&vm, vm.mapping, NULL), 0);
	strcpy(vm.drives[1].extent.lun, "more");
	assert_int_equal(vm_mapping_is_ours(&vm, vm.mapping, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "lunmask definition set"));
	strcpy(vm.drives[1].extent.lun, "data");
	vm.drives[1].extent.length_bytes = 512;
	assert_int_equal(vm_mapping_is_ours(&vm, vm.mapping, NULL), -EPERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_mapping_adapt__has_the_drives_of_luns),
		TEST(vm_mapping_adapt__keeps_the_volumes),
		TEST(vm_mapping_adapt__does_not_accept_a_smaller_lun),
		TEST(vm_mapping_adapt__keeps_the_state_lun),
		TEST(vm_mapping_is_ours__refuses_another_lun_for_a_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
