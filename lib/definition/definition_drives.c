/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_drives.h"

#include <glib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"

#define PREFIX_LETTERS 2 /* of "vda", "sdb", "hdc" */

static const char *target_of(xmlNodePtr disk)
{
	return xml_tree_attr(xml_tree_child(disk, "target"), "dev");
}

static bool named(const struct drive *drives, size_t n_drives, const char *target)
{
	for (size_t i = 0; i < n_drives; i++) {
		if (strcmp(drives[i].target, target) == 0) {
			return true;
		}
	}
	return false;
}

static void tell(GString *told, const char *target, const char *what)
{
	g_string_append_printf(told, "%s%s is %s", told->len > 0 ? ", " : "", target, what);
}

static void disks_leave_out(xmlNodePtr devices, const struct drive *drives, size_t n_drives,
			    GString *told)
{
	xmlNodePtr disk = xml_tree_child(devices, "disk");

	while (disk != NULL) {
		xmlNodePtr next = xml_tree_next(disk, "disk");
		const char *target = target_of(disk);

		if (target != NULL && !mapping_policy_is_reader(disk) &&
		    !named(drives, n_drives, target)) {
			tell(told, target, "left out");
			xmlUnlinkNode(disk);
			xmlFreeNode(disk);
		}
		disk = next;
	}
}

/* The disk with the target; or the last one whose target begins as it does. */
static xmlNodePtr disk_find(xmlNodePtr devices, const char *target, bool alike)
{
	xmlNodePtr disk = xml_tree_child(devices, "disk");
	xmlNodePtr found = NULL;

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *other = target_of(disk);

		if (other != NULL && !(alike && mapping_policy_is_reader(disk)) &&
		    (alike ? strncmp(other, target, PREFIX_LETTERS) == 0
			   : strcmp(other, target) == 0)) {
			found = disk;
		}
	}
	return found;
}

/* What the guest only reads: in a CD-ROM drive, where there is one by this name. */
static bool disk_read_only(xmlNodePtr disk, const char *target)
{
	return g_str_has_prefix(target, "sd") || g_str_has_prefix(target, "hd")
		       ? xmlSetProp(disk, BAD_CAST "device", BAD_CAST "cdrom") != NULL
		       : xmlNewChild(disk, NULL, BAD_CAST "readonly", NULL) != NULL;
}

static int disk_add(xmlNodePtr devices, const struct drive *drive, struct err *err)
{
	const char *target = drive->target;
	xmlNodePtr like = disk_find(devices, target, true);
	const char *bus = xml_tree_attr(xml_tree_child(like, "target"), "bus");
	xmlNodePtr disk = xmlNewNode(NULL, BAD_CAST "disk");
	xmlNodePtr node = disk == NULL ? NULL : xmlNewChild(disk, NULL, BAD_CAST "target", NULL);

	if (node == NULL || xmlSetProp(disk, BAD_CAST "type", BAD_CAST "network") == NULL ||
	    xmlSetProp(disk, BAD_CAST "device", BAD_CAST "disk") == NULL ||
	    xmlSetProp(node, BAD_CAST "dev", BAD_CAST target) == NULL ||
	    (bus != NULL && xmlSetProp(node, BAD_CAST "bus", BAD_CAST bus) == NULL) ||
	    (drive->read_only && !disk_read_only(disk, target)) ||
	    (like != NULL ? xmlAddNextSibling(like, disk) : xmlAddChild(devices, disk)) == NULL) {
		xmlFreeNode(disk);
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int disks_add(xmlNodePtr devices, const struct drive *drives, size_t n_drives, GString *told,
		     struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n_drives; i++) {
		if (!drive_is_no_disk(drives[i].target) &&
		    disk_find(devices, drives[i].target, false) == NULL) {
			tell(told, drives[i].target, "added");
			rc = disk_add(devices, &drives[i], err);
		}
	}
	return rc;
}

int definition_drives(const char *definition, const struct drive *drives, size_t n_drives,
		      char **ret, char **ret_told, struct err *err)
{
	g_autoptr(GString) told = g_string_new(NULL);
	AUTO_XML doc = NULL;
	xmlNodePtr devices;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	if (rc < 0) {
		return rc;
	}
	devices = xml_tree_child(xmlDocGetRootElement(doc), "devices");
	if (devices == NULL) {
		return err_set(err, -EINVAL, "the definition has no <devices>");
	}
	disks_leave_out(devices, drives, n_drives, told);
	rc = disks_add(devices, drives, n_drives, told, err);
	rc = rc < 0 ? rc : domain_xml_format(doc, ret, err);
	if (rc == 0) {
		*ret_told = g_strdup(told->str);
	}
	return rc;
}
