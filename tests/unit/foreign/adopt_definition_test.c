/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "domain/domain_xml.h"
#include "foreign/adopt_definition.h"

#define DOMAIN(os, devices)                                                                        \
	"<domain type='kvm'><name>web1</name><os><type>hvm</type>" os "</os><devices>" devices     \
	"</devices></domain>"
#define DISK(attributes, inner)                                                                    \
	DOMAIN("", "<disk " attributes ">" inner "<target dev='vda'/></disk>")

static size_t read_of(const char *xml, struct adopt_drive drives[VM_LUNS_MAX])
{
	AUTO_XML doc = NULL;

	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, NULL), 0);
	return adopt_drives_read(xmlDocGetRootElement(doc), drives);
}

static void read__says_where_the_content_is(void **state)
{
	static const struct {
		const char *xml;
		enum adopt_content content;
		const char *file;
		const char *format;
	} rows[] = {
		{DISK("type='file'", "<source file='/a'/>"), ADOPT_FILE, "/a", "raw"},
		{DISK("type='file'", "<driver type='qcow2'/><source file='/a'/>"), ADOPT_FILE, "/a",
		 "qcow2"},
		{DISK("type='file' device='cdrom'", ""), ADOPT_NOTHING, NULL, NULL},
		{DISK("type='file' device='cdrom'", "<source file='/x.iso'/>"), ADOPT_MEDIUM,
		 "/x.iso", NULL},
		{DISK("type='block' device='floppy'", "<source dev='/dev/fd0'/>"), ADOPT_MEDIUM,
		 "/dev/fd0", NULL},
		{DOMAIN("<loader type='pflash'>/c.fd</loader><nvram>/v.fd</nvram>", ""), ADOPT_FILE,
		 "/v.fd", "raw"},
		{DOMAIN("<nvram type='file'><source file='/v.fd'/></nvram>", ""), ADOPT_FILE,
		 "/v.fd", "raw"},
		{DOMAIN("<loader type='pflash'>/c.fd</loader>", ""), ADOPT_FLASH, NULL, NULL},
		{DOMAIN("", "<tpm><backend type='emulator'/></tpm>"), ADOPT_TPM, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct adopt_drive drives[VM_LUNS_MAX];
		size_t n = read_of(rows[i].xml, drives);

		assert_int_equal(n, 1);
		assert_int_equal(drives[0].content, rows[i].content);
		assert_true(g_strcmp0(drives[0].file, rows[i].file) == 0);
		assert_true(g_strcmp0(drives[0].format, rows[i].format) == 0);
		adopt_drives_release(drives, n);
	}
}

#define ISCSI(name, host)                                                                          \
	DISK("type='network'", "<source protocol='iscsi' name='" name "'>" host "</source>")

static void read__takes_a_lun_by_target_and_number(void **state)
{
	static const struct {
		const char *xml;
		const char *target;
		unsigned int number;
		const char *portal;
	} rows[] = {
		{ISCSI("iqn.2026-11.x:t/3", "<host name='192.0.2.1'/>"), "iqn.2026-11.x:t", 3,
		 "192.0.2.1:3260"},
		{ISCSI("iqn.2026-11.x:t", "<host name='192.0.2.1' port='3261'/>"),
		 "iqn.2026-11.x:t", 0, "192.0.2.1:3261"},
		{ISCSI("iqn.2026-11.x:t/1", "<host name='2001:db8::1' port='3260'/>"),
		 "iqn.2026-11.x:t", 1, "[2001:db8::1]:3260"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct adopt_drive drives[VM_LUNS_MAX];
		size_t n = read_of(rows[i].xml, drives);

		assert_int_equal(n, 1);
		assert_int_equal(drives[0].content, ADOPT_LUN);
		assert_string_equal(drives[0].iscsi, rows[i].target);
		assert_int_equal(drives[0].number, rows[i].number);
		assert_string_equal(drives[0].portal, rows[i].portal);
		adopt_drives_release(drives, n);
	}
}

static void read__refuses_and_says_what_to_do(void **state)
{
	static const struct {
		const char *xml;
		const char *why;
	} rows[] = {
		{DISK("type='file'", "<source file='a'/>"), "names no file"},
		{DISK("type='file'", ""), "names no file"},
		{DISK("type='file'", "<driver type='nbd'/><source file='/a'/>"), "legal are qcow2"},
		{DISK("type='file'", "<source file='/a'><slices/></source>"), "is a part of file"},
		{DISK("type='block'", "<source dev='/dev/sdb'/>"),
		 "is the block device '/dev/sdb' of this host: if it is a LUN of the array"},
		{DISK("type='volume'", "<source pool='p' volume='v'/>"), "virsh vol-path"},
		{DISK("type='network'", "<source protocol='rbd' name='a/b'/>"), "reached by rbd"},
		{DISK("type='network'",
		      "<driver type='qcow2'/><source protocol='iscsi' name='i'/>"),
		 "with the format qcow2"},
		{ISCSI("iqn.2026-11.x:t/3", ""), "does not name one target, LUN and portal"},
		{ISCSI("iqn.2026-11.x:t/x", "<host name='192.0.2.1'/>"),
		 "does not name one target"},
		{ISCSI("iqn.2026-11.x:t/99999", "<host name='192.0.2.1'/>"), "does not name one"},
		{ISCSI("iqn.2026-11.x:t/1", "<host name='192.0.2.1'/><host name='192.0.2.2'/>"),
		 "does not name one"},
		{ISCSI("iqn.2026-11.x:t/1", "<host name='192.0.2.1' transport='rdma'/>"),
		 "does not name one"},
		{DISK("type='nvme'", "<source/>"), "has type='nvme'"},
		{DOMAIN("<nvram type='network'><source protocol='iscsi' name='x'/></nvram>", ""),
		 "the UEFI variables (<nvram>) have type='network'"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct adopt_drive drives[VM_LUNS_MAX];
		size_t n = read_of(rows[i].xml, drives);

		assert_int_equal(n, 1);
		assert_int_equal(drives[0].content, ADOPT_REFUSED);
		if (strstr(drives[0].why, rows[i].why) == NULL) {
			fail_msg("%s", drives[0].why);
		}
		adopt_drives_release(drives, n);
	}
}

static char *converted(const char *xml, bool chap)
{
	struct adopt_drive drives[VM_LUNS_MAX];
	AUTO_XML doc = NULL;
	char *text = NULL;
	size_t n;

	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, NULL), 0);
	n = adopt_drives_read(xmlDocGetRootElement(doc), drives);
	adopt_definition_convert(xmlDocGetRootElement(doc), drives, n, chap);
	adopt_drives_release(drives, n);
	assert_int_equal(domain_xml_format(doc, &text, NULL), 0);
	return text;
}

static void convert__forgets_what_is_only_true_of_files(void **state)
{
	g_autofree char *file = converted(
		DISK("type='file'",
		     "<driver name='qemu' type='qcow2' discard='unmap'><metadata_cache/></driver>"
		     "<source file='/a'/><backingStore type='file'><format type='raw'/>"
		     "<source file='/b'/></backingStore>"),
		false);
	g_autofree char *medium = converted(
		DISK("type='file' device='cdrom'", "<source file='/x.iso'/><backingStore/>"),
		false);

	(void)state;
	assert_null(strstr(file, "qcow2"));
	assert_null(strstr(file, "backingStore"));
	assert_null(strstr(file, "metadata_cache"));
	assert_non_null(strstr(file, "discard=\"unmap\""));
	assert_null(strstr(medium, "x.iso"));
	assert_non_null(strstr(medium, "device=\"cdrom\""));
}

/* Without a secret of the array, that of the drive would be lost without a word. */
static void convert__replaces_a_secret_only_by_another(void **state)
{
	static const char xml[] =
		DISK("type='network'", "<auth username='u'><secret usage='s'/></auth><source "
				       "protocol='iscsi' name='iqn.2026-11.x:t/1'><host "
				       "name='192.0.2.1'/><auth username='v'/></source>");
	g_autofree char *with = converted(xml, true);
	g_autofree char *without = converted(xml, false);

	(void)state;
	assert_null(strstr(with, "auth"));
	assert_non_null(strstr(without, "username=\"u\""));
	assert_non_null(strstr(without, "username=\"v\""));
}

/* Three LUNs are left for what is no disk, so that no table overflows. */
static void read__has_a_limit(void **state)
{
	g_autoptr(GString) xml = g_string_new("<domain><os><nvram>/v</nvram></os><devices><tpm/>");
	struct adopt_drive drives[VM_LUNS_MAX];
	size_t n;

	(void)state;
	for (int i = 0; i < 200; i++) {
		g_string_append_printf(xml, "<disk type='file'><target dev='sd%c%c'/></disk>",
				       'a' + i / 26, 'a' + i % 26);
	}
	g_string_append(xml, "</devices></domain>");
	n = read_of(xml->str, drives);
	assert_int_equal(n, VM_LUNS_MAX - 1);
	assert_string_equal(drives[n - 1].target, DRIVE_TPM);
	adopt_drives_release(drives, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read__says_where_the_content_is),
		cmocka_unit_test(read__takes_a_lun_by_target_and_number),
		cmocka_unit_test(read__refuses_and_says_what_to_do),
		cmocka_unit_test(read__has_a_limit),
		cmocka_unit_test(convert__forgets_what_is_only_true_of_files),
		cmocka_unit_test(convert__replaces_a_secret_only_by_another),
	};

	return cmocka_run_group_tests_name("adopt_definition", tests, NULL, NULL);
}
