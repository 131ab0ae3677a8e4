/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: two definitions of a VM are compared, and one takes over what the other has. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "definition/definition_diff.h"
#include "definition/definition_drives.h"
#include "definition/definition_keep.h"
#include "definition/definition_part.h"
#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/xml_mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static xmlNodePtr device_first(xmlDocPtr doc, const char *name)
{
	return xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), name);
}

/* Also what differs in nothing is compared. */
static void compare(const char *was, const char *is)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GPtrArray) none = NULL;

	must(definition_diff(was, was, &none, NULL) == 0 && none->len == 0);
	must(definition_diff(was, is, &changes, NULL) == 0);
	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		must(change->path != NULL && (change->was != NULL || change->is != NULL));
	}
	must(definition_diff_count(changes) <= changes->len);
}

/* But for blanks between elements. */
static void same(const char *first, const char *second)
{
	g_autoptr(GPtrArray) changes = NULL;

	must(definition_diff(first, second, &changes, NULL) == 0 && changes->len == 0);
}

/* What is kept once is there; so nothing is left to be kept. */
static void keep(const char *old, const char *definition)
{
	char *kept = NULL;
	char *again = NULL;

	if (definition_keep(old, definition, &kept, NULL) == 0) {
		must(definition_keep(old, kept, &again, NULL) == 0);
		same(kept, again);
	}
	g_free(kept);
	g_free(again);
}

static size_t drives_of(const char *definition, struct drive drives[VM_LUNS_MAX])
{
	AUTO_XML doc = NULL;
	size_t n = 0;

	must(domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0);
	for (xmlNodePtr disk = device_first(doc, "disk"); disk != NULL && n < VM_LUNS_MAX;
	     disk = xml_tree_next(disk, "disk")) {
		const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
		bool twice = target == NULL || !drive_target_valid(target);

		for (size_t i = 0; !twice && i < n; i++) {
			twice = g_ascii_strcasecmp(drives[i].target, target) == 0;
		}
		if (!twice) {
			memset(&drives[n], 0, sizeof(drives[n]));
			strcpy(drives[n].target, target);
			strcpy(drives[n].extent.lun, "l");
			drives[n++].read_only = mapping_policy_is_reader(disk);
		}
	}
	return n;
}

/* The disks of one definition take the place of the other's. */
static void drives_take(const char *definition, const char *other)
{
	struct drive drives[VM_LUNS_MAX];
	size_t n = drives_of(other, drives);
	char *made = NULL;
	char *told = NULL;
	char *again = NULL;
	char *nothing = NULL;

	if (definition_drives(definition, drives, n, &made, &told, NULL) == 0) {
		for (size_t i = 0; i < n; i++) {
			must(definition_has_disk(made, drives[i].target));
		}
		must(definition_drives(made, drives, n, &again, &nothing, NULL) == 0);
		must(nothing[0] == '\0');
		same(made, again);
	}
	g_free(made);
	g_free(told);
	g_free(again);
	g_free(nothing);
}

static void part_check(int rc, const char *part)
{
	xmlDocPtr doc = rc != 0 ? NULL
				: xmlReadMemory(part, (int)strlen(part), NULL, "UTF-8",
						XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

	must(rc != 0 || doc != NULL);
	xmlFreeDoc(doc);
}

/* Each part is XML of its own. */
static void parts(const char *definition)
{
	struct drive drives[VM_LUNS_MAX];
	size_t n = drives_of(definition, drives);
	AUTO_XML doc = NULL;
	char *part = NULL;

	part_check(definition_mapping(definition, 7, &part, NULL), part);
	g_free(part);
	for (size_t i = 0; i < n; i++) {
		part = NULL;
		must(definition_disk(definition, drives[i].target, &part, NULL) == 0);
		part_check(0, part);
		g_free(part);
		g_free(definition_disk_source(definition, drives[i].target));
		(void)definition_maps_drive(definition, &drives[i]);
	}
	(void)definition_maps(definition, drives, n);
	(void)definition_revision(definition);
	must(domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0);
	for (xmlNodePtr nic = device_first(doc, "interface"); nic != NULL;
	     nic = xml_tree_next(nic, "interface")) {
		const char *mac = xml_tree_attr(xml_tree_child(nic, "mac"), "address");

		part = NULL;
		if (mac != NULL) {
			part_check(definition_nic(definition, mac, &part, NULL), part);
		}
		g_free(part);
	}
}

static bool is_definition(const char *text)
{
	AUTO_XML doc = NULL;

	return domain_xml_parse(text, strlen(text), &doc, NULL) == 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return xml_mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first;
	char *second;

	xml_split(data, size, &first, &second);
	if (is_definition(first) && is_definition(second)) {
		compare(first, second);
		compare(second, first);
		keep(first, second);
		drives_take(first, second);
		parts(first);
	}
	free(first);
	free(second);
	return 0;
}
