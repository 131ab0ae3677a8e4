/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"
#include "tpm/tpm_definition.h"

#define NO_HOST "array.invalid"

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

static int add_lun(xmlNodePtr ours, const char *element, const struct drive *drive,
		   const struct extent *extent, const struct mapping_source *source,
		   struct err *err)
{
	const struct lun *lun = luns_find(source->luns, source->n_luns, extent->lun);
	const char *target = drive == NULL ? NULL : drive->target;
	xmlNodePtr node;
	uint64_t end;

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
	    (drive != NULL && drive->read_only &&
	     xmlSetProp(node, BAD_CAST MAPPING_ACCESS, BAD_CAST MAPPING_ACCESS_RO) == NULL) ||
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
	int rc = 0;

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
	    xmlSetProp(ours, BAD_CAST "array", BAD_CAST source->array) == NULL ||
	    (source->complete && xmlSetProp(ours, BAD_CAST MAPPING_DEFINITION,
					    BAD_CAST MAPPING_DEFINITION_LIBVIRT) == NULL) ||
	    !attr_set_u64(ours, MAPPING_REVISION, source->revision == 0 ? 1 : source->revision) ||
	    (source->config != NULL && source->config[0] != '\0' &&
	     xmlSetProp(ours, BAD_CAST MAPPING_CONFIG, BAD_CAST source->config) == NULL)) {
		return out_of_memory(err);
	}
	for (size_t i = 0; rc == 0 && i < source->n_drives; i++) {
		rc = add_lun(ours, "drive", &source->drives[i], &source->drives[i].extent, source,
			     err);
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
 * I/O error pauses the guest, and the failed request is repeated when the guest is resumed. For the
 * sake of a CD-ROM no guest is paused.
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
	       (mapping_policy_is_reader(disk) ||
		(driver_default(driver, "error_policy", "stop") &&
		 driver_default(driver, "rerror_policy", "stop")));
}

/*
 * The source in the mapping file names no host. It has the form that libvirt reads, so that virsh
 * can show it. Its host is in the reserved top-level domain "invalid" (RFC 2606), so that nothing
 * can run with it.
 */
static bool set_neutral_source(xmlNodePtr disk, const char *lun)
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
	       xmlSetProp(host, BAD_CAST "name", BAD_CAST NO_HOST) != NULL &&
	       xmlSetProp(host, BAD_CAST "port", BAD_CAST "3260") != NULL;
}

static bool disk_set_neutral_source(xmlNodePtr disk, const char *lun)
{
	return set_neutral_source(disk, lun) &&
	       xmlSetProp(disk, BAD_CAST "type", BAD_CAST "network") != NULL &&
	       (mapping_policy_is_reader(disk) ||
		xmlSetProp(disk, BAD_CAST "device", BAD_CAST "disk") != NULL);
}

static const struct drive *drive_find(const struct mapping_source *source, const char *target)
{
	for (size_t i = 0; i < source->n_drives; i++) {
		if (strcmp(source->drives[i].target, target) == 0) {
			return &source->drives[i];
		}
	}
	return NULL;
}

/* A medium that the VM had: the drive stays. */
static void disk_eject(xmlNodePtr disk)
{
	xmlNodePtr source = xml_tree_child(disk, "source");
	const char *host = xml_tree_attr(xml_tree_child(source, "host"), "name");

	if (host != NULL && strcmp(host, NO_HOST) == 0) {
		xmlUnlinkNode(source);
		xmlFreeNode(source);
	}
}

static int set_disks(xmlNodePtr domain, const struct mapping_source *source, struct err *err)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const struct drive *drive;
		const char *target;
		int rc = mapping_policy_check_disk(disk, &target, err);

		drive = rc < 0 ? NULL : drive_find(source, target);
		if (drive != NULL &&
		    (!disk_set_driver(disk) || !disk_set_neutral_source(disk, drive->extent.lun))) {
			rc = out_of_memory(err);
		}
		if (rc == 0 && drive == NULL && mapping_policy_is_reader(disk)) {
			disk_eject(disk);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int set_nvram(xmlNodePtr domain, const struct mapping_source *source, struct err *err)
{
	const struct drive *drive = drive_find(source, DRIVE_FLASH);
	int rc = firmware_check_variables(domain, drive, err);
	xmlNodePtr nvram = rc == 0 && drive != NULL ? firmware_take_nvram(domain) : NULL;

	if (rc == 0 && drive != NULL &&
	    (nvram == NULL || !set_neutral_source(nvram, drive->extent.lun))) {
		rc = out_of_memory(err);
	}
	return rc;
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
	rc = check_identity(domain, source, err);
	rc = rc < 0 ? rc : mapping_policy_check(domain, err);
	if (rc == 0) {
		firmware_pin(domain);
	}
	rc = rc < 0 ? rc : set_disks(domain, source, err);
	rc = rc < 0 ? rc : set_nvram(domain, source, err);
	rc = rc < 0 ? rc : tpm_definition_check(domain, drive_find(source, DRIVE_TPM), err);
	rc = rc < 0 ? rc : tpm_definition_pin(domain, err);
	if (rc == 0) {
		mapping_policy_neutralise(domain);
	}
	rc = rc < 0 ? rc : add_metadata(domain, source, err);
	rc = rc < 0 ? rc : domain_xml_format(doc, &xml, err);
	if (rc < 0) {
		return err_prefix(err, rc, "domain definition");
	}
	/* Parsing applies the same rules as reading it later, and alone fills *ret. */
	rc = mapping_parse(xml, strlen(xml), ret, err);
	free(xml);
	return rc;
}

/* A LUN of this name that is large enough for any extent. */
static void lun_make_up(const char *name, struct lun *ret)
{
	*ret = (struct lun){.designator = "naa.0", .size_bytes = UINT64_MAX};
	strcpy(ret->name, name);
}

int mapping_check_source(const struct mapping_source *source, struct err *err)
{
	g_autofree struct lun *luns = g_new0(struct lun, source->n_drives + 1);
	struct mapping_source made_up = *source;
	struct mapping *mapping = NULL;
	int rc;

	for (size_t i = 0; i < source->n_drives; i++) {
		lun_make_up(source->drives[i].extent.lun, &luns[i]);
	}
	lun_make_up(source->state->lun, &luns[source->n_drives]);
	made_up.luns = luns;
	made_up.n_luns = source->n_drives + 1;
	rc = mapping_build(&made_up, &mapping, err);
	if (rc == 0) {
		mapping_free(mapping);
	}
	return rc;
}
