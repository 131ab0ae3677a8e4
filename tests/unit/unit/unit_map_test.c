/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit_disk.h"
#include "unit/unit_map.h"

static void unit_map_check__says_what_is_legal(void **state)
{
	static const char *const wrong[] = {
		"", "  ", "node1", "node1:", ":db1", "node1:db 1", "a:b c:d;", "a:b:c"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(unit_map_check("node1:db1 node2:db2", NULL), 0);
	assert_int_equal(unit_map_check(" n1.example.com:db-1\n\tn2:db-1 ", NULL), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(unit_map_check(wrong[i], &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), "node1:db1 node2:db2"));
	}
	assert_int_equal(unit_map_check("node1:db1 node1:db2", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "node 'node1' is named twice"));
}

static void unit_map_find__finds_the_vm_of_the_node(void **state)
{
	char vm[VM_NAME_MAX + 1];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(unit_map_find("node1:db1  node2:db2", "node2", vm, NULL), 0);
	assert_string_equal(vm, "db2");
	assert_int_equal(unit_map_find("node1:db1", "node", vm, &err), -ENODEV);
	assert_string_equal(vm, "");
	assert_non_null(strstr(err_text(&err), "add node:VM to vm_map"));
}

static const struct lun lun = {
	.name = "db.data", .target = "iqn.2026-11.org.example:t1", .number = 3};

static void unit_disk_xml__is_marked_as_the_units(void **state)
{
	struct unit_disk disk = {.array = "san1",
				 .lun = &lun,
				 .drive = "sdc",
				 .initiator = "iqn.2026-11.org.example:node1",
				 .portal = "[2001:db8::1]:3260"};
	char *xml = NULL;

	(void)state;
	assert_int_equal(unit_disk_xml(&disk, &xml, NULL), 0);
	assert_string_equal(
		xml,
		"<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none' "
		"error_policy='stop' rerror_policy='stop'/>"
		"<source protocol='iscsi' name='iqn.2026-11.org.example:t1/3'>"
		"<host name='2001:db8::1' port='3260'/><initiator>"
		"<iqn name='iqn.2026-11.org.example:node1'/></initiator></source>"
		"<target dev='sdc' bus='scsi'/>"
		"<alias name='ua-lunmask-unit-san1__db_2edata'/></disk>");
	g_free(xml);
	disk.drive = "hdc";
	assert_int_equal(unit_disk_xml(&disk, &xml, NULL), -EINVAL);
	disk.drive = "vdc";
	disk.portal = "san1:3260";
	assert_int_equal(unit_disk_xml(&disk, &xml, NULL), -EINVAL);
}

static void unit_disk_is__compares_the_address(void **state)
{
	static const char definition[] = "<domain><devices><disk><source protocol='iscsi' "
					 "name='iqn.2026-11.org.example:t1/3'/><target "
					 "dev='vdc'/></disk></devices></domain>";
	struct lun other = lun;

	(void)state;
	assert_true(unit_disk_is(definition, "vdc", &lun));
	assert_false(unit_disk_is(definition, "vdd", &lun));
	other.number = 4;
	assert_false(unit_disk_is(definition, "vdc", &other));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_map_check__says_what_is_legal),
		cmocka_unit_test(unit_map_find__finds_the_vm_of_the_node),
		cmocka_unit_test(unit_disk_xml__is_marked_as_the_units),
		cmocka_unit_test(unit_disk_is__compares_the_address),
	};

	return cmocka_run_group_tests_name("unit_map", tests, NULL, NULL);
}
