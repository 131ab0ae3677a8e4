/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/definitions/adapt.h"

#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include <libxml/xpath.h>

#include "domain/domain_xml.h"

/* value NULL: the element is removed; attr NULL: value is its text; else the attribute is set. */
static const struct adaptation {
	const char *xpath;
	const char *attr;
	const char *value;
	const char *why;
} adaptations[] = {
	/* No KVM: the processor is emulated. */
	{"/domain[@type='kvm']", "type", "qemu", "no KVM"},
	{"/domain/cpu[@mode='host-passthrough']/cache", NULL, NULL, "no KVM"},
	{"/domain/cpu[@mode='host-passthrough']", "mode", "maximum", "no KVM"},
	{"/domain/cpu[@check='full']", "check", "none", "the CPU of another machine"},
	{"/domain/features/hyperv", NULL, NULL, "no KVM"},
	{"/domain/features/kvm", NULL, NULL, "no KVM"},
	{"/domain/clock/timer[@name='hypervclock' or @name='kvmclock' or @name='tsc']", NULL, NULL,
	 "no KVM"},
	{"/domain/maxMemory[. > 1000000000]", NULL, "67108864",
	 "a processor with 40 bits of address"},
	/* Another QEMU. */
	{"/domain/os/type[starts-with(@machine,'pc-i440fx-rhel')]", "machine", "pc",
	 "no QEMU of Red Hat"},
	/* A small machine. */
	{"/domain/memory[@unit='GiB' and . > 8]", NULL, "2", "too little memory"},
	{"/domain/cpu/numa/cell[@unit='GiB' and @memory > 8]", "memory", "2", "too little memory"},
	{"/domain/memoryBacking/hugepages", NULL, NULL, "no huge pages"},
	{"/domain/numatune/memory[@nodeset!='0']", "nodeset", "0", "one NUMA node"},
	/* A kernel without modules, and no cgroups in the namespaces of the test. */
	{"/domain/devices/vsock", NULL, NULL, "no vhost_vsock"},
	{"/domain/devices/interface/driver[@name='vhost']", "name", "qemu", "no vhost_net"},
	{"/domain/devices/interface/bandwidth", NULL, NULL, "no traffic control"},
	{"/domain/devices/interface/port", NULL, NULL, "bridges without isolated ports"},
	{"/domain/cputune/*[not(self::vcpupin or self::emulatorpin or self::iothreadpin)]", NULL,
	 NULL, "no cgroups"},
	{"/domain/blkiotune", NULL, NULL, "no cgroups"},
	{"/domain/memtune", NULL, NULL, "no cgroups"},
};

static void adapt_node(xmlNodePtr node, const struct adaptation *row)
{
	if (row->value == NULL) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	} else if (row->attr == NULL) {
		xmlNodeSetContent(node, BAD_CAST row->value);
	} else {
		assert_non_null(xmlSetProp(node, BAD_CAST row->attr, BAD_CAST row->value));
	}
}

static void adapt_row(xmlDocPtr doc, const char *file, const struct adaptation *row)
{
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found;

	assert_non_null(context);
	found = xmlXPathEval(BAD_CAST row->xpath, context);
	assert_non_null(found);
	for (int i = 0; found->nodesetval != NULL && i < found->nodesetval->nodeNr; i++) {
		print_message("# %s: %s: %s %s\n", file, row->why, row->xpath,
			      row->value == NULL ? "removed" : row->value);
		adapt_node(found->nodesetval->nodeTab[i], row);
		found->nodesetval->nodeTab[i] = NULL;
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
}

char *adapt_to_machine(const char *file, const char *xml)
{
	struct err err = ERR_INIT;
	AUTO_XML doc = NULL;
	char *ret = NULL;

	if (domain_xml_parse(xml, strlen(xml), &doc, &err) != 0) {
		fail_msg("%s: %s", file, err_text(&err));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(adaptations); i++) {
		adapt_row(doc, file, &adaptations[i]);
	}
	assert_int_equal(domain_xml_format(doc, &ret, NULL), 0);
	return ret;
}
