/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "definition/definition_drives.h"

#define DISK(target, bus)                                                                          \
	"<disk type='network' device='disk'><target dev='" target "' bus='" bus "'/>"              \
	"<serial>of " target "</serial></disk>"
#define CDROM "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"
#define DOMAIN(devices) "<domain><devices>" devices "</devices></domain>"

static const struct drive drives[] = {
	{"vda", {"root", 0, 0}, false},
	{"vdc", {"more", 0, 0}, false},
	{"sdb", {"other", 0, 0}, false},
};

static char *fitted(const char *definition, size_t n, const char *said)
{
	struct err err = ERR_INIT;
	char *xml = NULL;
	char *told = NULL;

	if (definition_drives(definition, drives, n, &xml, &told, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(told, said);
	g_free(told);
	return xml;
}

static void definition_drives__adds_and_leaves_out(void **state)
{
	char *xml = fitted(DOMAIN(DISK("vda", "virtio") DISK("vdb", "virtio")), 2,
			   "vdb is left out, vdc is added");

	(void)state;
	assert_non_null(strstr(xml, "of vda"));
	assert_null(strstr(xml, "of vdb"));
	assert_non_null(strstr(xml, "<target dev=\"vdc\" bus=\"virtio\"/>"));
	g_free(xml);
}

static void definition_drives__leaves_what_fits(void **state)
{
	char *xml = fitted(DOMAIN(DISK("vda", "virtio") CDROM), 1, "");

	(void)state;
	assert_non_null(strstr(xml, "of vda"));
	assert_non_null(strstr(xml, "cdrom"));
	g_free(xml);
}

/* A CD-ROM's bus says nothing about disks. */
static void definition_drives__leaves_the_bus_to_libvirt(void **state)
{
	char *xml = fitted(DOMAIN(DISK("vda", "virtio") DISK("vdc", "virtio") CDROM), 3,
			   "sdb is added");

	(void)state;
	assert_non_null(strstr(xml, "<target dev=\"sdb\"/>"));
	g_free(xml);
}

static void definition_drives__refuses_what_is_no_definition(void **state)
{
	char *xml = NULL;
	char *told = NULL;

	(void)state;
	assert_int_equal(definition_drives("<domain/>", drives, 1, &xml, &told, NULL), -EINVAL);
	assert_int_equal(definition_drives("<x/>", drives, 1, &xml, &told, NULL), -EINVAL);
	assert_null(xml);
	assert_null(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_drives__adds_and_leaves_out),
		cmocka_unit_test(definition_drives__leaves_what_fits),
		cmocka_unit_test(definition_drives__leaves_the_bus_to_libvirt),
		cmocka_unit_test(definition_drives__refuses_what_is_no_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
