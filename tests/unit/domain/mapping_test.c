/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/mapping.h"
#include "domain/mapping_drift.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define HEAD "<domain type='qemu' id='7'><name>vm1</name><uuid>" UUID "</uuid>"
#define MEMORY "<memory unit='MiB'>64</memory>"
#define OS "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
#define VDA                                                                                        \
	"<disk type='file' device='disk'><driver name='qemu' type='raw' cache='unsafe' "           \
	"discard='unmap'/><source file='/var/x.img'/><target dev='vda' bus='virtio'/>"             \
	"<serial>S1</serial><boot order='1'/></disk>"
#define VDB "<disk type='block'><source dev='/dev/sdx'/><target dev='vdb' bus='virtio'/></disk>"
/* As libvirt has a drive of a domain that runs. */
#define RUNS(target)                                                                               \
	"<disk type='network' device='disk'><source protocol='iscsi' name='iqn.x:t/7'/><target "   \
	"dev='" target "' bus='virtio'/></disk>"
#define PLAIN HEAD MEMORY OS "<devices>" VDA VDB "</devices></domain>"
#define INITIATOR "iqn.2026-11.org.example:node1"

static const struct lun luns[] = {
	{"root", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
	{"all", "naa.6002", 1 << 30, "iqn.2026-11.org.example:t2", 12},
};

static const struct drive drives[] = {
	{"vda", {"root", 0, 0}, false},
	{"vdb", {"all", 1048576, 2097152}, false},
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
	assert_null(strstr(mapping->xml, "/var/x.img"));
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
		{"<tpm model='tpm-crb'><backend type='emulator'/></tpm>",
		 "name a LUN for the state of the <tpm> in luns as tpm=LUN"},
		{"<interface type='hostdev'/>", "type='hostdev'"},
		{"<memory model='nvdimm'/>", "model='nvdimm'"},
		{"<serial type='dev'><source path='/dev/ttyS0'/></serial>", "type='dev'"},
		{"<emulator>/tmp/evil</emulator>", "/tmp/evil"},
		{"<emulator>/usr/../tmp/evil</emulator>", "/usr/../tmp/evil"},
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

#define MEDIA(disks) HEAD MEMORY OS "<devices>" VDA disks "</devices></domain>"
#define MEDIUM_RUNS(disks) HEAD MEMORY OS "<devices>" RUNS("vda") disks "</devices></domain>"
#define CDROM(inner)                                                                               \
	"<disk type='file' device='cdrom'>" inner "<target dev='sda' bus='sata'/></disk>"
#define READS(source) "<disk type='network' device='cdrom'>" source "<target dev='sda'/></disk>"

static const struct drive media[] = {
	{"vda", {"root", 0, 0}, false},
	{"sda", {"all", 1048576, 2097152}, true},
};

static int media_build(const char *xml, const struct drive *of, struct mapping **ret,
		       struct err *err)
{
	struct mapping_source source = source_of(xml);

	source.drives = of;
	*ret = NULL;
	return mapping_build(&source, ret, err);
}

static void mapping_build__puts_a_medium_into_its_drive(void **state)
{
	static const char *const before[] = {"", "<source file='/srv/a.iso'/>", "<source/>",
					     "<source file=''/>",
					     "<driver name='qemu' type='raw'/>"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
		g_autofree char *disks = g_strdup_printf(MEDIA(CDROM("%s")), before[i]);
		struct mapping_host host = host_of("10.0.0.1:3260");
		struct mapping *mapping = NULL;
		struct err err = ERR_INIT;
		char *xml = NULL;

		if (media_build(disks, media, &mapping, &err) != 0 ||
		    mapping_domain_xml(mapping, &host, &xml, &err) != 0) {
			fail_msg("%s: %s", before[i], err_text(&err));
		}
		assert_true(mapping_find(mapping, "sda")->drive.read_only);
		assert_false(mapping_find(mapping, "vda")->drive.read_only);
		assert_non_null(strstr(mapping->xml, "access=\"ro\""));
		assert_null(strstr(mapping->xml, "/srv/a.iso"));
		assert_non_null(strstr(xml, "device=\"cdrom\""));
		assert_non_null(strstr(xml, "name=\"iqn.2026-11.org.example:t2/12\""));
		/* Once, for vda: no guest is paused for a CD-ROM. */
		assert_ptr_equal(strstr(xml, "rerror_policy"), g_strrstr(xml, "rerror_policy"));
		free(xml);
		mapping_free(mapping);
	}
}

static void mapping_build__refuses_who_could_write_to_what_others_read(void **state)
{
	static const struct {
		const char *disks;
		bool read_only;
		const char *said;
	} rows[] = {
		{MEDIA(CDROM("")), false, "name its LUN as sda=all:ro"},
		{MEDIA("<disk type='file'><target dev='sda'/></disk>"), true, "<readonly/>"},
		{MEDIA("<disk type='file'><target dev='sda'/><readonly/></disk>"), true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct drive of[] = {media[0], media[1]};
		struct mapping *mapping = NULL;
		struct err err = ERR_INIT;
		int rc;

		of[1].read_only = rows[i].read_only;
		rc = media_build(rows[i].disks, of, &mapping, &err);
		assert_int_equal(rc, rows[i].said == NULL ? 0 : -EINVAL);
		if (rows[i].said != NULL) {
			assert_non_null(strstr(err_text(&err), rows[i].said));
		}
		mapping_free(mapping);
	}
}

/* What runs is what moves: the drive is as the guest has it now. */
static void mapping_definition_xml__moves_the_drive_as_it_is(void **state)
{
	static const struct {
		const char *runs;
		const char *said; /* NULL: it moves */
		bool filled;
	} rows[] = {
		{MEDIUM_RUNS(READS("<source protocol='iscsi' name='iqn.x:t/1'/>")), NULL, true},
		{MEDIUM_RUNS(READS("")), NULL, false},
		{MEDIUM_RUNS(CDROM("<source file='/srv/b.iso'/>")), "eject it", false},
		{MEDIUM_RUNS(READS("<source protocol='https' name='b.iso'/>")), "eject it", false},
	};
	struct mapping_host host = host_of("10.0.0.1:3260");
	struct mapping *mapping = NULL;

	(void)state;
	assert_int_equal(media_build(MEDIA(CDROM("")), media, &mapping, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;
		char *xml = NULL;
		int rc = mapping_definition_xml(mapping, rows[i].runs, &host, &xml, &err);

		assert_int_equal(rc, rows[i].said == NULL ? 0 : -EINVAL);
		if (rows[i].said != NULL) {
			assert_non_null(strstr(err_text(&err), rows[i].said));
		} else {
			assert_int_equal(strstr(xml, "example:t2/12") != NULL, rows[i].filled);
		}
		free(xml);
	}
	mapping_free(mapping);
}

#define UEFI(os) HEAD MEMORY "<os>" os "</os><devices>" VDA "</devices></domain>"

/* Its variables are on a LUN; the firmware that libvirt chose is kept, and not chosen again. */
static void mapping_domain_xml__puts_uefi_variables_on_their_lun(void **state)
{
	static const struct drive flash[] = {
		{"vda", {"root", 0, 0}, false},
		{DRIVE_FLASH, {"all", 0, 0}, false},
	};
	static const char *const before[] = {
		UEFI("<loader type='pflash'>/usr/share/c.fd</loader>"
		     "<nvram template='/usr/share/v.fd'>/var/lib/x_VARS.fd</nvram>"),
		HEAD MEMORY
		"<os firmware='efi'><firmware><feature enabled='yes' name='enrolled-keys'/>"
		"</firmware><loader type='pflash'>/usr/share/c.fd</loader>"
		"<nvram template='/usr/share/v.fd' type='file'><source file='/x'/></nvram>"
		"</os><devices>" VDA "</devices></domain>",
	};
	static const struct extent apart = {"state", 0, 0};
	struct lun three[] = {luns[0], luns[1], luns[1]};
	struct mapping_host host = host_of("10.0.0.1:3260");

	(void)state;
	strcpy(three[2].name, "state");
	host.luns = three;
	host.n_luns = 3;
	for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
		struct mapping_source source = source_of(before[i]);
		struct mapping *mapping = NULL;
		struct err err = ERR_INIT;
		char *xml = NULL;

		source.drives = flash;
		source.state = &apart;
		source.luns = three;
		source.n_luns = 3;
		if (mapping_build(&source, &mapping, &err) != 0 ||
		    mapping_domain_xml(mapping, &host, &xml, &err) != 0) {
			fail_msg("%zu: %s", i, err_text(&err));
		}
		assert_non_null(strstr(mapping->xml, "array.invalid"));
		assert_non_null(strstr(xml, "<nvram type=\"network\">"));
		assert_non_null(strstr(xml, "name=\"iqn.2026-11.org.example:t2/12\""));
		assert_null(strstr(xml, "template"));
		assert_null(strstr(xml, "_VARS.fd"));
		assert_null(strstr(xml, "firmware="));
		assert_non_null(strstr(xml, "/usr/share/c.fd"));
		assert_non_null(strstr(mapping->xml, "template=\"/usr/share/v.fd\""));
		free(xml);
		mapping_free(mapping);
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
	build_refused(HEAD MEMORY "<os><nvram>/x</nvram></os><devices>" VDA VDB
				  "</devices></domain>",
		      "nvram=LUN");
	build_refused(HEAD MEMORY OS "<devices/><q:commandline xmlns:q='urn:q'/></domain>",
		      "<q:commandline> is refused");
	build_refused("<network/>", "<network>");
	build_refused("no XML", "not XML, line 1");
}

static void mapping_build__refuses_a_slice_beyond_its_lun(void **state)
{
	struct drive beyond[] = {{"vda", {"root", 1 << 30, 0}, false},
				 {"vdb", {"all", 0, 512}, false}};
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

#define SECRET_OF(vm) "<secret type=\"iscsi\" usage=\"lunmask:" vm "\"/>"

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* What runs has it, too, and goes on with the user of the other host. */
static void mapping_domain_xml__names_the_secret_for_chap(void **state)
{
	struct mapping *mapping = built(PLAIN), *complete = NULL;
	struct mapping_host host = host_of("10.0.0.1:3260");
	char *xml = NULL, *moved = NULL;

	(void)state;
	host.chap_user = "node1";
	assert_int_equal(mapping_domain_xml(mapping, &host, &xml, NULL), 0);
	assert_int_equal(count(xml, SECRET_OF("vm1")), 2);
	assert_int_equal(count(xml, "<auth username=\"node1\">"), 2);
	assert_null(strstr(mapping->xml, "<auth"));
	assert_int_equal(mapping_complete(mapping, xml, luns, 2, &complete, NULL), 0);
	assert_null(strstr(complete->xml, "<auth"));
	host.chap_user = "node2";
	assert_int_equal(mapping_definition_xml(mapping, xml, &host, &moved, NULL), 0);
	assert_null(strstr(moved, "username=\"node1\""));
	assert_int_equal(count(moved, "<auth username=\"node2\">"), 2);
	free(moved);
	host.chap_user = NULL;
	assert_int_equal(mapping_definition_xml(mapping, xml, &host, &moved, NULL), 0);
	assert_null(strstr(moved, "<auth"));
	free(moved);
	free(xml);
	mapping_free(complete);
	mapping_free(mapping);
}

#define OTHERS "<x:note xmlns:x='urn:x-other'>kept</x:note>"
#define NOTED                                                                                      \
	HEAD MEMORY OS "<metadata>" OTHERS "</metadata><devices>" VDA VDB "</devices></domain>"

/* What lunmask has put into it is gone, and what others have put there is not. */
static void mapping_plain_xml__is_an_ordinary_definition(void **state)
{
	static const char *const texts[] = {PLAIN, NOTED};
	struct mapping_host host = host_of("10.0.0.1:3260");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct mapping *mapping = built(texts[i]);
		char *xml = NULL;

		assert_int_equal(mapping_plain_xml(mapping, &host, &xml, NULL), 0);
		assert_null(strstr(xml, "lunmask"));
		assert_int_equal(strstr(xml, "<metadata>") != NULL, i == 1);
		assert_int_equal(strstr(xml, ">kept</x:note>") != NULL, i == 1);
		assert_non_null(strstr(xml, "name=\"iqn.2026-11.org.example:t1/1\""));
		assert_non_null(strstr(xml, "<iqn name=\"" INITIATOR "\"/>"));
		free(xml);
		mapping_free(mapping);
	}
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
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), 0);
	other[0].size_bytes -= 2;
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "1073741823"));
	assert_non_null(strstr(err_text(&err), "1073741824"));
	assert_non_null(strstr(err_text(&err), "lunmask definition set"));
	strcpy(other[0].designator, "naa.6666");
	assert_int_equal(mapping_check_luns(mapping, other, 2, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "naa.6666"));
	assert_non_null(strstr(err_text(&err), "naa.6001"));
	assert_int_equal(mapping_check_luns(mapping, other + 1, 1, &err), -EUCLEAN);
	mapping_free(mapping);
}

static void mapping_note_sizes__notes_what_has_grown(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct lun other[2] = {luns[0], luns[1]};
	struct mapping *noted = mapping;

	(void)state;
	assert_int_equal(mapping_note_sizes(mapping, other, 2, &noted, NULL), 0);
	assert_null(noted);
	other[0].size_bytes = (uint64_t)3 << 30;
	other[1].size_bytes = (uint64_t)2 << 30;
	assert_int_equal(mapping_note_sizes(mapping, other, 2, &noted, NULL), 0);
	assert_non_null(noted);
	assert_int_equal(noted->drives[0].size_bytes, (uint64_t)3 << 30);
	assert_int_equal(noted->drives[1].size_bytes, (uint64_t)2 << 30);
	assert_int_equal(noted->state.size_bytes, (uint64_t)2 << 30);
	/* From now on, the old size is too small. */
	assert_int_equal(mapping_check_luns(noted, other, 2, NULL), 0);
	assert_int_equal(mapping_check_luns(noted, luns, 2, NULL), -EUCLEAN);
	mapping_free(noted);
	mapping_free(mapping);
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct mapping *built_as(uint64_t revision, const char *config)
{
	struct mapping_source source = source_of(PLAIN);
	struct mapping *mapping = NULL;

	source.revision = revision;
	source.config = config;
	assert_int_equal(mapping_build(&source, &mapping, NULL), 0);
	return mapping;
}

static void mapping_build__says_what_it_was_made_from(void **state)
{
	struct mapping *first = built(PLAIN);
	struct mapping *later = built_as(7, DIGEST);

	(void)state;
	assert_int_equal(first->revision, 1);
	assert_string_equal(first->config, "");
	assert_int_equal(later->revision, 7);
	assert_string_equal(later->config, DIGEST);
	mapping_free(first);
	mapping_free(later);
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
	changed_refused("revision=\"1\"", "revision=\"0\"", "'0'");
	changed_refused("revision=\"1\"", "revision=\"-1\"", "'-1'");
	changed_refused("revision=\"1\"", "config=\"md5:00\"", "'md5:00'");
	changed_refused("revision=\"1\"", "config=\"" DIGEST "0\"", "64 hexadecimal");
}

/* A mapping file of a lunmask that did not count yet. */
static void mapping_parse__takes_what_is_not_said(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping *read = NULL;
	GString *xml = g_string_new(mapping->xml);

	(void)state;
	assert_int_equal(g_string_replace(xml, " revision=\"1\"", "", 0), 1);
	assert_int_equal(mapping_parse(xml->str, xml->len, &read, NULL), 0);
	assert_int_equal(read->revision, 1);
	assert_string_equal(read->config, "");
	g_string_free(xml, TRUE);
	mapping_free(read);
	mapping_free(mapping);
}

/* What libvirt makes of PLAIN, in part. */
#define LIBVIRTS(uuid, more)                                                                       \
	"<domain type='qemu'><name>vm1</name><uuid>" uuid "</uuid>" MEMORY                         \
	"<currentMemory>65536</currentMemory><resource><partition>/machine</partition></resource>" \
	"<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"                             \
	"<cpu mode='custom'><model>EPYC</model></cpu><devices>"                                    \
	"<emulator>/usr/bin/qemu-system-x86_64</emulator>" RUNS("vda")                             \
		RUNS("vdb") "<interface type='user'><mac "                                         \
			    "address='52:54:00:aa:02:01'/></interface>" more                       \
			    "</devices><seclabel type='dynamic' model='dac'/></domain>"

static void mapping_definition_xml__replaces_sources_only(void **state)
{
	struct mapping_host host = host_of("10.77.0.9:3260");
	struct mapping *mapping = built(PLAIN);
	char *xml = NULL;

	(void)state;
	assert_int_equal(mapping_definition_xml(mapping, LIBVIRTS(UUID, ""), &host, &xml, NULL), 0);
	assert_non_null(strstr(xml, "52:54:00:aa:02:01"));
	assert_non_null(strstr(xml, "EPYC"));
	assert_non_null(strstr(xml, "pc-q35-7.2"));
	assert_non_null(strstr(xml, "iqn.2026-11.org.example:t1/1"));
	assert_non_null(strstr(xml, "10.77.0.9"));
	assert_null(strstr(xml, "/dev/sdx"));
	free(xml);
	mapping_free(mapping);
}

static void definition_refused(const char *definition, int expected, const char *said)
{
	struct mapping_host host = host_of("10.77.0.9:3260");
	struct mapping *mapping = built(PLAIN);
	struct err err = ERR_INIT;
	char *xml = NULL;

	assert_int_equal(mapping_definition_xml(mapping, definition, &host, &xml, &err), expected);
	assert_null(xml);
	if (strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s'", said, err_text(&err));
	}
	mapping_free(mapping);
}

static void mapping_definition_xml__refuses_what_no_other_host_has(void **state)
{
	(void)state;
	definition_refused(LIBVIRTS(UUID, "<disk type='block'><source dev='/dev/sdy'/>"
					  "<target dev='vdc'/></disk>"),
			   -EINVAL, "virsh detach-disk vm1 vdc");
	definition_refused(LIBVIRTS(UUID, "<hostdev/>"), -EINVAL, "<hostdev>");
	definition_refused(LIBVIRTS("22222222-2222-3333-4444-555555555555", ""), -EUCLEAN,
			   "22222222-");
	definition_refused("<domain", -EINVAL, "not XML");
}

static void mapping_complete__is_libvirts_without_the_host(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping *made = NULL;
	struct mapping *read = NULL;

	(void)state;
	assert_false(mapping->complete);
	assert_int_equal(mapping_complete(mapping, LIBVIRTS(UUID, ""), luns, 2, &made, NULL), 0);
	assert_true(made->complete);
	assert_non_null(strstr(made->xml, "52:54:00:aa:02:01"));
	assert_non_null(strstr(made->xml, "pc-q35-7.2"));
	assert_null(strstr(made->xml, "/dev/sdx"));
	assert_null(strstr(made->xml, "<emulator>"));
	assert_null(strstr(made->xml, "<cpu"));
	assert_null(strstr(made->xml, "<currentMemory>"));
	assert_null(strstr(made->xml, "<seclabel"));
	assert_null(strstr(made->xml, "<resource>"));
	assert_memory_equal(made->drives, mapping->drives, 2 * sizeof(*made->drives));
	assert_int_equal(mapping_parse(made->xml, strlen(made->xml), &read, NULL), 0);
	assert_true(read->complete);
	mapping_free(read);
	mapping_free(made);
	mapping_free(mapping);
}

/* libvirt keeps the metadata of the mapping file from which the guest was booted. */
#define BOOTED(revision)                                                                           \
	"<metadata><lunmask:mapping xmlns:lunmask='urn:x-lunmask:mapping:1' revision='" revision   \
	"'/></metadata>"
#define LIBVIRTS_OF(revision)                                                                      \
	"<domain type='qemu'><name>vm1</name><uuid>" UUID "</uuid>" BOOTED(revision) MEMORY OS     \
		"<devices>" VDA VDB "</devices></domain>"

static void mapping_complete__refuses_a_guest_of_another_revision(void **state)
{
	struct mapping *mapping = built_as(7, DIGEST);
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mapping_complete(mapping, LIBVIRTS_OF("6"), luns, 2, &made, &err),
			 -ESTALE);
	assert_null(made);
	assert_non_null(strstr(err_text(&err), "revision 6"));
	assert_non_null(strstr(err_text(&err), "revision 7"));
	assert_int_equal(mapping_complete(mapping, LIBVIRTS(UUID, ""), luns, 2, &made, NULL),
			 -ESTALE);
	assert_int_equal(mapping_complete(mapping, LIBVIRTS_OF("7"), luns, 2, &made, NULL), 0);
	assert_int_equal(made->revision, 7);
	assert_string_equal(made->config, DIGEST);
	mapping_free(made);
	mapping_free(mapping);
}

static void mapping_complete__keeps_what_was_written(void **state)
{
	struct mapping *mapping = built(
		HEAD MEMORY "<currentMemory unit='MiB'>32</currentMemory>" OS
			    "<cpu mode='host-model'/><devices><emulator>/usr/libexec/qemu-kvm"
			    "</emulator>" VDA VDB "</devices><seclabel type='none'/></domain>");
	struct mapping *made = NULL;

	(void)state;
	assert_int_equal(mapping_complete(mapping, LIBVIRTS(UUID, ""), luns, 2, &made, NULL), 0);
	assert_non_null(strstr(made->xml, "<cpu mode=\"host-model\"/>"));
	assert_non_null(strstr(made->xml, "/usr/libexec/qemu-kvm"));
	assert_null(strstr(made->xml, "/usr/bin/"));
	assert_non_null(strstr(made->xml, "<currentMemory unit=\"MiB\">32</currentMemory>"));
	assert_non_null(strstr(made->xml, "<seclabel type=\"none\"/>"));
	mapping_free(made);
	mapping_free(mapping);
}

/* libvirt counts <vcpus> alone: @current could not be changed beside it. */
static void mapping_complete__leaves_vcpus_out_that_were_added(void **state)
{
	struct mapping *mapping = built(HEAD MEMORY "<vcpu current='1'>2</vcpu>" OS
						    "<devices>" VDA VDB "</devices></domain>");
	struct mapping *made = NULL;

	(void)state;
	assert_int_equal(
		mapping_complete(mapping,
				 HEAD MEMORY
				 "<vcpu current='2'>2</vcpu><vcpus><vcpu id='0' enabled='yes' "
				 "hotpluggable='no'/><vcpu id='1' enabled='yes' "
				 "hotpluggable='yes'/></vcpus>" OS "<devices>" VDA VDB
				 "</devices></domain>",
				 luns, 2, &made, NULL),
		0);
	assert_non_null(strstr(made->xml, "<vcpu current=\"2\">2</vcpu>"));
	assert_null(strstr(made->xml, "<vcpus>"));
	mapping_free(made);
	mapping_free(mapping);
}

static void mapping_complete__leaves_out_what_a_unit_has_plugged_in(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (mapping_complete(mapping,
			     LIBVIRTS(UUID, "<disk type='network'><source protocol='iscsi' "
					    "name='iqn.x:t/7'/><target dev='vdc'/>"
					    "<alias name='ua-lunmask-unit-san1__db-data'/></disk>"),
			     luns, 2, &made, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_null(strstr(made->xml, "vdc"));
	assert_null(strstr(made->xml, "lunmask-unit"));
	mapping_free(made);
	mapping_free(mapping);
}

static void mapping_complete__refuses_another_vm(void **state)
{
	struct mapping *mapping = built(PLAIN);
	struct mapping *made = NULL;

	(void)state;
	assert_int_equal(mapping_complete(mapping,
					  LIBVIRTS("22222222-2222-3333-4444-555555555555", ""),
					  luns, 2, &made, NULL),
			 -EUCLEAN);
	assert_null(made);
	mapping_free(mapping);
}

static void drift_is(const char *stored, const char *runs, const char *expected)
{
	struct mapping *mapping = built(stored);
	char *text = NULL;

	assert_int_equal(mapping_drift(mapping, runs, &text, NULL), 0);
	assert_string_equal(text, expected);
	g_free(text);
	mapping_free(mapping);
}

#define NIC2 "<interface type='user'><mac address='52:54:00:aa:02:02'/></interface>"

static void mapping_drift__says_what_a_boot_would_undo(void **state)
{
	(void)state;
	drift_is(LIBVIRTS(UUID, ""), LIBVIRTS(UUID, ""), "");
	drift_is(LIBVIRTS(UUID, ""), LIBVIRTS(UUID, NIC2),
		 "2 <interface> (1), a NIC 52:54:00:aa:02:02");
	drift_is(LIBVIRTS(UUID, NIC2), LIBVIRTS(UUID, ""), "1 <interface> (2)");
	drift_is(PLAIN,
		 HEAD MEMORY "<vcpu current='3'>4</vcpu>" OS "<devices>" VDA VDB
			     "</devices></domain>",
		 "3 vCPUs (1)");
	drift_is(PLAIN, HEAD MEMORY OS "<devices>" VDA "<memory model='dimm'/></devices></domain>",
		 "1 <disk> (2), 1 <memory> (0)");
}

static void mapping_drift__is_not_what_a_unit_has_plugged_in(void **state)
{
	(void)state;
	drift_is(PLAIN,
		 HEAD MEMORY OS "<devices>" VDA VDB "<disk type='network'><target dev='vdc'/>"
				"<alias name='ua-lunmask-unit-san1__db-data'/></disk>"
				"</devices></domain>",
		 "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapping_build__says_what_the_drives_are),
		cmocka_unit_test(mapping_build__names_no_host),
		cmocka_unit_test(mapping_build__reads_its_own_file_again),
		cmocka_unit_test(mapping_build__keeps_foreign_metadata),
		cmocka_unit_test(mapping_build__refuses_what_is_bound_to_a_host),
		cmocka_unit_test(mapping_build__puts_a_medium_into_its_drive),
		cmocka_unit_test(mapping_build__refuses_who_could_write_to_what_others_read),
		cmocka_unit_test(mapping_definition_xml__moves_the_drive_as_it_is),
		cmocka_unit_test(mapping_domain_xml__puts_uefi_variables_on_their_lun),
		cmocka_unit_test(mapping_build__refuses_a_domain_it_cannot_move),
		cmocka_unit_test(mapping_build__refuses_a_slice_beyond_its_lun),
		cmocka_unit_test(mapping_build__allows_an_empty_cdrom_and_stateless_firmware),
		cmocka_unit_test(mapping_domain_xml__fills_in_the_host),
		cmocka_unit_test(mapping_domain_xml__names_the_secret_for_chap),
		cmocka_unit_test(mapping_plain_xml__is_an_ordinary_definition),
		cmocka_unit_test(mapping_domain_xml__takes_brackets_off),
		cmocka_unit_test(mapping_domain_xml__refuses_bad_addresses),
		cmocka_unit_test(mapping_domain_xml__refuses_another_volume),
		cmocka_unit_test(mapping_definition_xml__replaces_sources_only),
		cmocka_unit_test(mapping_definition_xml__refuses_what_no_other_host_has),
		cmocka_unit_test(mapping_complete__is_libvirts_without_the_host),
		cmocka_unit_test(mapping_complete__keeps_what_was_written),
		cmocka_unit_test(mapping_complete__leaves_vcpus_out_that_were_added),
		cmocka_unit_test(mapping_complete__leaves_out_what_a_unit_has_plugged_in),
		cmocka_unit_test(mapping_complete__refuses_another_vm),
		cmocka_unit_test(mapping_drift__says_what_a_boot_would_undo),
		cmocka_unit_test(mapping_drift__is_not_what_a_unit_has_plugged_in),
		cmocka_unit_test(mapping_check_luns__compares_identity_and_size),
		cmocka_unit_test(mapping_note_sizes__notes_what_has_grown),
		cmocka_unit_test(mapping_build__says_what_it_was_made_from),
		cmocka_unit_test(mapping_parse__takes_what_is_not_said),
		cmocka_unit_test(mapping_complete__refuses_a_guest_of_another_revision),
		cmocka_unit_test(mapping_parse__refuses_hostile_documents),
		cmocka_unit_test(mapping_parse__refuses_a_changed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
