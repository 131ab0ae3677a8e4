/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_part.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"

/* The device of that name whose child has the value, such as the <disk> with a <target dev='vda'>.
 */
static xmlNodePtr device_find(xmlDocPtr doc, const char *name, const char *child, const char *attr,
			      const char *value)
{
	xmlNodePtr node =
		xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), name);

	for (; node != NULL; node = xml_tree_next(node, name)) {
		const char *other = xml_tree_attr(xml_tree_child(node, child), attr);

		if (other != NULL && g_ascii_strcasecmp(other, value) == 0) {
			break;
		}
	}
	return node;
}

static xmlNodePtr disk_find(xmlDocPtr doc, const char *target)
{
	return device_find(doc, "disk", "target", "dev", target);
}

static int node_format(xmlNodePtr node, char **ret, struct err *err)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	int rc = 0;

	if (buffer == NULL || xmlNodeDump(buffer, node->doc, node, 0, 1) <= 0) {
		rc = err_set(err, -ENOMEM, "out of memory");
	} else {
		*ret = g_strdup((const char *)xmlBufferContent(buffer));
	}
	xmlBufferFree(buffer);
	return rc;
}

int definition_disk(const char *definition, const char *target, char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr disk;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	if (rc < 0) {
		return rc;
	}
	disk = disk_find(doc, target);
	return disk == NULL ? err_set(err, -ENOENT, "the definition has no disk %s", target)
			    : node_format(disk, ret, err);
}

int definition_nic(const char *definition, const char *mac, char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr nic;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	if (rc < 0) {
		return rc;
	}
	nic = device_find(doc, "interface", "mac", "address", mac);
	return nic == NULL ? err_set(err, -ENOENT, "the definition has no NIC %s", mac)
			   : node_format(nic, ret, err);
}

bool definition_has_disk(const char *definition, const char *target)
{
	AUTO_XML doc = NULL;

	return domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0 &&
	       disk_find(doc, target) != NULL;
}

char *definition_disk_source(const char *definition, const char *target)
{
	AUTO_XML doc = NULL;
	xmlNodePtr source;
	const char *protocol;

	if (domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return NULL;
	}
	source = xml_tree_child(disk_find(doc, target), "source");
	protocol = xml_tree_attr(source, "protocol");
	return protocol != NULL && strcmp(protocol, "iscsi") == 0
		       ? g_strdup(xml_tree_attr(source, "name"))
		       : NULL;
}

/* An attribute of a namespace would become another of the same name. */
static void attrs_drop(xmlNodePtr node)
{
	xmlAttrPtr attr = node->properties;

	while (attr != NULL) {
		xmlAttrPtr next = attr->next;

		if (attr->ns != NULL) {
			(void)xmlRemoveProp(attr);
		}
		attr = next;
	}
}

static void namespace_drop(xmlNodePtr node)
{
	xmlSetNs(node, NULL);
	attrs_drop(node);
	for (xmlNodePtr child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_ELEMENT_NODE) {
			namespace_drop(child);
		}
	}
}

int definition_mapping(const char *definition, uint64_t revision, char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr ours;
	char text[24];
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	if (rc < 0) {
		return rc;
	}
	ours = domain_xml_mapping(xmlDocGetRootElement(doc));
	if (ours == NULL) {
		return err_set(err, -ENOENT, "the definition has no <mapping>");
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, revision);
	if (xmlSetProp(ours, BAD_CAST MAPPING_REVISION, BAD_CAST text) == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	namespace_drop(ours);
	xmlFreeNsList(ours->nsDef);
	ours->nsDef = NULL;
	return node_format(ours, ret, err);
}

uint64_t definition_revision(const char *definition)
{
	AUTO_XML doc = NULL;

	return domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0
		       ? domain_xml_revision(domain_xml_mapping(xmlDocGetRootElement(doc)))
		       : 0;
}

static bool drive_is(xmlNodePtr node, const struct drive *drive)
{
	const char *target = xml_tree_attr(node, "target");
	const char *lun = xml_tree_attr(node, "lun");
	uint64_t offset = 0;
	uint64_t length = 0;

	(void)xml_tree_attr_u64(node, "offset", &offset, NULL);
	(void)xml_tree_attr_u64(node, "length", &length, NULL);
	return target != NULL && lun != NULL && strcmp(target, drive->target) == 0 &&
	       strcmp(lun, drive->extent.lun) == 0 && offset == drive->extent.offset_bytes &&
	       length == drive->extent.length_bytes;
}

bool definition_maps_drive(const char *definition, const struct drive *drive)
{
	AUTO_XML doc = NULL;
	xmlNodePtr node;

	if (domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return false;
	}
	node = xml_tree_child(domain_xml_mapping(xmlDocGetRootElement(doc)), NULL);
	node = domain_xml_ours(node, "drive");
	while (node != NULL && !drive_is(node, drive)) {
		node = domain_xml_ours(xml_tree_next(node, NULL), "drive");
	}
	return node != NULL;
}

bool definition_maps(const char *definition, const struct drive *drives, size_t n_drives)
{
	AUTO_XML doc = NULL;
	size_t found = 0;
	size_t count = 0;
	xmlNodePtr node;

	if (domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return false;
	}
	node = xml_tree_child(domain_xml_mapping(xmlDocGetRootElement(doc)), NULL);
	for (node = domain_xml_ours(node, "drive"); node != NULL;
	     node = domain_xml_ours(xml_tree_next(node, NULL), "drive")) {
		count++;
		for (size_t i = 0; i < n_drives; i++) {
			found += drive_is(node, &drives[i]) ? 1 : 0;
		}
	}
	return count == n_drives && found == n_drives;
}
