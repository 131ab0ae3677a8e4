/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping_policy.h"

#include <glib.h>
#include <string.h>

#include "names/lun.h"
#include "names/name.h"
#include "xml/xml_tree.h"

/*
 * Elements that cannot be created on another host, or that would share something of this host. A
 * row matches an element of that name below parent, and if attr is set, only with that attribute
 * value.
 */
struct refusal {
	const char *parent; /* "domain", "os" or "devices" */
	const char *element;
	const char *attr;  /* NULL: the element alone */
	const char *value; /* NULL: any value */
	const char *advice;
};

static const struct refusal refusals[] = {
	{"devices", "hostdev", NULL, NULL, "a device of this host cannot move; remove it"},
	{"devices", "filesystem", NULL, NULL, "a folder of this host cannot move; use a LUN"},
	{"devices", "shmem", NULL, NULL, "memory shared with this host cannot move; remove it"},
	{"devices", "tpm", NULL, NULL, "its state lives on this host; remove it"},
	{"devices", "lease", NULL, NULL, "the masks are the lease; remove it"},
	{"devices", "smartcard", NULL, NULL, "a card of this host cannot move; remove it"},
	{"devices", "redirdev", NULL, NULL, "a redirected device cannot move; remove it"},
	{"devices", "crypto", NULL, NULL, "a device of this host cannot move; remove it"},
	{"devices", "pstore", NULL, NULL, "its state lives on this host; remove it"},
	{"devices", "interface", "type", "hostdev", "use a bridge or a network"},
	{"devices", "interface", "type", "vdpa", "use a bridge or a network"},
	{"devices", "interface", "type", "vhostuser", "use a bridge or a network"},
	{"devices", "memory", "model", "nvdimm", "its content lives on this host; use a LUN"},
	{"devices", "memory", "model", "virtio-pmem", "its content lives on this host; use a LUN"},
	{"devices", "memory", "model", "sgx-epc", "it cannot move; remove it"},
	{"devices", "input", "type", "passthrough", "a device of this host cannot move"},
	{"devices", "input", "type", "evdev", "a device of this host cannot move"},
	{"devices", "serial", "type", "dev", "a device of this host cannot move; use type='pty'"},
	{"devices", "parallel", "type", "dev", "a device of this host cannot move; remove it"},
	{"devices", "console", "type", "dev", "a device of this host cannot move; use type='pty'"},
	{"devices", "channel", "type", "dev", "a device of this host cannot move; use type='unix'"},
	{"domain", "launchSecurity", NULL, NULL, "memory bound to this host's CPU cannot move"},
	{"os", "nvram", NULL, NULL,
	 "firmware variables live in a file of this host; use BIOS, or <loader stateless='yes'>"},
};

static int refuse(const struct refusal *row, struct err *err)
{
	if (row->value == NULL) {
		return err_set(err, -EINVAL, "<%s> is refused: %s", row->element, row->advice);
	}
	return err_set(err, -EINVAL, "<%s %s='%s'> is refused: %s", row->element, row->attr,
		       row->value, row->advice);
}

static int check_children(xmlNodePtr parent, struct err *err)
{
	xmlNodePtr node;
	size_t i;

	for (node = xml_tree_child(parent, NULL); node != NULL; node = xml_tree_next(node, NULL)) {
		for (i = 0; i < G_N_ELEMENTS(refusals); i++) {
			const struct refusal *row = &refusals[i];
			const char *value;

			if (!xmlStrEqual(parent->name, BAD_CAST row->parent) ||
			    !xmlStrEqual(node->name, BAD_CAST row->element)) {
				continue;
			}
			value = row->attr == NULL ? NULL : xml_tree_attr(node, row->attr);
			if (row->attr == NULL ||
			    (value != NULL && strcmp(value, row->value) == 0)) {
				return refuse(row, err);
			}
		}
		/* <qemu:commandline> and similar: QEMU options that cannot be checked here. */
		if (node->ns != NULL) {
			return err_set(
				err, -EINVAL,
				"<%.40s:%.40s> is refused: only libvirt's own elements can be "
				"checked; remove it",
				node->ns->prefix == NULL ? "" : (const char *)node->ns->prefix,
				(const char *)node->name);
		}
	}
	return 0;
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

/* UEFI keeps its variables in a file of the host unless its loader is stateless. */
static int check_firmware(xmlNodePtr os, struct err *err)
{
	xmlNodePtr loader = xml_tree_child(os, "loader");

	if ((attr_is(os, "firmware", "efi") || attr_is(loader, "type", "pflash")) &&
	    !attr_is(loader, "stateless", "yes")) {
		return err_set(
			err, -EINVAL,
			"UEFI firmware with variables is refused: they live in a file of this "
			"host; use BIOS, or <loader stateless='yes'/>");
	}
	if (loader != NULL && xml_tree_attr(loader, "readonly") != NULL &&
	    !attr_is(loader, "readonly", "yes")) {
		return err_set(err, -EINVAL,
			       "<loader readonly='no'> is refused: the guest would write "
			       "to a file of this host");
	}
	return 0;
}

/* A definition from a LUN must not choose which program of the host runs. */
static int check_emulator(xmlNodePtr devices, struct err *err)
{
	xmlNodePtr node = xml_tree_child(devices, "emulator");
	const char *path = xml_tree_text(node);

	if (node == NULL) {
		return 0;
	}
	if (path == NULL || strncmp(path, "/usr/", 5) != 0 || strstr(path, "..") != NULL ||
	    xml_tree_next(node, "emulator") != NULL) {
		return err_set(
			err, -EINVAL,
			"<emulator>%.100s</emulator> is refused: it must be one program below "
			"/usr/",
			path == NULL ? "" : path);
	}
	return 0;
}

int mapping_policy_check(xmlNodePtr domain, struct err *err)
{
	xmlNodePtr os = xml_tree_child(domain, "os");
	xmlNodePtr devices = xml_tree_child(domain, "devices");
	int rc;

	if (os == NULL || devices == NULL || xml_tree_next(os, "os") != NULL ||
	    xml_tree_next(devices, "devices") != NULL) {
		return err_set(err, -EINVAL, "the domain must have one <os> and one <devices>");
	}
	rc = check_children(domain, err);
	if (rc == 0) {
		rc = check_children(os, err);
	}
	if (rc == 0) {
		rc = check_children(devices, err);
	}
	if (rc == 0) {
		rc = check_firmware(os, err);
	}
	return rc < 0 ? rc : check_emulator(devices, err);
}

static int check_disk_parts(xmlNodePtr disk, const char *target, struct err *err)
{
	static const char *const parts[] = {"shareable", "transient", "mirror", "auth"};
	xmlNodePtr chain = xml_tree_child(disk, "backingStore");
	xmlNodePtr source = xml_tree_child(disk, "source");
	xmlNodePtr node;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (xml_tree_child(disk, parts[i]) != NULL) {
			return err_set(
				err, -EINVAL,
				"disk %s has <%s>, which is refused: a LUN belongs to one VM, as a "
				"whole, without a secret in libvirt; remove it",
				target, parts[i]);
		}
	}
	if (xml_tree_child(chain, NULL) != NULL) {
		return err_set(err, -EINVAL,
			       "disk %s has a chain of backing images; flatten it into its LUN",
			       target);
	}
	for (node = xml_tree_child(source, NULL); node != NULL; node = xml_tree_next(node, NULL)) {
		static const char known[] = " host initiator slices seclabel privateData address ";
		const char *at = strstr(known, (const char *)node->name);

		if (at == NULL || at[-1] != ' ' || at[xmlStrlen(node->name)] != ' ') {
			return err_set(err, -EINVAL,
				       "the <source> of disk %s has <%.40s>, which would be lost; "
				       "remove it",
				       target, (const char *)node->name);
		}
	}
	return 0;
}

int mapping_policy_check_disk(xmlNodePtr disk, const char **ret_target, struct err *err)
{
	const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
	const char *device = xml_tree_attr(disk, "device");

	*ret_target = NULL;
	if (target == NULL || (!drive_target_valid(target) && strncmp(target, "fd", 2) != 0)) {
		return err_set(
			err, -EINVAL,
			"a <disk> has the target '%.40s'; legal is a name such as vda or sdb",
			target == NULL ? "" : target);
	}
	if (device != NULL && (strcmp(device, "cdrom") == 0 || strcmp(device, "floppy") == 0)) {
		if (xml_tree_child(disk, "source") == NULL) {
			return 0;
		}
		return err_set(
			err, -EINVAL,
			"%s %s holds a medium of this host, which cannot move; eject it (remove "
			"its <source>)",
			device, target);
	}
	if (device != NULL && strcmp(device, "disk") != 0) {
		return err_set(err, -EINVAL, "disk %s has device='%.20s'; legal is device='disk'",
			       target, device);
	}
	*ret_target = target;
	return check_disk_parts(disk, target, err);
}

bool mapping_vm_name_valid(const char *name)
{
	return name != NULL && name_valid(name, VM_NAME_MAX, "._-+");
}

static bool uuid_valid(const char *uuid)
{
	size_t i;

	if (strlen(uuid) != 36) {
		return false;
	}
	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? uuid[i] != '-' : strchr("0123456789abcdefABCDEF", uuid[i]) == NULL) {
			return false;
		}
	}
	return true;
}

int mapping_policy_identity(xmlNodePtr domain, const char **ret_name, const char **ret_uuid,
			    struct err *err)
{
	*ret_name = xml_tree_text(xml_tree_child(domain, "name"));
	*ret_uuid = xml_tree_text(xml_tree_child(domain, "uuid"));
	if (!mapping_vm_name_valid(*ret_name)) {
		return err_set(
			err, -EINVAL,
			"the domain's name '%.130s' is not 1 to %d letters, digits, '.', '_', '-' "
			"or '+', the first a letter or digit",
			*ret_name == NULL ? "" : *ret_name, VM_NAME_MAX);
	}
	if (*ret_uuid == NULL || !uuid_valid(*ret_uuid)) {
		return err_set(
			err, -EINVAL,
			"the domain '%s' has no <uuid> of the form that uuidgen(1) prints; the "
			"guest must keep it on every host: run uuidgen once and write it down "
			"there",
			*ret_name);
	}
	return 0;
}
