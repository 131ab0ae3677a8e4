/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: the definition in a saved image, or of a running domain, becomes one for a
 * host. With two documents, the first is the mapping file's, and libvirt has made the second of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "domain/domain_xml.h"
#include "domain/mapping.h"
#include "domain/mapping_drift.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/xml_mutator.h"

#define TARGET "iqn.2026-11.org.example:t"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static struct mapping_drive drives[VM_LUNS_MAX];
static struct lun luns[VM_LUNS_MAX + 1];
static const struct mapping_host host = {
	.initiator = "iqn.2026-11.org.example:h",
	.portal = "[::1]:3260",
	.luns = luns,
	.n_luns = VM_LUNS_MAX + 1,
};

static void drive_add(struct mapping *mapping, const char *target, bool read_only)
{
	struct drive *drive = &drives[mapping->n_drives].drive;

	if (target == NULL || mapping->n_drives == VM_LUNS_MAX - 1 ||
	    !(drive_target_valid(target) || strcmp(target, DRIVE_FLASH) == 0) ||
	    mapping_find(mapping, target) != NULL) {
		return;
	}
	memset(drive, 0, sizeof(*drive));
	strcpy(drive->target, target);
	strcpy(drive->extent.lun, luns[mapping->n_drives].name);
	strcpy(drives[mapping->n_drives].designator, luns[mapping->n_drives].designator);
	drives[mapping->n_drives].size_bytes = luns[mapping->n_drives].size_bytes;
	drive->read_only = read_only;
	mapping->n_drives++;
}

/* A mapping file of the VM that the definition says it is, with its disks. */
static bool mapping_of(char *definition, struct mapping *ret)
{
	AUTO_XML doc = NULL;
	const char *name;
	const char *uuid;
	xmlNodePtr domain;
	xmlNodePtr disk;

	*ret = (struct mapping){.drives = drives, .array = "san1", .xml = definition};
	if (domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return false;
	}
	domain = xmlDocGetRootElement(doc);
	if (mapping_policy_identity(domain, &name, &uuid, NULL) != 0) {
		return false;
	}
	strcpy(ret->vm, name);
	strcpy(ret->uuid, uuid);
	strcpy(ret->state.drive.extent.lun, luns[VM_LUNS_MAX].name);
	ret->revision = domain_xml_revision(domain_xml_mapping(domain));
	disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		drive_add(ret, xml_tree_attr(xml_tree_child(disk, "target"), "dev"),
			  mapping_policy_is_reader(disk));
	}
	if (firmware_keeps_variables(domain)) {
		drive_add(ret, DRIVE_FLASH, false);
	}
	return true;
}

/* Another format may name files of the host. */
static bool raw(xmlNodePtr node, const char *attr)
{
	const char *format = xml_tree_attr(node, attr);

	return format == NULL || strcmp(format, "raw") == 0;
}

/* A guest gets our LUNs and nothing else: no file of the host, no other target. */
static void sources_check(const char *definition)
{
	AUTO_XML doc = NULL;
	xmlNodePtr disk;

	must(domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0);
	must(raw(xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "os"), "nvram"),
		 "format"));
	disk = xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), "disk");
	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		xmlNodePtr source = xml_tree_child(disk, "source");
		const char *protocol = xml_tree_attr(source, "protocol");
		const char *name = xml_tree_attr(source, "name");

		if (mapping_policy_is_empty(disk)) {
			continue;
		}
		must(g_strcmp0(xml_tree_attr(disk, "type"), "network") == 0);
		must(g_strcmp0(protocol, "iscsi") == 0);
		must(name != NULL && g_str_has_prefix(name, TARGET));
		must(xml_tree_next(source, "source") == NULL);
		must(raw(xml_tree_child(disk, "driver"), "type"));
	}
}

static void move(const struct mapping *mapping, const char *definition)
{
	char *xml = NULL;
	char *again = NULL;
	char *drift = NULL;

	if (mapping_definition_xml(mapping, definition, &host, &xml, NULL) == 0) {
		sources_check(xml);
		must(mapping_definition_xml(mapping, xml, &host, &again, NULL) == 0);
		must(strcmp(xml, again) == 0);
		must(mapping_drift(mapping, xml, &drift, NULL) == 0);
	}
	free(xml);
	free(again);
	free(drift);
}

static void complete(const struct mapping *mapping, const char *definition)
{
	struct mapping *made = NULL;
	struct mapping *again = NULL;

	if (mapping_complete(mapping, definition, luns, VM_LUNS_MAX + 1, &made, NULL) == 0) {
		must(made->complete && made->n_drives == mapping->n_drives);
		must(mapping_parse(made->xml, strlen(made->xml), &again, NULL) == 0);
		must(mapping_check_luns(again, luns, VM_LUNS_MAX + 1, NULL) == 0);
		move(made, made->xml);
	}
	mapping_free(made);
	mapping_free(again);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return xml_mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mapping mapping;
	char *first;
	char *second;

	for (size_t i = 0; i <= VM_LUNS_MAX && luns[i].name[0] == '\0'; i++) {
		(void)snprintf(luns[i].name, sizeof(luns[i].name), "l%zu", i);
		(void)snprintf(luns[i].designator, sizeof(luns[i].designator), "naa.6001%zu", i);
		strcpy(luns[i].target, TARGET);
		luns[i].number = (unsigned int)i;
		luns[i].size_bytes = 1 << 30;
	}
	xml_split(data, size, &first, &second);
	if (mapping_of(first, &mapping)) {
		move(&mapping, second);
		complete(&mapping, second);
	}
	free(first);
	free(second);
	return 0;
}
