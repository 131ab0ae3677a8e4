/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

static bool attr_set_u64(xmlNodePtr node, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	return xmlSetProp(node, BAD_CAST name, BAD_CAST text) != NULL;
}

static int add_lun(xmlNodePtr ours, const char *element, const char *target,
		   const struct extent *extent, const struct mapping_source *source,
		   struct err *err)
{
	const struct lun *lun = NULL;
	xmlNodePtr node;
	uint64_t end;
	size_t i;

	for (i = 0; i < source->n_luns && lun == NULL; i++) {
		if (strcmp(source->luns[i].name, extent->lun) == 0) {
			lun = &source->luns[i];
		}
	}
	if (lun == NULL) {
		return err_set(err, -EINVAL, "LUN '%s' (for %s) is not among those the array shows",
			       extent->lun, target == NULL ? "the state" : target);
	}
	if (__builtin_add_overflow(extent->offset_bytes, extent->length_bytes, &end) ||
	    end > lun->size_bytes || extent->offset_bytes >= lun->size_bytes) {
		return err_set(err, -EINVAL,
			       "%s: offset %" PRIu64 " and length %" PRIu64
			       " go beyond LUN '%s', which has "
			       "%" PRIu64 " bytes",
			       target == NULL ? "state" : target, extent->offset_bytes,
			       extent->length_bytes, lun->name, lun->size_bytes);
	}
	node = xmlNewChild(ours, ours->ns, BAD_CAST element, NULL);
	if (node == NULL ||
	    (target != NULL && xmlSetProp(node, BAD_CAST "target", BAD_CAST target) == NULL) ||
	    xmlSetProp(node, BAD_CAST "lun", BAD_CAST lun->name) == NULL ||
	    xmlSetProp(node, BAD_CAST "designator", BAD_CAST lun->designator) == NULL ||
	    !attr_set_u64(node, "size", lun->size_bytes)) {
		return out_of_memory(err);
	}
	if ((extent->offset_bytes != 0 || extent->length_bytes != 0) &&
	    (!attr_set_u64(node, "offset", extent->offset_bytes) ||
	     !attr_set_u64(node, "length", extent->length_bytes))) {
		return out_of_memory(err);
	}
	return 0;
}

/* Replaces the mapping of an earlier mapping file; other metadata stays. */
static int add_metadata(xmlNodePtr domain, const struct mapping_source *source, struct err *err)
{
	xmlNodePtr metadata = xml_tree_child(domain, "metadata");
	xmlNodePtr ours;
	size_t i;
	int rc;

	while ((ours = domain_xml_mapping(domain)) != NULL) {
		xmlUnlinkNode(ours);
		xmlFreeNode(ours);
	}
	if (metadata == NULL) {
		metadata = xmlNewChild(domain, NULL, BAD_CAST "metadata", NULL);
	}
	ours = metadata == NULL ? NULL : xmlNewChild(metadata, NULL, BAD_CAST "mapping", NULL);
	if (ours == NULL) {
		return out_of_memory(err);
	}
	xmlSetNs(ours, xmlNewNs(ours, BAD_CAST MAPPING_NAMESPACE, BAD_CAST "lunmask"));
	if (ours->ns == NULL ||
	    xmlSetProp(ours, BAD_CAST "array", BAD_CAST source->array) == NULL) {
		return out_of_memory(err);
	}
	for (i = 0, rc = 0; rc == 0 && i < source->n_drives; i++) {
		rc = add_lun(ours, "drive", source->drives[i].target, &source->drives[i].extent,
			     source, err);
	}
	return rc < 0 ? rc : add_lun(ours, "state", NULL, source->state, source, err);
}

/* Sets a default unless the user has set the attribute. */
static bool driver_default(xmlNodePtr driver, const char *name, const char *value)
{
	return xmlHasNsProp(driver, BAD_CAST name, NULL) != NULL ||
	       xmlSetProp(driver, BAD_CAST name, BAD_CAST value) != NULL;
}

/*
 * cache='none': with a cache on the host, a VM that moves back would read old data. Policy stop: an
 * I/O error pauses the guest, and the failed request is repeated when the guest is resumed.
 */
static bool disk_set_driver(xmlNodePtr disk)
{
	xmlNodePtr driver = xml_tree_child(disk, "driver");

	if (driver == NULL) {
		driver = xmlNewChild(disk, NULL, BAD_CAST "driver", NULL);
	}
	return driver != NULL && xmlSetProp(driver, BAD_CAST "name", BAD_CAST "qemu") != NULL &&
	       xmlSetProp(driver, BAD_CAST "type", BAD_CAST "raw") != NULL &&
	       xmlSetProp(driver, BAD_CAST "cache", BAD_CAST "none") != NULL &&
	       driver_default(driver, "error_policy", "stop") &&
	       driver_default(driver, "rerror_policy", "stop");
}

/*
 * The source in the mapping file names no host. It has the form that libvirt reads, so that virsh
 * can show it. Its host is in the reserved top-level domain "invalid" (RFC 2606), so that nothing
 * can run with it.
 */
static bool disk_set_neutral_source(xmlNodePtr disk, const char *lun)
{
	xmlNodePtr source = xml_tree_child(disk, "source");
	xmlNodePtr host;

	if (source != NULL) {
		xmlUnlinkNode(source);
		xmlFreeNode(source);
	}
	source = xmlNewChild(disk, NULL, BAD_CAST "source", NULL);
	host = source == NULL ? NULL : xmlNewChild(source, NULL, BAD_CAST "host", NULL);
	return host != NULL && xmlSetProp(source, BAD_CAST "protocol", BAD_CAST "iscsi") != NULL &&
	       xmlSetProp(source, BAD_CAST "name", BAD_CAST lun) != NULL &&
	       xmlSetProp(host, BAD_CAST "name", BAD_CAST "array.invalid") != NULL &&
	       xmlSetProp(host, BAD_CAST "port", BAD_CAST "3260") != NULL &&
	       xmlSetProp(disk, BAD_CAST "type", BAD_CAST "network") != NULL &&
	       xmlSetProp(disk, BAD_CAST "device", BAD_CAST "disk") != NULL;
}

static int set_disks(xmlNodePtr domain, const struct mapping_source *source, struct err *err)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *target;
		size_t i;
		int rc = mapping_policy_check_disk(disk, &target, err);

		if (rc < 0) {
			return rc;
		}
		for (i = 0; target != NULL && i < source->n_drives; i++) {
			const struct drive *drive = &source->drives[i];

			if (strcmp(drive->target, target) == 0 &&
			    (!disk_set_driver(disk) ||
			     !disk_set_neutral_source(disk, drive->extent.lun))) {
				return out_of_memory(err);
			}
		}
	}
	return 0;
}

static int check_identity(xmlNodePtr domain, const struct mapping_source *source, struct err *err)
{
	const char *name;
	const char *uuid;
	int rc = mapping_policy_identity(domain, &name, &uuid, err);

	if (rc == 0 && strcmp(name, source->vm) != 0) {
		rc = err_set(err, -EINVAL, "the domain's name is '%s'; the resource's vm is '%s'",
			     name, source->vm);
	}
	return rc;
}

int mapping_build(const struct mapping_source *source, struct mapping **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr domain;
	char *xml = NULL;
	int rc;

	rc = domain_xml_parse(source->domain_xml, strlen(source->domain_xml), &doc, err);
	if (rc < 0) {
		return err_prefix(err, rc, "domain definition");
	}
	domain = xmlDocGetRootElement(doc);
	/* The id that libvirt on this host gave to the domain. */
	(void)xmlUnsetProp(domain, BAD_CAST "id");
	rc = check_identity(domain, source, err);
	if (rc == 0) {
		rc = mapping_policy_check(domain, err);
	}
	if (rc == 0) {
		rc = set_disks(domain, source, err);
	}
	if (rc == 0) {
		rc = add_metadata(domain, source, err);
	}
	if (rc == 0) {
		rc = domain_xml_format(doc, &xml, err);
	}
	if (rc < 0) {
		return err_prefix(err, rc, "domain definition");
	}
	/*
	 * Parsing the result applies the same rules as reading it later, and is the only way to
	 * fill *ret.
	 */
	rc = mapping_parse(xml, strlen(xml), ret, err);
	free(xml);
	return rc;
}
