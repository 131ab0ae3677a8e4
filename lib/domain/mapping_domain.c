/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"
#include "tpm/tpm_definition.h"
#include "names/portal.h"
#include "names/unit_name.h"

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

/* The secret is named by the VM, so the definition is the same for every host but for the user. */
static bool source_add_auth(xmlNodePtr source, const char *user, const char *vm)
{
	char usage[sizeof(MAPPING_SECRET_PREFIX) + VM_NAME_MAX];
	xmlNodePtr secret;

	if (user == NULL) {
		return true;
	}
	(void)snprintf(usage, sizeof(usage), MAPPING_SECRET_PREFIX "%s", vm);
	secret = child_new(child_new(source, "auth", "username", user), "secret", "type", "iscsi");
	return secret != NULL && xmlSetProp(secret, BAD_CAST "usage", BAD_CAST usage) != NULL;
}

static bool node_set_source(xmlNodePtr disk, const char *vm, const struct mapping_drive *drive,
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
	       source_add_auth(source, host->chap_user, vm) && source_add_slice(source, drive);
}

static bool disk_is_iscsi(xmlNodePtr disk)
{
	const char *type = xml_tree_attr(disk, "type");
	const char *protocol = xml_tree_attr(xml_tree_child(disk, "source"), "protocol");

	return type != NULL && strcmp(type, "network") == 0 && protocol != NULL &&
	       strcmp(protocol, "iscsi") == 0;
}

/* The LUN of the drive, as the host reaches it, becomes the source of the disk or flash chip. */
static int source_for_host(xmlNodePtr node, const char *vm, const struct mapping_drive *drive,
			   const struct mapping_host *host, const struct portal *portal,
			   struct err *err)
{
	const char *target = drive->drive.target;
	const struct lun *lun = luns_find(host->luns, host->n_luns, drive->drive.extent.lun);

	if (lun == NULL || !iscsi_name_valid(lun->target)) {
		return err_set(err, -EINVAL,
			       "drive %s: this host has no iSCSI target for LUN '%s' (target '%s')",
			       target, drive->drive.extent.lun, lun == NULL ? "" : lun->target);
	}
	/* By designator, never by name or number alone: the last check before QEMU writes. */
	if (strcmp(lun->designator, drive->designator) != 0) {
		return err_set(
			err, -EUCLEAN,
			"drive %s: LUN '%s' is %s on this host, and the mapping file names %s",
			target, lun->name, lun->designator, drive->designator);
	}
	return node != NULL && node_set_source(node, vm, drive, host, portal, lun)
		       ? 0
		       : err_set(err, -ENOMEM, "out of memory");
}

/* libvirt would look at a template for a file only, and refuses it beside firmware='efi'. */
static int nvram_for_host(xmlNodePtr domain, const struct mapping *mapping,
			  const struct mapping_host *host, const struct portal *portal,
			  struct err *err)
{
	const struct mapping_drive *drive = mapping_find(mapping, DRIVE_FLASH);
	int rc = firmware_check_variables(domain, drive == NULL ? NULL : &drive->drive, err);
	xmlNodePtr nvram;

	if (rc < 0 || drive == NULL) {
		return rc;
	}
	nvram = firmware_take_nvram(domain);
	if (nvram != NULL) {
		(void)xmlUnsetProp(nvram, BAD_CAST "template");
		(void)xmlUnsetProp(nvram, BAD_CAST "templateFormat");
	}
	return source_for_host(nvram, mapping->vm, drive, host, portal, err);
}

/* libvirt knows nothing of the LUN: lunmask-tpm(8) keeps the state there. */
static int tpm_for_host(xmlNodePtr domain, const struct mapping *mapping, struct err *err)
{
	const struct mapping_drive *drive = mapping_find(mapping, DRIVE_TPM);
	int rc = tpm_definition_check(domain, drive == NULL ? NULL : &drive->drive, err);

	return rc < 0 ? rc : tpm_definition_pin(domain, err);
}

static bool disk_unit(xmlNodePtr disk, char array[LUN_NAME_MAX + 1], char lun[LUN_NAME_MAX + 1])
{
	return unit_alias_parse(xml_tree_attr(xml_tree_child(disk, "alias"), "name"), array, lun);
}

/*
 * The LUN is not the VM's: it goes where its own resource goes. A guest that came with it to
 * another host, or out of a saved image, would write to what another guest may have written to
 * since (I4).
 */
static int unit_refuse(const char *vm, const char *lun, const char *target, struct err *err)
{
	return err_set(err, -EPERM,
		       "stop the LogicalUnit of LUN %s first, and order its resource "
		       "after VM '%s': it has plugged in disk %s, which can neither be "
		       "saved nor migrate with the VM",
		       lun, vm, target);
}

/* Its designator is nobody's but the array's word, which both hosts have compared it with. */
static int unit_for_host(xmlNodePtr disk, const char *vm, const char *target, const char *array,
			 const char *name, const struct mapping_host *host,
			 const struct portal *portal, struct err *err)
{
	const struct lun *lun = luns_find(host->luns, host->n_luns, name);
	struct mapping_drive drive = {.size_bytes = 0};

	if (!host->carries_units || lun == NULL || strcmp(array, host->array) != 0) {
		return unit_refuse(vm, name, target, err);
	}
	(void)g_strlcpy(drive.drive.target, target, sizeof(drive.drive.target));
	(void)g_strlcpy(drive.drive.extent.lun, name, sizeof(drive.drive.extent.lun));
	(void)g_strlcpy(drive.designator, lun->designator, sizeof(drive.designator));
	return source_for_host(disk, vm, &drive, host, portal, err);
}

static int disk_for_host(xmlNodePtr disk, const struct mapping *mapping,
			 const struct mapping_host *host, const struct portal *portal,
			 struct err *err)
{
	const struct mapping_drive *drive;
	char array[LUN_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];
	const char *target;
	int rc = mapping_policy_check_disk(disk, &target, err);

	if (rc == 0 && disk_unit(disk, array, lun)) {
		return unit_for_host(disk, mapping->vm, target, array, lun, host, portal, err);
	}
	drive = rc < 0 ? NULL : mapping_find(mapping, target);
	/* A medium that was ejected, or changed, while the guest runs: what runs is what moves. */
	if (rc < 0 || mapping_policy_is_empty(disk)) {
		return rc;
	}
	if (mapping_policy_is_reader(disk) && (drive == NULL || !disk_is_iscsi(disk))) {
		return mapping_policy_check_use(disk, NULL, err);
	}
	if (drive == NULL) {
		return err_set(err, -EINVAL,
			       "disk %s is not a drive of the mapping file, so no other host "
			       "reaches it: detach it (virsh detach-disk %s %s)",
			       target, mapping->vm, target);
	}
	/* Somebody has attached it under the drive's name; the guest's data are not on the LUN. */
	if (!disk_is_iscsi(disk)) {
		return err_set(err, -EINVAL,
			       "detach disk %s (virsh detach-disk %s %s): it is not on LUN '%s', "
			       "which the guest would find in its place on the other host",
			       target, mapping->vm, target, drive->drive.extent.lun);
	}
	return source_for_host(disk, mapping->vm, drive, host, portal, err);
}

/* A saved image is input from outside: another VM's would run under this VM's name. */
static int definition_check(xmlNodePtr domain, const struct mapping *mapping, struct err *err)
{
	const char *name;
	const char *uuid;
	int rc = mapping_policy_identity(domain, &name, &uuid, err);

	if (rc < 0) {
		return rc;
	}
	if (strcmp(name, mapping->vm) != 0 || strcasecmp(uuid, mapping->uuid) != 0) {
		return err_set(err, -EUCLEAN,
			       "the definition is of VM '%s' (%s), and the mapping file is of VM "
			       "'%s' (%s)",
			       name, uuid, mapping->vm, mapping->uuid);
	}
	return mapping_policy_check(domain, err);
}

int mapping_definition_xml(const struct mapping *mapping, const char *definition,
			   const struct mapping_host *host, char **ret_xml, struct err *err)
{
	struct portal portal;
	AUTO_XML doc = NULL;
	xmlNodePtr domain;
	xmlNodePtr disk;
	int rc;

	if (!iscsi_name_valid(host->initiator)) {
		return err_set(err, -EINVAL,
			       "initiator '%.230s' is not an iSCSI name, such as "
			       "iqn.2026-11.org.example:h1",
			       host->initiator == NULL ? "" : host->initiator);
	}
	rc = portal_from_str(host->portal, &portal, err);
	rc = rc < 0 ? rc : domain_xml_parse(definition, strlen(definition), &doc, err);
	if (rc < 0) {
		return rc;
	}
	domain = xmlDocGetRootElement(doc);
	rc = definition_check(domain, mapping, err);
	rc = rc < 0 ? rc : nvram_for_host(domain, mapping, host, &portal, err);
	rc = rc < 0 ? rc : tpm_for_host(domain, mapping, err);
	disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	for (; rc == 0 && disk != NULL; disk = xml_tree_next(disk, "disk")) {
		rc = disk_for_host(disk, mapping, host, &portal, err);
	}
	return rc < 0 ? rc : domain_xml_format(doc, ret_xml, err);
}

int mapping_units(const char *definition, mapping_unit_fn *found, void *data, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr disk;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	disk = rc < 0 ? NULL
		      : xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"),
				       "disk");
	for (; rc == 0 && disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
		char array[LUN_NAME_MAX + 1];
		char lun[LUN_NAME_MAX + 1];

		if (disk_unit(disk, array, lun)) {
			rc = found(data,
				   &(struct mapping_unit){array, lun, target == NULL ? "" : target},
				   err);
		}
	}
	return rc;
}

static int unit_refused(void *data, const struct mapping_unit *unit, struct err *err)
{
	return unit_refuse(data, unit->lun, unit->target, err);
}

int mapping_check_units(const char *vm, const char *definition, struct err *err)
{
	return mapping_units(definition, unit_refused, (void *)(uintptr_t)vm, err);
}

int mapping_domain_xml(const struct mapping *mapping, const struct mapping_host *host,
		       char **ret_xml, struct err *err)
{
	return mapping_definition_xml(mapping, mapping->xml, host, ret_xml, err);
}

static void node_remove(xmlNodePtr node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* <metadata> goes too, unless it has what others have put there. */
static void mapping_remove(xmlNodePtr domain)
{
	xmlNodePtr mapping = domain_xml_mapping(domain);
	xmlNodePtr metadata = mapping != NULL ? mapping->parent : NULL;

	if (mapping == NULL) {
		return;
	}
	node_remove(mapping);
	if (xml_tree_child(metadata, NULL) == NULL) {
		node_remove(metadata);
	}
}

int mapping_plain_xml(const struct mapping *mapping, const struct mapping_host *host,
		      char **ret_xml, struct err *err)
{
	g_autofree char *ours = NULL;
	AUTO_XML doc = NULL;
	int rc = mapping_domain_xml(mapping, host, &ours, err);

	rc = rc != 0 ? rc : domain_xml_parse(ours, strlen(ours), &doc, err);
	if (rc != 0) {
		return rc;
	}
	mapping_remove(xmlDocGetRootElement(doc));
	return domain_xml_format(doc, ret_xml, err);
}
