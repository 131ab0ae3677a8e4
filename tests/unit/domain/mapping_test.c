/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/mapping.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define HEAD "<domain type='qemu' id='7'><name>vm1</name><uuid>" UUID "</uuid>"
#define MEMORY "<memory unit='MiB'>64</memory>"
#define OS "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
#define VDA                                                                                        \
	"<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='unsafe' "         \
	"discard='unmap'/><source file='/var/x.qcow2'/><target dev='vda' bus='virtio'/>"           \
	"<serial>S1</serial><boot order='1'/></disk>"
#define VDB "<disk type='block'><source dev='/dev/sdx'/><target dev='vdb' bus='virtio'/></disk>"
#define PLAIN HEAD MEMORY OS "<devices>" VDA VDB "</devices></domain>"
#define INITIATOR "iqn.2026-11.org.example:node1"

static const struct lun luns[] = {
	{"root", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
	{"all", "naa.6002", 1 << 30, "iqn.2026-11.org.example:t2", 12},
};

static const struct drive drives[] = {
	{"vda", {"root", 0, 0}},
	{"vdb", {"all", 1048576, 2097152}},
};

static const struct extent state_extent = {"all", 536870912, 0};

static struct mapping_source source_of(const char *xml)
{
	return (struct mapping_source){.domain_xml = xml,
				       .vm = "vm1",
				       .array = "san1",
				       .drives = drives,
				       .n_drives = 2,
				       .state = &state_extent,
				       .luns = luns,
				       .n_luns = 2};
}

static struct mapping_host host_of(const char *portal)
{
	return (struct mapping_host){
		.initiator = INITIATOR, .portal = portal, .luns = luns, .n_luns = 2};
}

static struct mapping *built(const char *xml)
{
	struct mapping_source source = source_of(xml);
	struct mapping *mapping = NULL;
	struct err err = ERR_INIT;

	if (mapping_build(&source, &mapping, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
	return mapping;
}

static void build_refused(const char *xml, const char *said)
{
	struct mapping_source source = source_of(xml);
	struct mapping *mapping = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(mapping_build(&source, &mapping, &err), -EINVAL);
	assert_null(mapping);
	if (strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s'", said, err_text(&err));
	}
}

static void parse_refused(const char *xml, size_t bytes, const char *said)
{
	struct mapping *mapping = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(mapping_parse(xml, bytes, &mapping, &err), -EINVAL);
	assert_null(mapping);
	if (strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s'", said, err_text(&err));
	}
}

static void mapping_build__says_what_the_drives_are(void **state)
{
	struct mapping *mapping = built(PLAIN);

	(void)state;
	assert_string_equal(mapping->vm, "vm1");
	assert_string_equal(mapping->uuid, UUID);
	assert_string_equal(mapping->array, "san1");
	assert_int_equal(mapping->n_drives, 2);
	assert_string_equal(mapping->drives[1].designator, "naa.6002");
	assert_true(mapping->drives[1].drive.extent.offset_bytes == 1048576);
	assert_true(mapping->drives[1].drive.extent.length_bytes == 2097152);
	assert_string_equal(mapping->state.drive.extent.lun, "all");
	assert_true(mapping->state.drive.extent.offset_bytes == 536870912);
	assert_true(mapping->memory_bytes == 64 << 20);
	mapping_free(mapping);
}

static void mapping_build__names_no_host(void **state)
{
	struct mapping *mapping = built(PLAIN);

	(void)state;
	assert_null(strstr(mapping->xml, "/dev/sdx"));
	assert_null(strstr(mapping->xml, "/var/x.qcow2"));
	assert_null(strstr(mapping->xml, "id=\"7\""));
	assert_null(strstr(mapping->xml, "<initiator>"));
	assert_non_null(strstr(mapping->xml, "array.invalid"));
	mapping_free(mapping);
}

static void mapping_build__reads_its_own_file_again(void **state)
{
	struct mapping *first = built(PLAIN);
	struct mapping *again = built(first->xml);
	struct mapping *parsed = NULL;

	(void)state;
	assert_string_equal(first->xml, again->xml);
	assert_int_equal(mapping_parse(first->xml, strlen(first->xml), &parsed, NULL), 0);
	assert_memory_equal(parsed->drives, first->drives, 2 * sizeof(*first->drives));
	mapping_free(first);
	mapping_free(again);
	mapping_free(parsed);
}

static void mapping_build__keeps_foreign_metadata(void **state)
{
	struct mapping *mapping = built(HEAD MEMORY OS "<metadata><x:a xmlns:x='urn:x'/></metadata>"
						       "<devices>" VDA VDB "</devices></domain>");

	(void)state;
	assert_non_null(strstr(mapping->xml, "x:a"));
	assert_non_null(strstr(mapping->xml, "lunmask:state"));
	mapping_free(mapping);
}

static void mapping_build__refuses_what_is_bound_to_a_host(void **state)
{
	static const struct {
		const char *device;
		const char *said;
	} rows[] = {
		{"<hostdev mode='subsystem' type='pci'/>", "<hostdev> is refused"},
		{"<filesystem type='mount'/>", "<filesystem> is refused"},
		{"<shmem name='x'/>", "<shmem> is refused"},
		{"<tpm model='tpm-crb'><backend type='emulator'/></tpm>", "<tpm> is refused"},
		{"<interface type='hostdev'/>", "type='hostdev'"},
		{"<memory model='nvdimm'/>", "model='nvdimm'"},
		{"<serial type='dev'><source path='/dev/ttyS0'/></serial>", "type='dev'"},
		{"<emulator>/tmp/evil</emulator>", "/tmp/evil"},
		{"<emulator>/usr/../tmp/evil</emulator>", "below /usr/"},
		{"<disk type='file' device='cdrom'><source file='/a.iso'/><target "
		 "dev='sda'/></disk>",
		 "eject it"},
		{"<disk type='file'><source file='/a'/><target dev='vdc'/></disk>", "vdc=LUN"},
		{"<disk type='file' device='lun'><target dev='vdc'/></disk>", "device='lun'"},
		{"<disk type='file'><target dev='vdc'/><shareable/></disk>", "<shareable>"},
		{"<disk type='file'><target dev='../x'/></disk>", "'../x'"},
		{"<disk type='file'><source><encryption/></source><target dev='vdc'/></disk>",
		 "<encryption>"},
	};
	char xml[4096];
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		(void)snprintf(xml, sizeof(xml), "%s%s</devices></domain>",
			       HEAD MEMORY OS "<devices>" VDA VDB, rows[i].device);
		build_refused(xml, rows[i].said);
	}
}

static void mapping_build__refuses_a_domain_it_cannot_move(void **state)
{
	(void)state;
	build_refused("<domain><name>vm1</name>" MEMORY OS "<devices/></domain>", "uuidgen");
	build_refused("<domain><name>vm2</name><uuid>" UUID "</uuid>" OS "<devices/></domain>",
		      "'vm2'; the resource's vm is 'vm1'");
	build_refused("<domain><name>a/b</name></domain>", "'a/b'");
	build_refused(HEAD OS "<devices>" VDA VDB "</devices></domain>", "no <memory>");
	build_refused(HEAD MEMORY OS "<devices>" VDA "</devices></domain>", "2 drives are named");
	build_refused(HEAD MEMORY "<os firmware='efi'/><devices/></domain>", "UEFI");
	build_refused(HEAD MEMORY "<os><nvram>/x</nvram></os><devices/></domain>", "<nvram>");
	build_refused(HEAD MEMORY OS "<devices/><q:commandline xmlns:q='urn:q'/></domain>",
		      "<q:commandline> is refused");
	build_refused("<network/>", "<network>");
	build_refused("no XML", "not XML, line 1");
}

static void mapping_build__refuses_a_slice_beyond_its_lun(void **state)
{
	struct drive beyond[] = {{"vda", {"root", 1 << 30, 0}}, {"vdb", {"all", 0, 512}}};
	struct mapping_source source = source_of(PLAIN);
	struct mapping *mapping = NULL;
	struct err err = ERR_INIT;

	(void)state;
	source.drives = beyond;
	assert_int_equal(mapping_build(&source, &mapping, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "beyond LUN 'root'"));
	beyond[0].extent = (struct extent){"nix", 0, 0};
	assert_int_equal(mapping_build(&source, &mapping, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "'nix'"));
	beyond[0].extent = (struct extent){"all", 536870912, 1024};
	assert_int_equal(mapping_build(&source, &mapping, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "overlap"));
}

static void mapping_build__allows_an_empty_cdrom_and_stateless_firmware(void **state)
{
	(void)state;
	mapping_free(built(HEAD MEMORY
			   "<os firmware='efi'><loader stateless='yes'/></os><devices>" VDA VDB
			   "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
			   "</devices></domain>"));
}

static void mapping_domain_xml__fills_in_the_host(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping_host host = host_of("10.0.0.1:3260");
	char *xml = NULL;

	(void)state;
	assert_int_equal(mapping_domain_xml(mapping, &host, &xml, NULL), 0);
	assert_non_null(strstr(xml, "name=\"iqn.2026-11.org.example:t1/1\""));
	assert_non_null(strstr(xml, "name=\"iqn.2026-11.org.example:t2/12\""));
	assert_non_null(strstr(xml, "<host name=\"10.0.0.1\" port=\"3260\"/>"));
	assert_non_null(strstr(xml, "<iqn name=\"" INITIATOR "\"/>"));
	assert_non_null(strstr(xml, "type=\"storage\" offset=\"1048576\" size=\"2097152\""));
	assert_non_null(strstr(xml, "cache=\"none\""));
	assert_non_null(strstr(xml, "error_policy=\"stop\" rerror_policy=\"stop\""));
	assert_non_null(strstr(xml, "discard=\"unmap\""));
	assert_non_null(strstr(xml, "<serial>S1</serial>"));
	assert_non_null(strstr(xml, "lunmask:drive"));
	assert_null(strstr(xml, "invalid"));
	free(xml);
	mapping_free(mapping);
}

static void mapping_domain_xml__takes_brackets_off(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping_host host = host_of("[fd00::1]:3261");
	char *xml = NULL;

	(void)state;
	assert_int_equal(mapping_domain_xml(mapping, &host, &xml, NULL), 0);
	assert_non_null(strstr(xml, "<host name=\"fd00::1\" port=\"3261\"/>"));
	free(xml);
	mapping_free(mapping);
}

static void mapping_domain_xml__refuses_bad_addresses(void **state)
{
	static const char *const portals[] = {"",
					      "a",
					      "10.0.0.1:",
					      ":1",
					      "10.0.0.1:0",
					      "10.0.0.1:65536",
					      "10.0.0.1:1x",
					      "fd00::1:3260",
					      "[]:1",
					      "a b:1",
					      "[fd00::1:3260",
					      NULL};
	struct mapping *mapping = built(PLAIN);
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(portals); i++) {
		struct mapping_host host = host_of(portals[i]);
		char *xml = NULL;

		assert_int_equal(mapping_domain_xml(mapping, &host, &xml, NULL), -EINVAL);
		assert_null(xml);
	}
	mapping_free(mapping);
}

static void mapping_domain_xml__refuses_another_volume(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct lun other[2] = {luns[0], luns[1]};
	struct mapping_host host = host_of("10.0.0.1:3260");
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	host.luns = other;
	strcpy(other[1].designator, "naa.6666");
	assert_int_equal(mapping_domain_xml(mapping, &host, &xml, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "naa.6666"));
	assert_non_null(strstr(err_text(&err), "naa.6002"));
	host.n_luns = 1;
	assert_int_equal(mapping_domain_xml(mapping, &host, &xml, &err), -EINVAL);
	mapping_free(mapping);
}

static void mapping_check_luns__compares_identity_and_size(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct lun other[2] = {luns[0], luns[1]};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), 0);
	other[0].size_bytes++;
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "1073741825"));
	strcpy(other[0].designator, "naa.6666");
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "naa.6666"));
	assert_non_null(strstr(err_text(&err), "naa.6001"));
	assert_int_equal(mapping_check_luns(mapping, other + 1, 1, &err), -EUCLEAN);
	mapping_free(mapping);
}

static void mapping_parse__refuses_hostile_documents(void **state)
{
	static const char dtd[] = "<!DOCTYPE d [<!ENTITY a 'x'>]><domain>&a;</domain>";
	static const char entity[] = "<domain><name>&a;</name></domain>";
	char *deep = calloc(1, 1000);
	size_t i;

	(void)state;
	parse_refused(dtd, sizeof(dtd) - 1, "document type");
	parse_refused(entity, sizeof(entity) - 1, "not XML");
	parse_refused("<domain/>\0x", 11, "NUL");
	parse_refused("", 0, "0 bytes");
	parse_refused(dtd, MAPPING_MAX_BYTES + 1, "262145 bytes");
	parse_refused(PLAIN, strlen(PLAIN), "no <mapping>");
	assert_non_null(deep);
	strcat(deep, "<domain>");
	for (i = 0; i < 40; i++) {
		strcat(deep, "<a>");
	}
	for (i = 0; i < 40; i++) {
		strcat(deep, "</a>");
	}
	strcat(deep, "</domain>");
	parse_refused(deep, strlen(deep), "nested");
	free(deep);
}

/* Replaces the first occurrence of from in what was built, and parses that. */
static void changed_refused(const char *from, const char *to, const char *said)
{
	struct mapping *mapping = built(PLAIN);
	const char *at = strstr(mapping->xml, from);
	size_t size = strlen(mapping->xml) + strlen(to) + 1;
	char *xml = malloc(size);

	assert_non_null(at);
	assert_non_null(xml);
	(void)snprintf(xml, size, "%.*s%s%s", (int)(at - mapping->xml), mapping->xml, to,
		       at + strlen(from));
	parse_refused(xml, strlen(xml), said);
	free(xml);
	mapping_free(mapping);
}

static void mapping_parse__refuses_a_changed_file(void **state)
{
	(void)state;
	changed_refused("naa.6001", "naa.zz", "'naa.zz'");
	changed_refused("lun=\"root\"", "lun=\"../x\"", "'../x'");
	changed_refused("offset=\"1048576\"", "offset=\"1\"", "multiples of 512");
	changed_refused("offset=\"1048576\"", "offset=\"-512\"", "'-512'");
	changed_refused("length=\"2097152\"", "length=\"99999999999999\"", "1073741824 bytes");
	changed_refused("target=\"vdb\"", "target=\"vdc\"", "no LUN is named for disk vdb");
	changed_refused("target=\"vdb\"", "target=\"vda\"", "same or overlap");
	changed_refused("array=\"san1\"", "array=\"\"", "'' is not an array");
	changed_refused("<devices>", "<devices><hostdev/>", "<hostdev>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapping_build__says_what_the_drives_are),
		cmocka_unit_test(mapping_build__names_no_host),
		cmocka_unit_test(mapping_build__reads_its_own_file_again),
		cmocka_unit_test(mapping_build__keeps_foreign_metadata),
		cmocka_unit_test(mapping_build__refuses_what_is_bound_to_a_host),
		cmocka_unit_test(mapping_build__refuses_a_domain_it_cannot_move),
		cmocka_unit_test(mapping_build__refuses_a_slice_beyond_its_lun),
		cmocka_unit_test(mapping_build__allows_an_empty_cdrom_and_stateless_firmware),
		cmocka_unit_test(mapping_domain_xml__fills_in_the_host),
		cmocka_unit_test(mapping_domain_xml__takes_brackets_off),
		cmocka_unit_test(mapping_domain_xml__refuses_bad_addresses),
		cmocka_unit_test(mapping_domain_xml__refuses_another_volume),
		cmocka_unit_test(mapping_check_luns__compares_identity_and_size),
		cmocka_unit_test(mapping_parse__refuses_hostile_documents),
		cmocka_unit_test(mapping_parse__refuses_a_changed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
