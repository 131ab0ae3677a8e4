/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping_policy.h"

#include <glib.h>
#include <string.h>

#include "domain/legal.h"
#include "domain/mapping.h"
#include "names/lun.h"
#include "xml/xml_tree.h"

/* A drive's source is replaced by its LUN. What is not on this list would be lost with it. */
#define SOURCE_PARTS "host initiator slices seclabel privateData address"

static const struct {
	const char *part;
	const char *advice;
} lost[] = {
	{"encryption", "whose secret is in one host's libvirt; encrypt inside of the guest, or on "
		       "the array"},
	{"auth", "whose secret is in one host's libvirt; remove it, and set chap_secret_file of "
		 "the array in lunmask.conf"},
	{"reservations", "which a daemon of one host keeps; the masks keep others away, remove it"},
};

static const char *lost_advice(const char *part)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lost); i++) {
		if (strcmp(lost[i].part, part) == 0) {
			return lost[i].advice;
		}
	}
	return "which would be lost; remove it";
}

static bool source_is_empty(xmlNodePtr source)
{
	if (xml_tree_child(source, NULL) != NULL) {
		return false;
	}
	for (xmlAttrPtr attr = source->properties; attr != NULL; attr = attr->next) {
		g_autofree char *value =
			(char *)xmlNodeListGetString(source->doc, attr->children, 1);

		if (value != NULL && *value != '\0' &&
		    !legal_word("startupPolicy index", (const char *)attr->name)) {
			return false;
		}
	}
	return true;
}

bool mapping_policy_is_reader(xmlNodePtr disk)
{
	const char *device = xml_tree_attr(disk, "device");

	return device != NULL && legal_word("cdrom floppy", device);
}

bool mapping_policy_is_empty(xmlNodePtr disk)
{
	xmlNodePtr source = xml_tree_child(disk, "source");

	return mapping_policy_is_reader(disk) && (source == NULL || source_is_empty(source));
}

static int refuse_medium(xmlNodePtr disk, const char *target, struct err *err)
{
	static const char *const names[] = {"file", "dev", "dir", "name", "volume"};
	xmlNodePtr source = xml_tree_child(disk, "source");
	const char *medium = NULL;

	for (size_t i = 0; medium == NULL && i < G_N_ELEMENTS(names); i++) {
		medium = xml_tree_attr(source, names[i]);
	}
	return err_set(err, -EINVAL,
		       "%s %s holds a medium ('%.100s') that is not on a LUN, so other hosts need "
		       "not have it; copy it to a LUN and name that as %s=LUN:ro, or eject it "
		       "(remove its <source>)",
		       xml_tree_attr(disk, "device"), target, medium == NULL ? "" : medium, target);
}

/* mapping_domain_xml() has written it, or will replace it. */
static bool is_our_auth(xmlNodePtr node)
{
	const char *usage = xml_tree_attr(xml_tree_child(node, "secret"), "usage");

	return strcmp((const char *)node->name, "auth") == 0 && usage != NULL &&
	       g_str_has_prefix(usage, MAPPING_SECRET_PREFIX);
}

static int check_drive(xmlNodePtr disk, const char *target, struct err *err)
{
	const char *type = xml_tree_attr(xml_tree_child(disk, "driver"), "type");
	xmlNodePtr node = xml_tree_child(xml_tree_child(disk, "source"), NULL);

	if (type != NULL && strcmp(type, "raw") != 0) {
		return err_set(err, -EINVAL,
			       "disk %s is of type='%.20s', and a LUN is raw: copy the content to "
			       "the LUN with 'qemu-img convert -O raw'; define the disk with "
			       "<driver type='raw'/>",
			       target, type);
	}
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		if (!is_our_auth(node) && !legal_word(SOURCE_PARTS, (const char *)node->name)) {
			return err_set(err, -EINVAL, "the <source> of disk %s has <%.40s>, %s",
				       target, (const char *)node->name,
				       lost_advice((const char *)node->name));
		}
	}
	return 0;
}

/* Only the first would be replaced, and libvirt might take another. */
static int check_once(xmlNodePtr disk, const char *target, struct err *err)
{
	static const char *const names[] = {"source", "driver", "target"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		xmlNodePtr first = xml_tree_child(disk, names[i]);

		if (first != NULL && xml_tree_next(first, names[i]) != NULL) {
			return err_set(err, -EINVAL, "disk %s has <%s> twice: remove one", target,
				       names[i]);
		}
	}
	return 0;
}

int mapping_policy_check_disk(xmlNodePtr disk, const char **ret_target, struct err *err)
{
	const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
	const char *device = xml_tree_attr(disk, "device");
	int rc;

	*ret_target = NULL;
	if (target == NULL || !drive_target_valid(target)) {
		return err_set(
			err, -EINVAL,
			"a <disk> has the target '%.40s'; legal is a name such as vda or sdb",
			target == NULL ? "" : target);
	}
	if (device != NULL && strcmp(device, "disk") != 0 && !mapping_policy_is_reader(disk)) {
		return err_set(err, -EINVAL,
			       "disk %s has device='%.20s'; legal is device='disk': the guest's "
			       "SCSI commands must not reach the LUN past QEMU",
			       target, device);
	}
	*ret_target = target;
	rc = check_once(disk, target, err);
	return rc < 0 || mapping_policy_is_empty(disk) ? rc : check_drive(disk, target, err);
}

static int check_none(xmlNodePtr disk, const char *target, struct err *err)
{
	if (mapping_policy_is_empty(disk)) {
		return 0;
	}
	return mapping_policy_is_reader(disk)
		       ? refuse_medium(disk, target, err)
		       : err_set(err, -EINVAL,
				 "no LUN is named for disk %s; a disk on this host cannot move: "
				 "name its LUN as %s=LUN, or remove the disk",
				 target, target);
}

int mapping_policy_check_use(xmlNodePtr disk, const struct drive *drive, struct err *err)
{
	const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");

	if (drive == NULL) {
		return check_none(disk, target, err);
	}
	if (mapping_policy_is_reader(disk) && !drive->read_only) {
		return err_set(
			err, -EINVAL,
			"%s %s is read only: name its LUN as %s=%s:ro, and make it read-only "
			"on the array",
			xml_tree_attr(disk, "device"), target, target, drive->extent.lun);
	}
	if (!mapping_policy_is_reader(disk) && drive->read_only &&
	    xml_tree_child(disk, "readonly") == NULL) {
		return err_set(err, -EINVAL,
			       "disk %s is a read-only LUN (%s:ro): define it with <readonly/>, or "
			       "as device='cdrom'",
			       target, drive->extent.lun);
	}
	return 0;
}
