/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "definition/definition_diff.h"

#define DOMAIN(head, devices)                                                                      \
	"<domain type='kvm'><name>vm1</name>" head "<devices>" devices "</devices></domain>"
#define DISK(target, cache)                                                                        \
	"<disk type='network'><driver name='qemu' cache='" cache "'/><target dev='" target         \
	"' bus='virtio'/></disk>"
#define NIC(mac, model) "<interface type='network'>" mac "<model type='" model "'/></interface>"
#define MAC(last) "<mac address='52:54:00:00:00:" last "'/>"
#define OURS(attrs, lun)                                                                           \
	"<metadata><l:mapping xmlns:l='urn:x-lunmask:mapping:1' array='a' " attrs                  \
	"><l:drive target='vda' lun='" lun "'/></l:mapping></metadata>"

static GPtrArray *diff(const char *was, const char *is)
{
	GPtrArray *changes = NULL;
	struct err err = ERR_INIT;

	if (definition_diff(was, is, &changes, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return changes;
}

static void same(const char *was, const char *is)
{
	GPtrArray *changes = diff(was, is);

	if (changes->len != 0) {
		const struct definition_change *change = g_ptr_array_index(changes, 0);

		fail_msg("%s: '%s', '%s'", change->path, change->was, change->is);
	}
	g_ptr_array_unref(changes);
}

/* The only change. NULL: only the other has it. */
static void one(const char *was, const char *is, const char *path, const char *old, const char *new)
{
	GPtrArray *changes = diff(was, is);
	const struct definition_change *change;

	assert_int_equal(changes->len, 1);
	change = g_ptr_array_index(changes, 0);
	assert_string_equal(change->path, path);
	assert_int_equal(old == NULL, change->was == NULL);
	assert_int_equal(new == NULL, change->is == NULL);
	if (old != NULL) {
		assert_string_equal(change->was, old);
	}
	if (new != NULL) {
		assert_string_equal(change->is, new);
	}
	assert_false(change->filled);
	assert_int_equal(definition_diff_count(changes), 1);
	g_ptr_array_unref(changes);
}

static void definition_diff__does_not_see_what_is_the_same(void **state)
{
	(void)state;
	same(DOMAIN("", DISK("vda", "none")), DOMAIN("", DISK("vda", "none")));
	same(DOMAIN("<memory unit='MiB'>64</memory>", ""), DOMAIN("<memory>65536</memory>", ""));
	same(DOMAIN("<uuid>AB</uuid>", ""), DOMAIN("<uuid>ab</uuid>", ""));
	same(DOMAIN("<title> a </title>", ""), DOMAIN("\n<title>a</title>", ""));
	same(DOMAIN("", DISK("vda", "none") DISK("vdb", "none")),
	     DOMAIN("", DISK("vdb", "none") DISK("vda", "none")));
	same(DOMAIN("", NIC(MAC("0A"), "e1000") NIC(MAC("02"), "virtio")),
	     DOMAIN("", NIC(MAC("02"), "virtio") NIC(MAC("0a"), "e1000") ""));
}

static void definition_diff__names_the_path(void **state)
{
	(void)state;
	one(DOMAIN("<memory unit='MiB'>64</memory>", ""),
	    DOMAIN("<memory unit='GiB'>1</memory>", ""), "memory", "65536 KiB", "1048576 KiB");
	one(DOMAIN("", DISK("vda", "none") DISK("vdb", "none")),
	    DOMAIN("", DISK("vdb", "x") DISK("vda", "none")), "devices/disk[vdb]/driver/@cache",
	    "none", "x");
	one(DOMAIN("", NIC(MAC("01"), "e1000")), DOMAIN("", NIC(MAC("01"), "virtio")),
	    "devices/interface[52:54:00:00:00:01]/model/@type", "e1000", "virtio");
	one(DOMAIN("", ""), DOMAIN("", "<rng model='virtio'/>"), "devices/rng", NULL,
	    "<rng model=\"virtio\"/>");
	one(DOMAIN("", "<rng model='virtio'/>"), DOMAIN("", ""), "devices/rng",
	    "<rng model=\"virtio\"/>", NULL);
	one("<domain type='kvm'/>", "<domain type='qemu'/>", "@type", "kvm", "qemu");
	one(DOMAIN("", "<hub/><hub/>"), DOMAIN("", "<hub/><hub x='1'/>"), "devices/hub[2]/@x", NULL,
	    "1");
}

/* Another NIC is not the same one with another MAC. */
static void definition_diff__tells_devices_apart(void **state)
{
	GPtrArray *changes =
		diff(DOMAIN("", NIC(MAC("01"), "e1000")), DOMAIN("", NIC(MAC("02"), "e1000")));

	(void)state;
	assert_int_equal(changes->len, 2);
	g_ptr_array_unref(changes);
	/* One without a MAC may be the one that is there. */
	changes = diff(DOMAIN("", NIC(MAC("01"), "e1000")), DOMAIN("", NIC("", "e1000")));
	assert_int_equal(changes->len, 1);
	g_ptr_array_unref(changes);
}

static void definition_diff__knows_what_libvirt_adds(void **state)
{
	GPtrArray *changes =
		diff(DOMAIN("<vcpu placement='static'>2</vcpu>",
			    DISK("vda", "none") "<controller type='usb' index='0'/><memballoon/>"
						"<watchdog/>"),
		     DOMAIN("<vcpu>2</vcpu>", "<disk><target dev='vda'/></disk>"));

	(void)state;
	/* The watchdog: nobody but the administrator puts one there. */
	assert_int_equal(definition_diff_count(changes), 1);
	assert_true(changes->len > 4);
	g_ptr_array_unref(changes);
	/* libvirt has numbered it. */
	changes = diff(DOMAIN("", "<controller type='pci' index='0'/>"
				  "<controller type='usb' index='0' model='none'/>"),
		       DOMAIN("", "<controller type='usb' model='none'/>"));
	assert_int_equal(definition_diff_count(changes), 0);
	g_ptr_array_unref(changes);
	changes = diff(DOMAIN("", "<controller type='usb' index='0' model='none'/>"),
		       DOMAIN("", "<controller type='usb' model='ich9-ehci1'/>"));
	assert_int_equal(definition_diff_count(changes), 1);
	assert_string_equal(((const struct definition_change *)g_ptr_array_index(changes, 0))->path,
			    "devices/controller[usb,0]/@index");
	g_ptr_array_unref(changes);
	/* The clock, but only the one that libvirt takes. */
	changes = diff(DOMAIN("<clock offset='utc'/>", ""), DOMAIN("", ""));
	assert_int_equal(definition_diff_count(changes), 0);
	g_ptr_array_unref(changes);
	changes = diff(DOMAIN("<clock offset='localtime'/>", ""), DOMAIN("", ""));
	assert_int_equal(definition_diff_count(changes), 1);
	g_ptr_array_unref(changes);
	/* What is new is never libvirt's. */
	changes = diff(DOMAIN("", ""), DOMAIN("", "<memballoon/>"));
	assert_int_equal(definition_diff_count(changes), 1);
	g_ptr_array_unref(changes);
}

static void definition_diff__compares_the_drives_only_in_our_metadata(void **state)
{
	(void)state;
	same(DOMAIN(OURS("revision='1'", "root"), ""),
	     DOMAIN(OURS("revision='2' definition='libvirt'", "root"), ""));
	one(DOMAIN(OURS("", "root"), ""), DOMAIN(OURS("", "other"), ""),
	    "metadata/mapping/drive[vda]/@lun", "root", "other");
}

/* Two attributes may have one name, in two namespaces. */
static void definition_diff__knows_the_namespaces_of_attributes(void **state)
{
#define SPACED(attrs) "<domain xmlns:q='urn:q' xmlns:r='urn:r' type='kvm' " attrs "/>"
	(void)state;
	same(SPACED("q:type='a'"), SPACED("q:type='a'"));
	same(SPACED("q:x='a' r:x='b'"), SPACED("r:x='b' q:x='a'"));
	one(SPACED("q:type='a'"), SPACED("q:type='b'"), "@type", "a", "b");
	one(SPACED(""), SPACED("q:type='b'"), "@type", NULL, "b");
#undef SPACED
}

/* However many elements of one name there are, it ends: each was compared with each before. */
static void definition_diff__takes_as_many_elements_as_are_legal(void **state)
{
	GString *text = g_string_new("<domain><devices>");

	(void)state;
	while (text->len < 250000) {
		g_string_append(text, "<hub/>");
	}
	g_string_append(text, "</devices></domain>");
	same(text->str, text->str);
	g_string_free(text, TRUE);
}

static void definition_diff__refuses_what_is_no_domain(void **state)
{
	GPtrArray *changes = NULL;

	(void)state;
	assert_int_equal(definition_diff("<x/>", "<domain/>", &changes, NULL), -EINVAL);
	assert_int_equal(definition_diff("<domain/>", "", &changes, NULL), -EINVAL);
	assert_null(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_diff__does_not_see_what_is_the_same),
		cmocka_unit_test(definition_diff__names_the_path),
		cmocka_unit_test(definition_diff__tells_devices_apart),
		cmocka_unit_test(definition_diff__knows_what_libvirt_adds),
		cmocka_unit_test(definition_diff__compares_the_drives_only_in_our_metadata),
		cmocka_unit_test(definition_diff__knows_the_namespaces_of_attributes),
		cmocka_unit_test(definition_diff__takes_as_many_elements_as_are_legal),
		cmocka_unit_test(definition_diff__refuses_what_is_no_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
