/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "definition/definition_part.h"

#define OURS(attrs, drives)                                                                        \
	"<metadata><l:mapping xmlns:l='urn:x-lunmask:mapping:1' array='san1'" attrs ">" drives     \
	"<l:state lun='s'/></l:mapping></metadata>"
#define DRIVE(target, lun, more) "<l:drive target='" target "' lun='" lun "'" more "/>"
#define DISK(target) "<disk><target dev='" target "'/></disk>"
#define DOMAIN(head, disks) "<domain>" head "<devices>" disks "</devices></domain>"
#define TWO                                                                                        \
	DOMAIN(OURS(" revision='4'",                                                               \
		    DRIVE("vda", "root", "") DRIVE("vdb", "all", " offset='512' length='1024'")),  \
	       DISK("vda") DISK("vdb"))

static const struct drive drives[] = {
	{"vda", {"root", 0, 0}, false},
	{"vdb", {"all", 512, 1024}, false},
	{"vdc", {"more", 0, 0}, false},
};

static void definition_disk__is_the_element(void **state)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	assert_int_equal(definition_disk(TWO, "vdb", &xml, NULL), 0);
	assert_non_null(strstr(xml, "<disk>"));
	assert_non_null(strstr(xml, "vdb"));
	assert_null(strstr(xml, "vda"));
	g_free(xml);
	assert_int_equal(definition_disk(TWO, "vdc", &xml, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "vdc"));
	assert_true(definition_has_disk(TWO, "vda"));
	assert_false(definition_has_disk(TWO, "vdc"));
	assert_false(definition_has_disk("<x/>", "vda"));
}

static void definition_disk_source__is_iscsi(void **state)
{
	static const char xml[] = DOMAIN(
		"", "<disk><target dev='vda'/><source protocol='iscsi' name='iqn.x:t/1'/></disk>"
		    "<disk><target dev='vdb'/><source protocol='nbd' name='iqn.x:t/1'/></disk>"
		    "<disk><target dev='vdc'/><source file='/x'/></disk>" DISK("vdd"));
	static const char *const others[] = {"vdb", "vdc", "vdd", "vde"};
	char *source = definition_disk_source(xml, "vda");

	(void)state;
	assert_string_equal(source, "iqn.x:t/1");
	g_free(source);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		assert_null(definition_disk_source(xml, others[i]));
	}
	assert_null(definition_disk_source("<x/>", "vda"));
}

/* As virDomainSetMetadata() wants it. */
static void definition_mapping__has_no_namespace(void **state)
{
	char *xml = NULL;

	(void)state;
	assert_int_equal(definition_mapping(TWO, 3, &xml, NULL), 0);
	assert_int_equal(strncmp(xml, "<mapping ", 9), 0);
	assert_non_null(strstr(xml, "revision=\"3\""));
	assert_non_null(strstr(xml, "<drive target=\"vda\" lun=\"root\"/>"));
	assert_null(strstr(xml, "xmlns"));
	g_free(xml);
	assert_int_equal(definition_mapping("<domain/>", 3, &xml, NULL), -ENOENT);
	assert_int_equal(definition_revision(TWO), 4);
	assert_int_equal(definition_revision("<domain/>"), 1);
	assert_int_equal(definition_revision("<x/>"), 0);
}

static void definition_maps__compares_drives_and_luns(void **state)
{
	struct drive other[2] = {drives[0], drives[1]};

	(void)state;
	assert_true(definition_maps(TWO, drives, 2));
	assert_true(definition_maps_drive(TWO, &drives[1]));
	assert_false(definition_maps_drive(TWO, &drives[2]));
	assert_false(definition_maps_drive("<x/>", &drives[0]));
	assert_false(definition_maps(TWO, drives, 1));
	assert_false(definition_maps(TWO, drives, 3));
	assert_false(definition_maps(TWO, drives + 1, 2));
	other[1].extent.length_bytes = 2048;
	assert_false(definition_maps(TWO, other, 2));
	other[1] = drives[1];
	strcpy(other[0].extent.lun, "boot");
	assert_false(definition_maps(TWO, other, 2));
	assert_false(definition_maps_drive(TWO, &other[0]));
	assert_false(definition_maps("<domain/>", drives, 2));
	assert_false(definition_maps("<x/>", drives, 2));
}

/* Their namespace is gone with the element's. */
static void definition_mapping__has_no_attribute_of_a_namespace(void **state)
{
	char *xml = NULL;

	(void)state;
	assert_int_equal(definition_mapping("<domain><metadata><l:mapping l:revision='9' array='a' "
					    "xmlns:l='urn:x-lunmask:mapping:1'>"
					    "<l:drive l:x='1' target='vda' lun='root'/></l:mapping>"
					    "</metadata></domain>",
					    3, &xml, NULL),
			 0);
	assert_non_null(strstr(xml, "<mapping array=\"a\" revision=\"3\">"));
	assert_non_null(strstr(xml, "<drive target=\"vda\" lun=\"root\"/>"));
	g_free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_disk__is_the_element),
		cmocka_unit_test(definition_disk_source__is_iscsi),
		cmocka_unit_test(definition_mapping__has_no_namespace),
		cmocka_unit_test(definition_mapping__has_no_attribute_of_a_namespace),
		cmocka_unit_test(definition_maps__compares_drives_and_luns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
