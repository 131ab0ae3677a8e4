/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"
#include "tpm/tpm_definition.h"
#include "tpm/tpm_state.h"

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

	for (size_t i = 0; i < 2; i++) {
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
	rc = rc < 0 ? rc
		    : attr_copy(node, "designator", drive->designator, sizeof(drive->designator),
				err);
	if (rc == 0 && !designator_valid(drive->designator)) {
		rc = err_set(err, -EINVAL,
			     "LUN '%s' has the designator '%s'; legal are naa. or eui. with "
			     "hexadecimal digits, and t10. with a name",
			     extent->lun, drive->designator);
	}
	rc = rc < 0 ? rc : xml_tree_attr_u64(node, "size", &drive->size_bytes, err);
	return rc < 0 ? rc : parse_range(node, drive, err);
}

static int parse_access(xmlNodePtr node, bool *ret_read_only, struct err *err)
{
	const char *access = xml_tree_attr(node, MAPPING_ACCESS);

	*ret_read_only = access != NULL;
	return access == NULL || strcmp(access, MAPPING_ACCESS_RO) == 0
		       ? 0
		       : err_set(err, -EINVAL,
				 "a <drive> has " MAPPING_ACCESS
				 "='%.20s'; legal is '" MAPPING_ACCESS_RO "'",
				 access);
}

static int parse_drive(xmlNodePtr node, struct mapping *mapping, struct err *err)
{
	struct mapping_drive *drive = &mapping->drives[mapping->n_drives];
	int rc;

	rc = attr_copy(node, "target", drive->drive.target, sizeof(drive->drive.target), err);
	if (rc == 0 && !drive_target_valid(drive->drive.target) &&
	    !drive_is_no_disk(drive->drive.target)) {
		rc = err_set(err, -EINVAL, "'%s' is not a drive; legal is a name such as vda",
			     drive->drive.target);
	}
	rc = rc < 0 ? rc : parse_access(node, &drive->drive.read_only, err);
	rc = rc < 0 ? rc : parse_lun(node, drive, err);
	if (rc == 0 && strcmp(drive->drive.target, DRIVE_TPM) == 0 &&
	    drive->size_bytes < TPM_LUN_BYTES_MIN) {
		rc = err_set(err, -EINVAL,
			     "LUN '%s' for the TPM has %" PRIu64 " bytes: it needs %u or more",
			     drive->drive.extent.lun, drive->size_bytes, TPM_LUN_BYTES_MIN);
	}
	if (rc == 0 && extent_overlaps(&drive->drive.extent, &mapping->state.drive.extent)) {
		rc = err_set(err, -EINVAL, "drive %s and the state LUN overlap on LUN '%s'",
			     drive->drive.target, drive->drive.extent.lun);
	}
	for (size_t i = 0; rc == 0 && i < mapping->n_drives; i++) {
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

static bool config_valid(const char *text)
{
	size_t prefix = strlen(MAPPING_CONFIG_PREFIX);

	return strncmp(text, MAPPING_CONFIG_PREFIX, prefix) == 0 &&
	       strspn(text + prefix, "0123456789abcdef") == MAPPING_CONFIG_MAX - prefix &&
	       text[MAPPING_CONFIG_MAX] == '\0';
}

/* Of which change the file is, and from which file of the administrator it was made. */
static int parse_origin(xmlNodePtr ours, struct mapping *mapping, struct err *err)
{
	const char *by = xml_tree_attr(ours, MAPPING_DEFINITION);
	const char *config = xml_tree_attr(ours, MAPPING_CONFIG);

	mapping->complete = by != NULL && strcmp(by, MAPPING_DEFINITION_LIBVIRT) == 0;
	mapping->revision = domain_xml_revision(ours);
	if (mapping->revision == 0) {
		return err_set(err, -EINVAL, "<mapping> has revision='%.40s', not a number above 0",
			       xml_tree_attr(ours, MAPPING_REVISION));
	}
	if (config != NULL && !config_valid(config)) {
		return err_set(err, -EINVAL,
			       "<mapping> has config='%.80s', not " MAPPING_CONFIG_PREFIX
			       " and 64 hexadecimal digits",
			       config);
	}
	strcpy(mapping->config, config == NULL ? "" : config);
	return 0;
}

static int parse_metadata(xmlNodePtr ours, struct mapping *mapping, struct err *err)
{
	xmlNodePtr state = domain_xml_ours(xml_tree_child(ours, NULL), "state");
	xmlNodePtr node = domain_xml_ours(xml_tree_child(ours, NULL), "drive");
	int rc = parse_origin(ours, mapping, err);

	rc = rc < 0 ? rc : attr_copy(ours, "array", mapping->array, sizeof(mapping->array), err);
	if (rc == 0 && !lun_name_valid(mapping->array)) {
		rc = err_set(err, -EINVAL, "'%s' is not an array's name", mapping->array);
	}
	if (rc == 0 && state == NULL) {
		rc = err_set(err, -EINVAL, "the <mapping> in <metadata> has no <state>");
	}
	rc = rc < 0 ? rc : parse_lun(state, &mapping->state, err);
	for (; rc == 0 && node != NULL;
	     node = domain_xml_ours(xml_tree_next(node, NULL), "drive")) {
		if (mapping->n_drives == VM_LUNS_MAX - 1) {
			return err_set(err, -EINVAL, "more than %d drives", VM_LUNS_MAX - 1);
		}
		rc = parse_drive(node, mapping, err);
	}
	return rc;
}

static const struct drive *drive_of(const struct mapping_drive *drive)
{
	return drive == NULL ? NULL : &drive->drive;
}

/* Every disk must be a drive and vice versa: a disk without a LUN would be one of this host. */
static int check_disks(xmlNodePtr domain, const struct mapping *mapping, struct err *err)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	const struct drive *flash = drive_of(mapping_find(mapping, DRIVE_FLASH));
	const struct drive *tpm = drive_of(mapping_find(mapping, DRIVE_TPM));
	size_t found = (flash != NULL) + (tpm != NULL);
	int rc = firmware_check_variables(domain, flash, err);

	rc = rc < 0 ? rc : tpm_definition_check(domain, tpm, err);
	if (rc < 0) {
		return rc;
	}
	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const struct mapping_drive *drive;
		const char *target;

		rc = mapping_policy_check_disk(disk, &target, err);
		drive = rc < 0 ? NULL : mapping_find(mapping, target);
		rc = rc < 0 ? rc : mapping_policy_check_use(disk, drive_of(drive), err);
		if (rc < 0) {
			return rc;
		}
		found += drive == NULL ? 0 : 1;
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
	rc = rc < 0 ? rc : parse_metadata(ours, mapping, err);
	rc = rc < 0 ? rc : check_disks(domain, mapping, err);
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
	mapping = g_new0(struct mapping, 1);
	mapping->drives = g_new0(struct mapping_drive, VM_LUNS_MAX);
	mapping->xml = g_strndup(xml, bytes);
	rc = parse_domain(xmlDocGetRootElement(doc), mapping, err);
	if (rc < 0) {
		mapping_free(mapping);
		return err_prefix(err, rc, "mapping file");
	}
	*ret = mapping;
	return 0;
}
