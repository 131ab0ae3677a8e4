/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "definition/definition_keep.h"

#define DOMAIN(machine, head, devices)                                                             \
	"<domain type='kvm'><name>vm1</name>" head "<os><type" machine                             \
	">hvm</type></os><devices>" devices "</devices></domain>"
#define Q35 " machine='pc-q35-7.2'"
#define PCI(slot) "<address type='pci' slot='" slot "'/>"
#define MAC(last) "<mac address='52:54:00:00:00:" last "'/>"
#define NIC(inner) "<interface type='user'>" inner "</interface>"
#define DISK(target, bus, inner)                                                                   \
	"<disk type='network'><target dev='" target "' bus='" bus "'/>" inner "</disk>"
#define ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define USB(inner) "<controller type='usb' index='0'>" inner "</controller>"

static char kept[8192];

static const char *keep(const char *old, const char *definition)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	if (definition_keep(old, definition, &xml, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_true(strlen(xml) < sizeof(kept));
	strcpy(kept, xml);
	free(xml);
	return kept;
}

static void has(const char *xml, const char *text)
{
	if (strstr(xml, text) == NULL) {
		fail_msg("no '%s' in %s", text, xml);
	}
}

static void has_not(const char *xml, const char *text)
{
	if (strstr(xml, text) != NULL) {
		fail_msg("'%s' in %s", text, xml);
	}
}

static void definition_keep__keeps_the_machine_of_an_alias(void **state)
{
	(void)state;
	has(keep(DOMAIN(Q35, "", ""), DOMAIN(" machine='q35'", "", "")), "pc-q35-7.2");
	has(keep(DOMAIN(" machine='pc-i440fx-7.1'", "", ""), DOMAIN(" machine='pc'", "", "")),
	    "pc-i440fx-7.1");
	has(keep(DOMAIN(" machine='pc-i440fx-7.1'", "", ""), DOMAIN("", "", "")), "pc-i440fx-7.1");
	has(keep(DOMAIN(" machine='virt-7.2'", "", ""), DOMAIN(" machine='virt'", "", "")),
	    "virt-7.2");
	/* Another one was meant. */
	has(keep(DOMAIN(Q35, "", ""), DOMAIN(" machine='pc-q35-6.0'", "", "")), "pc-q35-6.0");
	has(keep(DOMAIN(Q35, "", ""), DOMAIN(" machine='pc'", "", "")), "machine=\"pc\"");
	has_not(keep(DOMAIN(Q35, "", ""), DOMAIN("", "", "")), "machine");
}

static void definition_keep__keeps_the_genid(void **state)
{
	(void)state;
	has(keep(DOMAIN(Q35, "<genid>g1</genid>", ""), DOMAIN(Q35, "<genid/>", "")), "g1");
	has(keep(DOMAIN(Q35, "<genid>g1</genid>", ""), DOMAIN(Q35, "<genid>g2</genid>", "")), "g2");
	has_not(keep(DOMAIN(Q35, "<genid>g1</genid>", ""), DOMAIN(Q35, "", "")), "genid");
}

static void definition_keep__keeps_the_macs_that_are_not_named(void **state)
{
	const char *xml = keep(DOMAIN(Q35, "", NIC(MAC("01")) NIC(MAC("02")) NIC(MAC("03"))),
			       DOMAIN(Q35, "", NIC("<mtu/>") NIC(MAC("01")) NIC("<link/>")));

	(void)state;
	has(xml, "00:02\"/>\n      <mtu/>");
	has(xml, "00:03\"/>\n      <link/>");
	xml = keep(DOMAIN(Q35, "", NIC(MAC("01"))), DOMAIN(Q35, "", NIC("") NIC("<mtu/>")));
	has(xml, "00:01");
	has(xml, "<interface type=\"user\">\n      <mtu/>");
}

static void definition_keep__keeps_the_places(void **state)
{
	const char *old = DOMAIN(Q35, "",
				 ROOT USB(PCI("1")) DISK("vda", "virtio", PCI("2"))
					 DISK("vdb", "virtio", PCI("3")) NIC(MAC("01") PCI("4")));
	const char *xml = keep(old, DOMAIN(" machine='q35'", "",
					   DISK("vdb", "virtio", "") DISK("vda", "sata", "")
						   DISK("vdc", "virtio", "") NIC("")));

	(void)state;
	has(xml, "pcie-root");
	has(xml, "slot=\"1\"");
	has(xml, "slot=\"3\"");
	has(xml, "slot=\"4\"");
	/* It is on another bus now. */
	has_not(xml, "slot=\"2\"");
	/* One without an index is the one that libvirt has numbered. */
	xml = keep(DOMAIN(Q35, "", ROOT USB(PCI("1"))),
		   DOMAIN(Q35, "", "<controller type='usb' model='none'/>"));
	has(xml, "pcie-root");
	has_not(xml, "index=\"0\" model=\"none\"");
	has_not(xml, "<controller type=\"usb\" index=\"0\"");
}

static void definition_keep__leaves_places_that_are_named(void **state)
{
	const char *old = DOMAIN(Q35, "", ROOT DISK("vda", "virtio", PCI("2")) NIC(MAC("01")));

	(void)state;
	has_not(keep(old, DOMAIN(Q35, "", DISK("vda", "virtio", "") NIC(PCI("7")))), "slot=\"2\"");
	has_not(keep(old, DOMAIN(Q35, "", ROOT DISK("vda", "virtio", ""))), "slot=\"2\"");
	/* Another machine has other slots. */
	has_not(keep(old, DOMAIN(" machine='pc'", "", DISK("vda", "virtio", ""))), "slot");
	has_not(keep(old, DOMAIN(" machine='pc'", "", DISK("vda", "virtio", ""))), "pcie-root");
}

static void definition_keep__changes_nothing_that_is_said(void **state)
{
	const char *full = DOMAIN(Q35, "<genid>g1</genid>",
				  ROOT DISK("vda", "virtio", PCI("2")) NIC(MAC("01") PCI("3")));
	char first[sizeof(kept)];

	(void)state;
	strcpy(first, keep(full, full));
	assert_string_equal(keep(first, full), first);
	assert_string_equal(keep("<domain/>", full), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_keep__keeps_the_machine_of_an_alias),
		cmocka_unit_test(definition_keep__keeps_the_genid),
		cmocka_unit_test(definition_keep__keeps_the_macs_that_are_not_named),
		cmocka_unit_test(definition_keep__keeps_the_places),
		cmocka_unit_test(definition_keep__leaves_places_that_are_named),
		cmocka_unit_test(definition_keep__changes_nothing_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
