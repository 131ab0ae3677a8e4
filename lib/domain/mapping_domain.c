/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "names/portal.h"

static const struct mapping_drive *drive_find(const struct mapping *mapping, const char *target)
{
	size_t i;

	for (i = 0; i < mapping->n_drives; i++) {
		if (strcmp(mapping->drives[i].drive.target, target) == 0) {
			return &mapping->drives[i];
		}
	}
	return NULL;
}

static const struct lun *host_lun(const struct mapping_host *host, const char *name)
{
	size_t i;

	for (i = 0; i < host->n_luns; i++) {
		if (strcmp(host->luns[i].name, name) == 0) {
			return &host->luns[i];
		}
	}
	return NULL;
}

static xmlNodePtr child_new(xmlNodePtr parent, const char *name, const char *attr,
			    const char *value)
{
	xmlNodePtr node = parent == NULL ? NULL : xmlNewChild(parent, NULL, BAD_CAST name, NULL);

	if (node != NULL && attr != NULL &&
	    xmlSetProp(node, BAD_CAST attr, BAD_CAST value) == NULL) {
		return NULL;
	}
	return node;
}

/* In the mapping, length 0 means "to the end of the LUN"; libvirt's slice needs a number. */
static bool source_add_slice(xmlNodePtr source, const struct mapping_drive *drive)
{
	const struct extent *extent = &drive->drive.extent;
	uint64_t length = extent->length_bytes;
	char text[24];
	xmlNodePtr slice;

	if (extent->offset_bytes == 0 && length == 0) {
		return true;
	}
	if (length == 0) {
		length = drive->size_bytes - extent->offset_bytes;
	}
	slice = child_new(child_new(source, "slices", NULL, NULL), "slice", "type", "storage");
	if (slice == NULL) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, extent->offset_bytes);
	if (xmlSetProp(slice, BAD_CAST "offset", BAD_CAST text) == NULL) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, length);
	return xmlSetProp(slice, BAD_CAST "size", BAD_CAST text) != NULL;
}

static bool disk_set_source(xmlNodePtr disk, const struct mapping_drive *drive,
			    const struct mapping_host *host, const struct portal *portal,
			    const struct lun *lun)
{
	xmlNodePtr old = xml_tree_child(disk, "source");
	char name[ISCSI_NAME_MAX + 12];
	xmlNodePtr source;
	xmlNodePtr address;
	char port[6];

	if (old != NULL) {
		xmlUnlinkNode(old);
		xmlFreeNode(old);
	}
	(void)snprintf(name, sizeof(name), "%s/%u", lun->target, lun->number);
	(void)snprintf(port, sizeof(port), "%u", (unsigned int)portal->port);
	source = child_new(disk, "source", "protocol", "iscsi");
	address = child_new(source, "host", "name", portal->address);
	return address != NULL && xmlSetProp(source, BAD_CAST "name", BAD_CAST name) != NULL &&
	       xmlSetProp(address, BAD_CAST "port", BAD_CAST port) != NULL &&
	       child_new(child_new(source, "initiator", NULL, NULL), "iqn", "name",
			 host->initiator) != NULL &&
	       source_add_slice(source, drive);
}

static int disk_for_host(xmlNodePtr disk, const struct mapping *mapping,
			 const struct mapping_host *host, const struct portal *portal,
			 struct err *err)
{
	const struct mapping_drive *drive;
	const struct lun *lun;
	const char *target;
	int rc = mapping_policy_check_disk(disk, &target, err);

	if (rc < 0 || target == NULL) {
		return rc;
	}
	drive = drive_find(mapping, target);
	if (drive == NULL) {
		return err_set(err, -EINVAL, "no LUN is named for disk %s", target);
	}
	lun = host_lun(host, drive->drive.extent.lun);
	if (lun == NULL || !iscsi_name_valid(lun->target)) {
		return err_set(err, -EINVAL,
			       "drive %s: this host has no iSCSI target for LUN '%s' (target '%s')",
			       target, drive->drive.extent.lun, lun == NULL ? "" : lun->target);
	}
	/*
	 * Compare by designator, never by name or number alone: this is the last check before QEMU
	 * writes.
	 */
	if (strcmp(lun->designator, drive->designator) != 0) {
		return err_set(
			err, -EUCLEAN,
			"drive %s: LUN '%s' is %s on this host, and the mapping file names %s",
			target, lun->name, lun->designator, drive->designator);
	}
	if (!disk_set_source(disk, drive, host, portal, lun)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

int mapping_domain_xml(const struct mapping *mapping, const struct mapping_host *host,
		       char **ret_xml, struct err *err)
{
	struct portal portal;
	AUTO_XML doc = NULL;
	xmlNodePtr disk;
	int rc;

	if (!iscsi_name_valid(host->initiator)) {
		return err_set(err, -EINVAL,
			       "initiator '%.230s' is not an iSCSI name, such as "
			       "iqn.2026-11.org.example:h1",
			       host->initiator == NULL ? "" : host->initiator);
	}
	rc = portal_from_str(host->portal, &portal, err);
	if (rc == 0) {
		rc = domain_xml_parse(mapping->xml, strlen(mapping->xml), &doc, err);
	}
	if (rc < 0) {
		return rc;
	}
	disk = xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), "disk");
	for (; rc == 0 && disk != NULL; disk = xml_tree_next(disk, "disk")) {
		rc = disk_for_host(disk, mapping, host, &portal, err);
	}
	return rc < 0 ? rc : domain_xml_format(doc, ret_xml, err);
}
