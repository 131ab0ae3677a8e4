/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping_drift.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "names/unit_name.h"

/* What people change while a guest runs. Controllers come and go with the rest. */
static const char *const devices[] = {
	"interface", "disk",  "memory", "hostdev",  "graphics", "channel", "rng",
	"input",     "sound", "tpm",    "redirdev", "watchdog", "shmem",   "filesystem",
};

/* What a LogicalUnit has plugged in is its resource's to say, and no change that somebody made. */
static bool of_unit(xmlNodePtr node)
{
	char array[LUN_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];

	return unit_alias_parse(xml_tree_attr(xml_tree_child(node, "alias"), "name"), array, lun);
}

static size_t devices_count(xmlNodePtr domain, const char *name)
{
	xmlNodePtr node = xml_tree_child(xml_tree_child(domain, "devices"), name);
	size_t count = 0;

	for (; node != NULL; node = xml_tree_next(node, name)) {
		count += of_unit(node) ? 0 : 1;
	}
	return count;
}

/* The vCPUs that are on. */
static const char *vcpus_of(xmlNodePtr domain)
{
	xmlNodePtr vcpu = xml_tree_child(domain, "vcpu");
	const char *current = xml_tree_attr(vcpu, "current");
	const char *text = current != NULL ? current : xml_tree_text(vcpu);

	return text != NULL ? text : "1";
}

static void drift_vcpus(xmlNodePtr stored, xmlNodePtr runs, GString *text)
{
	if (strcmp(vcpus_of(stored), vcpus_of(runs)) != 0) {
		g_string_append_printf(text, "%s%.10s vCPUs (%.10s)", text->len > 0 ? ", " : "",
				       vcpus_of(runs), vcpus_of(stored));
	}
}

static void drift_devices(xmlNodePtr stored, xmlNodePtr runs, GString *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		size_t was = devices_count(stored, devices[i]);
		size_t now = devices_count(runs, devices[i]);

		if (was != now) {
			g_string_append_printf(text, "%s%zu <%s> (%zu)", text->len > 0 ? ", " : "",
					       now, devices[i], was);
		}
	}
}

static bool mac_there(xmlNodePtr domain, const char *mac)
{
	xmlNodePtr nic = xml_tree_child(xml_tree_child(domain, "devices"), "interface");

	for (; nic != NULL; nic = xml_tree_next(nic, "interface")) {
		const char *other = xml_tree_attr(xml_tree_child(nic, "mac"), "address");

		if (other != NULL && strcasecmp(other, mac) == 0) {
			return true;
		}
	}
	return false;
}

/* A NIC that was detached, and another attached, leaves the number as it was. */
static void drift_macs(xmlNodePtr stored, xmlNodePtr runs, GString *text)
{
	xmlNodePtr nic = xml_tree_child(xml_tree_child(runs, "devices"), "interface");

	for (; nic != NULL; nic = xml_tree_next(nic, "interface")) {
		const char *mac = xml_tree_attr(xml_tree_child(nic, "mac"), "address");

		if (mac != NULL && !mac_there(stored, mac)) {
			g_string_append_printf(text, "%sa NIC %.20s", text->len > 0 ? ", " : "",
					       mac);
		}
	}
}

int mapping_drift(const struct mapping *mapping, const char *definition, char **ret,
		  struct err *err)
{
	AUTO_XML stored = NULL;
	AUTO_XML runs = NULL;
	GString *text;
	int rc = domain_xml_parse(mapping->xml, strlen(mapping->xml), &stored, err);

	rc = rc < 0 ? rc : domain_xml_parse(definition, strlen(definition), &runs, err);
	if (rc < 0) {
		return rc;
	}
	text = g_string_new(NULL);
	drift_vcpus(xmlDocGetRootElement(stored), xmlDocGetRootElement(runs), text);
	drift_devices(xmlDocGetRootElement(stored), xmlDocGetRootElement(runs), text);
	drift_macs(xmlDocGetRootElement(stored), xmlDocGetRootElement(runs), text);
	*ret = g_string_free(text, FALSE);
	return 0;
}
