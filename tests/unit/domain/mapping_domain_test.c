/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a running domain, or a saved image, has in place of the VM's LUNs. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "domain/mapping.h"

#define DOMAIN(disks)                                                                              \
	"<domain type='qemu'><name>vm1</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"    \
	"<memory>65536</memory><os><type>hvm</type></os><devices>" disks "</devices></domain>"
#define DISK(attrs, inner) "<disk " attrs ">" inner "<target dev='vda' bus='virtio'/></disk>"
#define CDROM(inner)                                                                               \
	"<disk type='network' device='cdrom'>" inner "<target dev='sda'/><readonly/></disk>"
#define ISCSI "<source protocol='iscsi' name='iqn.x:t/7'/>"
#define ROOT DISK("type='network' device='disk'", ISCSI)
#define MEDIUM CDROM(ISCSI)

static const struct lun luns[] = {
	{"root", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
	{"iso", "naa.6002", 1 << 30, "iqn.2026-11.org.example:t2", 2},
	{"state", "naa.6003", 1 << 30, "iqn.2026-11.org.example:t3", 3},
};
static const struct mapping_host host = {
	.initiator = "iqn.2026-11.org.example:h1", .portal = "10.0.0.1:3260", luns, 3};
static struct mapping *mapping;

static int begin(void **state)
{
	static const struct drive drives[] = {{"vda", {"root", 0, 0}, false},
					      {"sda", {"iso", 0, 0}, true}};
	static const struct extent state_lun = {.lun = "state"};
	const struct mapping_source source = {
		.domain_xml = DOMAIN(ROOT MEDIUM),
		.vm = "vm1",
		.array = "san1",
		.drives = drives,
		.n_drives = 2,
		.state = &state_lun,
		.luns = luns,
		.n_luns = 3,
	};
	struct err err = ERR_INIT;

	(void)state;
	if (mapping_build(&source, &mapping, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	mapping_free(mapping);
	return 0;
}

static void moves(const char *definition)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	if (mapping_definition_xml(mapping, definition, &host, &xml, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_null(strstr(xml, "iqn.x:t/7"));
	assert_non_null(strstr(xml, "iqn.2026-11.org.example:t1/1"));
	assert_non_null(strstr(xml, "iqn.2026-11.org.example:t2/2"));
	free(xml);
}

static void refused(const char *definition, const char *said)
{
	struct err err = ERR_INIT;
	char *xml = NULL;
	int rc = mapping_definition_xml(mapping, definition, &host, &xml, &err);

	if (rc != -EINVAL || strstr(err_text(&err), said) == NULL) {
		fail_msg("%d: '%s' is not in '%s' for %s", rc, said, err_text(&err), definition);
	}
	assert_null(xml);
}

static void mapping_definition_xml__replaces_the_luns(void **state)
{
	(void)state;
	moves(DOMAIN(ROOT MEDIUM));
	moves(mapping->xml);
}

/* The guest would go on with another disk under the same name. */
static void mapping_definition_xml__replaces_no_other_disk(void **state)
{
	static const char said[] = "detach disk vda (virsh detach-disk vm1 vda)";

	(void)state;
	refused(DOMAIN(DISK("type='block' device='disk'", "<source dev='/dev/sdx'/>") MEDIUM),
		said);
	refused(DOMAIN(DISK("type='file'", "<source file='/srv/a.img'/>") MEDIUM), said);
	refused(DOMAIN(DISK("type='network'", "<source protocol='nbd' name='a'/>") MEDIUM), said);
	refused(DOMAIN(DISK("type='block' device='disk'", ISCSI) MEDIUM), said);
	refused(DOMAIN(DISK("type='network'", "") MEDIUM), said);
}

/* A format other than raw may name files of the host. */
static void mapping_definition_xml__takes_no_format_from_a_medium(void **state)
{
	(void)state;
	refused(DOMAIN(ROOT CDROM("<driver name='qemu' type='qcow2'/>" ISCSI)), "a LUN is raw");
	moves(DOMAIN(ROOT CDROM("<driver name='qemu' type='raw'/>" ISCSI)));
}

/* Only one would be replaced by the LUN, and libvirt might take the other. */
static void mapping_definition_xml__takes_each_part_once(void **state)
{
	(void)state;
	refused(DOMAIN(DISK("type='network'", ISCSI ISCSI) MEDIUM), "vda has <source> twice");
	refused(DOMAIN(ROOT CDROM(ISCSI "<source file='/etc/x'/>")), "sda has <source> twice");
	refused(DOMAIN(DISK("type='network'", "<target dev='vdb'/>" ISCSI) MEDIUM),
		"has <target> twice");
	refused(DOMAIN(DISK("type='network'", "<driver type='raw'/><driver type='qcow2'/>" ISCSI)),
		"has <driver> twice");
}

#define PLUGGED                                                                                    \
	"<disk type='network' device='disk'>" ISCSI                                                \
	"<target dev='vdc' bus='virtio'/><alias name='ua-lunmask-unit-san1__db-data'/></disk>"

/* I4: the LUN of a LogicalUnit goes its own way, so the guest goes nowhere with it. */
static void mapping_definition_xml__refuses_the_disk_of_a_unit(void **state)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	assert_int_equal(
		mapping_definition_xml(mapping, DOMAIN(ROOT MEDIUM PLUGGED), &host, &xml, &err),
		-EPERM);
	assert_non_null(strstr(err_text(&err), "stop the LogicalUnit of LUN db-data first"));
	assert_null(xml);
}

/* In a live migration that takes it along, to a host that is known to reach its LUN. */
static void mapping_definition_xml__takes_the_disk_of_a_unit_along(void **state)
{
	struct lun all[4];
	struct mapping_host there = host;
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	memcpy(all, host.luns, 3 * sizeof(all[0]));
	all[3] = (struct lun){.name = "db-data",
			      .designator = "naa.6009",
			      .target = "iqn.2026-11.org.example:t9",
			      .number = 9,
			      .size_bytes = 1 << 20};
	there.luns = all;
	there.carries_units = true;
	there.array = "san1";
	there.n_luns = 3;
	assert_int_equal(
		mapping_definition_xml(mapping, DOMAIN(ROOT MEDIUM PLUGGED), &there, &xml, &err),
		-EPERM);
	there.n_luns = 4;
	if (mapping_definition_xml(mapping, DOMAIN(ROOT MEDIUM PLUGGED), &there, &xml, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	/* Another array has a LUN of the same name. */
	there.array = "san2";
	{
		struct err other = ERR_INIT;
		char *none = NULL;

		assert_int_equal(mapping_definition_xml(mapping, DOMAIN(ROOT MEDIUM PLUGGED),
							&there, &none, &other),
				 -EPERM);
	}
	assert_non_null(strstr(xml, "iqn.2026-11.org.example:t9/9"));
	assert_non_null(strstr(xml, "ua-lunmask-unit-san1__db-data"));
	assert_null(strstr(xml, "iqn.x:t/7"));
	free(xml);
}

static void mapping_check_units__finds_them_before_anything_is_done(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mapping_check_units("vm1", DOMAIN(ROOT MEDIUM), &err), 0);
	assert_int_equal(mapping_check_units("vm1", DOMAIN(ROOT MEDIUM PLUGGED), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "order its resource after VM 'vm1'"));
	assert_int_equal(mapping_check_units("vm1", "<domain", &err), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mapping_definition_xml__replaces_the_luns),
		TEST(mapping_definition_xml__replaces_no_other_disk),
		TEST(mapping_definition_xml__takes_no_format_from_a_medium),
		TEST(mapping_definition_xml__takes_each_part_once),
		TEST(mapping_definition_xml__refuses_the_disk_of_a_unit),
		TEST(mapping_definition_xml__takes_the_disk_of_a_unit_along),
		TEST(mapping_check_units__finds_them_before_anything_is_done),
	};

	return cmocka_run_group_tests_name("mapping_domain", tests, NULL, NULL);
}
