/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"

#define GRAIN_BYTES 512u

static int attr_copy(xmlNodePtr node, const char *name, char *ret, size_t size, struct err *err)
{
	const char *text = xml_tree_attr(node, name);

	if (text == NULL || strlen(text) >= size) {
		return err_set(err, -EINVAL, "<%s> has %s='%.40s'; legal are 1 to %zu characters",
			       (const char *)node->name, name, text == NULL ? "" : text, size - 1);
	}
	strcpy(ret, text);
	return 0;
}

static bool designator_valid(const char *text)
{
	static const char *const kinds[] = {"naa.", "eui."};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (strncmp(text, kinds[i], 4) == 0) {
			return text[4] != '\0' &&
			       text[4 + strspn(text + 4, "0123456789abcdef")] == '\0';
		}
	}
	return strncmp(text, "t10.", 4) == 0 && text[4] != '\0';
}

static int parse_range(xmlNodePtr node, struct mapping_drive *drive, struct err *err)
{
	struct extent *extent = &drive->drive.extent;
	uint64_t end;
	int rc = 0;

	if (xmlHasNsProp(node, BAD_CAST "offset", NULL) != NULL) {
		rc = xml_tree_attr_u64(node, "offset", &extent->offset_bytes, err);
	}
	if (rc == 0 && xmlHasNsProp(node, BAD_CAST "length", NULL) != NULL) {
		rc = xml_tree_attr_u64(node, "length", &extent->length_bytes, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (__builtin_add_overflow(extent->offset_bytes, extent->length_bytes, &end) ||
	    end > drive->size_bytes || extent->offset_bytes >= drive->size_bytes ||
	    extent->offset_bytes % GRAIN_BYTES != 0 || extent->length_bytes % GRAIN_BYTES != 0) {
		return err_set(err, -EINVAL,
			       "offset %" PRIu64 " and length %" PRIu64
			       " are not multiples of %u within "
			       "the %" PRIu64 " bytes of LUN '%s'",
			       extent->offset_bytes, extent->length_bytes, GRAIN_BYTES,
			       drive->size_bytes, extent->lun);
	}
	return 0;
}

/* Parses a <drive> or <state>; they differ only in the drive's target. */
static int parse_lun(xmlNodePtr node, struct mapping_drive *drive, struct err *err)
{
	struct extent *extent = &drive->drive.extent;
	int rc = attr_copy(node, "lun", extent->lun, sizeof(extent->lun), err);

	if (rc == 0 && !lun_name_valid(extent->lun)) {
		rc = err_set(err, -EINVAL, "'%s' is not a LUN name", extent->lun);
	}
	if (rc == 0) {
		rc = attr_copy(node, "designator", drive->designator, sizeof(drive->designator),
			       err);
	}
	if (rc == 0 && !designator_valid(drive->designator)) {
		rc = err_set(err, -EINVAL,
			     "LUN '%s' has the designator '%s'; legal are naa. or eui. with "
			     "hexadecimal digits, and t10. with a name",
			     extent->lun, drive->designator);
	}
	if (rc == 0) {
		rc = xml_tree_attr_u64(node, "size", &drive->size_bytes, err);
	}
	return rc < 0 ? rc : parse_range(node, drive, err);
}

static int parse_drive(xmlNodePtr node, struct mapping *mapping, struct err *err)
{
	struct mapping_drive *drive = &mapping->drives[mapping->n_drives];
	size_t i;
	int rc;

	rc = attr_copy(node, "target", drive->drive.target, sizeof(drive->drive.target), err);
	if (rc == 0 && !drive_target_valid(drive->drive.target)) {
		rc = err_set(err, -EINVAL, "'%s' is not a drive; legal is a name such as vda",
			     drive->drive.target);
	}
	if (rc == 0) {
		rc = parse_lun(node, drive, err);
	}
	if (rc == 0 && extent_overlaps(&drive->drive.extent, &mapping->state.drive.extent)) {
		rc = err_set(err, -EINVAL, "drive %s and the state LUN overlap on LUN '%s'",
			     drive->drive.target, drive->drive.extent.lun);
	}
	for (i = 0; rc == 0 && i < mapping->n_drives; i++) {
		const struct drive *other = &mapping->drives[i].drive;

		if (strcmp(other->target, drive->drive.target) == 0 ||
		    extent_overlaps(&other->extent, &drive->drive.extent)) {
			rc = err_set(err, -EINVAL, "drives %s and %s are the same or overlap",
				     other->target, drive->drive.target);
		}
	}
	if (rc == 0) {
		mapping->n_drives++;
	}
	return rc;
}

static xmlNodePtr child_of_ours(xmlNodePtr node, const char *name)
{
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		if (node->ns != NULL && xmlStrEqual(node->ns->href, BAD_CAST MAPPING_NAMESPACE) &&
		    xmlStrEqual(node->name, BAD_CAST name)) {
			break;
		}
	}
	return node;
}

static int parse_metadata(xmlNodePtr ours, struct mapping *mapping, struct err *err)
{
	xmlNodePtr state = child_of_ours(xml_tree_child(ours, NULL), "state");
	xmlNodePtr node = child_of_ours(xml_tree_child(ours, NULL), "drive");
	int rc;

	rc = attr_copy(ours, "array", mapping->array, sizeof(mapping->array), err);
	if (rc == 0 && !lun_name_valid(mapping->array)) {
		rc = err_set(err, -EINVAL, "'%s' is not an array's name", mapping->array);
	}
	if (rc == 0 && state == NULL) {
		rc = err_set(err, -EINVAL, "the <mapping> in <metadata> has no <state>");
	}
	if (rc == 0) {
		rc = parse_lun(state, &mapping->state, err);
	}
	for (; rc == 0 && node != NULL; node = child_of_ours(xml_tree_next(node, NULL), "drive")) {
		if (mapping->n_drives == VM_LUNS_MAX - 1) {
			return err_set(err, -EINVAL, "more than %d drives", VM_LUNS_MAX - 1);
		}
		rc = parse_drive(node, mapping, err);
	}
	return rc;
}

static bool mapping_has(const struct mapping *mapping, const char *target)
{
	size_t i;

	for (i = 0; i < mapping->n_drives; i++) {
		if (strcmp(mapping->drives[i].drive.target, target) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Every disk must be a drive, and every drive a disk: a disk without LUN would be one of this host.
 */
static int check_disks(xmlNodePtr domain, const struct mapping *mapping, struct err *err)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	size_t found = 0;

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *target;
		int rc = mapping_policy_check_disk(disk, &target, err);

		if (rc < 0) {
			return rc;
		}
		if (target == NULL) {
			continue;
		}
		if (!mapping_has(mapping, target)) {
			return err_set(err, -EINVAL,
				       "no LUN is named for disk %s; a disk on this host cannot "
				       "move: name "
				       "its LUN as %s=LUN, or remove the disk",
				       target, target);
		}
		found++;
	}
	if (found != mapping->n_drives) {
		return err_set(
			err, -EINVAL,
			"%zu drives are named and the domain has %zu disks for them; each drive "
			"needs one <disk> with its <target dev='...'/>",
			mapping->n_drives, found);
	}
	return 0;
}

static int parse_domain(xmlNodePtr domain, struct mapping *mapping, struct err *err)
{
	xmlNodePtr ours = domain_xml_mapping(domain);
	const char *name;
	const char *uuid;
	int rc;

	if (ours == NULL) {
		return err_set(err, -EINVAL, "there is no <mapping> of %s in <metadata>",
			       MAPPING_NAMESPACE);
	}
	rc = mapping_policy_identity(domain, &name, &uuid, err);
	if (rc < 0) {
		return rc;
	}
	strcpy(mapping->vm, name);
	strcpy(mapping->uuid, uuid);
	rc = mapping_policy_check(domain, err);
	if (rc == 0) {
		rc = parse_metadata(ours, mapping, err);
	}
	if (rc == 0) {
		rc = check_disks(domain, mapping, err);
	}
	return rc < 0 ? rc : domain_xml_memory(domain, &mapping->memory_bytes, err);
}

int mapping_parse(const char *xml, size_t bytes, struct mapping **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	struct mapping *mapping;
	int rc = domain_xml_parse(xml, bytes, &doc, err);

	if (rc < 0) {
		return err_prefix(err, rc, "mapping file");
	}
	mapping = calloc(1, sizeof(*mapping));
	if (mapping != NULL) {
		mapping->drives = calloc(VM_LUNS_MAX, sizeof(*mapping->drives));
		mapping->xml = strndup(xml, bytes);
	}
	if (mapping == NULL || mapping->drives == NULL || mapping->xml == NULL) {
		mapping_free(mapping);
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = parse_domain(xmlDocGetRootElement(doc), mapping, err);
	if (rc < 0) {
		mapping_free(mapping);
		return err_prefix(err, rc, "mapping file");
	}
	*ret = mapping;
	return 0;
}
