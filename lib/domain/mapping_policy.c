/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping_policy.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "domain/host_path.h"
#include "domain/legal.h"
#include "names/lun.h"
#include "names/name.h"
#include "xml/xml_tree.h"

/* What somebody may well have in a definition, and the way to get the same, or why there is none.
 */
static const struct refusal {
	const char *path; /* legal.h says what it may contain */
	const char *advice;
} refusals[] = {
	{"devices/hostdev", "a device of this host cannot move; remove it"},
	{"devices/filesystem",
	 "a folder of this host cannot move; use a LUN, or a network file system in the guest"},
	{"devices/shmem", "memory shared with this host cannot move; remove it"},
	{"devices/tpm/backend/encryption",
	 "its secret is in one host's libvirt; encrypt on the array, and remove it"},
	{"devices/tpm/backend/device",
	 "the TPM of a host cannot move; use <backend type='emulator'>"},
	{"devices/tpm/backend/source",
	 "the state is on the LUN that luns names as " DRIVE_TPM "; remove it"},
	{"devices/lease", "the masks are the lease; remove it"},
	{"devices/pstore", "its content is in a file of one host; remove it"},
	{"devices/disk/shareable", "a LUN belongs to one VM; remove it"},
	{"devices/disk/transient",
	 "what the guest writes must be on the LUN when it moves; remove it"},
	{"devices/disk/mirror", "a job copies the disk; wait for its end, or abort it"},
	{"devices/disk/auth",
	 "its secret is in one host's libvirt; remove it, and set chap_secret_file of the array in "
	 "lunmask.conf"},
	{"devices/disk/encryption",
	 "its secret is in one host's libvirt; encrypt inside of the guest, or on the array"},
	{"devices/disk/backingStore/*",
	 "a chain of backing images is more than one LUN; flatten it into its LUN (qemu-img "
	 "convert)"},
	{"devices/disk/driver/metadata_cache", "it is for qcow2, and a LUN is raw; remove it"},
	{"devices/interface/backenddomain", "it is Xen's; remove it"},
	{"devices/graphics/*/rendernode", "3D by a GPU of this host cannot move; remove it"},
	{"blkiotune/device",
	 "it names a block device of one host; use <iotune> in the <disk>, which moves along"},
	{"launchSecurity", "memory bound to this host's CPU cannot move; remove it"},
	{"bootloader", "it is a program of the host (Xen, bhyve); use <os>"},
	{"bootloader_args", "it is for a program of the host (Xen, bhyve); use <os>"},
	{"idmap", "it is for containers; remove it"},
	{"os/init", "it is for containers; remove it"},
	{"os/varstore",
	 "the UEFI variables are in a file of one host; use <nvram>, whose LUN luns names, or "
	 "<loader stateless='yes'/>"},
};

/* Values of attributes. No row, or no attribute: any value. */
static const struct values {
	const char *path;
	const char *attr;
	const char *legal;
	const char *advice;
} values[] = {
	{"", "type", "kvm qemu", "only QEMU's guests can be moved"},
	{"devices/interface", "type",
	 "bridge network direct ethernet user mcast udp server client null",
	 "a device or socket of this host cannot move; use a bridge or a network"},
	{"devices/memory", "model", "dimm virtio-mem",
	 "its content is on this host, or bound to it; use dimm or virtio-mem, and LUNs for data"},
	{"devices/input", "type", "tablet mouse keyboard",
	 "a device of this host cannot move; use tablet, mouse or keyboard"},
	{"devices/serial", "type", "pty null vc tcp udp unix file spicevmc spiceport",
	 "a device of this host cannot move; use type='pty'"},
	{"devices/parallel", "type", "pty null vc tcp udp unix file",
	 "a device of this host cannot move; use type='pty'"},
	{"devices/console", "type", "pty null vc tcp udp unix file spiceport",
	 "a device of this host cannot move; use type='pty'"},
	{"devices/channel", "type", "pty null tcp udp unix file spicevmc spiceport qemu-vdagent",
	 "a device of this host cannot move; use type='unix'"},
	{"devices/redirdev", "type", "spicevmc",
	 "a device of this host cannot move; use type='spicevmc', the viewer's device"},
	{"devices/smartcard", "mode", "passthrough",
	 "a card of this host cannot move; use mode='passthrough' type='spicevmc'"},
	{"devices/smartcard", "type", "spicevmc",
	 "a card of this host cannot move; use type='spicevmc', the viewer's card"},
	{"devices/rng/backend", "model", "random builtin",
	 "a service of this host need not be on others; use <backend model='random'>"},
	{"devices/crypto/backend", "model", "builtin",
	 "a device of this host cannot move; use <backend model='builtin'/>"},
	{"devices/audio", "type", "none spice",
	 "the sound of a host does not move; use type='spice' or 'none'"},
	{"devices/graphics", "type", "vnc spice",
	 "a screen or GPU of this host cannot move; use type='vnc' or 'spice'"},
	{"devices/graphics/gl", "enable", "no", "3D by a GPU of this host cannot move; remove it"},
	{"devices/video/model/acceleration", "accel3d", "no",
	 "3D by a GPU of this host cannot move; remove it"},
	{"devices/video/driver", "name", "qemu",
	 "a process of this host draws, which cannot move; remove it"},
	{"seclabel", "type", "dynamic static none", "it is not known"},
	{"sysinfo", "type", "smbios fwcfg", "it is not known"},
	{"os/loader", "readonly", "yes", "the guest would write to a file of one host"},
};

/* An element on its way down; where is "line 7: <devices><disk>". */
static int refuse(xmlNodePtr node, const char *what, struct err *err, const char *advice)
{
	xmlNodePtr parent = node->parent;
	bool top = parent == NULL || parent->type != XML_ELEMENT_NODE || parent->parent == NULL ||
		   parent->parent->type != XML_ELEMENT_NODE;
	char line[32] = "";

	/* A definition that was changed in memory has no lines. */
	if (xmlGetLineNo(node) > 0) {
		(void)snprintf(line, sizeof(line), "line %ld: ", xmlGetLineNo(node));
	}
	return err_set(err, -EINVAL, "%s%s%.40s%s<%.150s> is refused: %s", line, top ? "" : "<",
		       top ? "" : (const char *)parent->name, top ? "" : ">", what, advice);
}

static int refuse_attr(xmlNodePtr node, const char *attr, const char *value, const char *advice,
		       struct err *err)
{
	char what[200];

	(void)snprintf(what, sizeof(what), "%.40s %.40s='%.60s'", (const char *)node->name, attr,
		       value);
	return refuse(node, what, err, advice);
}

static int check_known(xmlNodePtr node, const char *path, const char **ret_attrs, struct err *err)
{
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		if (legal_path_matches(refusals[i].path, path)) {
			return refuse(node, (const char *)node->name, err, refusals[i].advice);
		}
	}
	*ret_attrs = legal_attrs(path);
	return *ret_attrs != NULL
		       ? 0
		       : refuse(node, (const char *)node->name, err,
				"this version does not know whether a guest with it can be created "
				"on another host; remove it");
}

/* <qemu:commandline> and similar: options of QEMU that nobody checks, libvirt included. */
static int refuse_namespace(xmlNodePtr node, struct err *err)
{
	char what[100];

	(void)snprintf(what, sizeof(what), "%.40s:%.40s",
		       node->ns->prefix == NULL ? "" : (const char *)node->ns->prefix,
		       (const char *)node->name);
	if (xmlStrEqual(node->name, BAD_CAST "commandline")) {
		return refuse(node, what, err,
			      "QEMU's own options cannot be checked; for -fw_cfg (Ignition) use "
			      "<sysinfo type='fwcfg'><entry name='opt/com.coreos/config' "
			      "file='/var/lib/libvirt/boot/...'/>, for others libvirt's elements");
	}
	return refuse(node, what, err, "only libvirt's own elements can be checked; remove it");
}

static int check_value(xmlNodePtr node, const char *path, const char *attr, const char *value,
		       struct err *err)
{
	const char *why = host_path_refusal(node, path, attr, value);

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		if (strcmp(values[i].attr, attr) == 0 && legal_path_matches(values[i].path, path) &&
		    !legal_word(values[i].legal, value)) {
			return refuse_attr(node, attr, value, values[i].advice, err);
		}
	}
	return why == NULL ? 0 : refuse_attr(node, attr, value, why, err);
}

static int check_attrs(xmlNodePtr node, const char *path, const char *attrs, struct err *err)
{
	for (xmlAttrPtr attr = node->properties; attr != NULL; attr = attr->next) {
		const char *name = (const char *)attr->name;
		g_autofree char *value = (char *)xmlNodeListGetString(node->doc, attr->children, 1);
		int rc;

		if (attr->ns != NULL || !legal_word(attrs, name)) {
			return refuse_attr(node, name, value == NULL ? "" : value,
					   "this version does not know the attribute; remove it",
					   err);
		}
		rc = check_value(node, path, name, value == NULL ? "" : value, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* The text between the elements. */
static int check_text(xmlNodePtr node, const char *path, struct err *err)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char what[150];
	const char *why;

	for (xmlNodePtr child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
			g_string_append(text, (const char *)child->content);
		}
	}
	why = text->len == 0 ? NULL : host_path_refusal(node, path, NULL, text->str);
	if (why == NULL) {
		return 0;
	}
	(void)snprintf(what, sizeof(what), "%.40s>%.60s</%.40s", (const char *)node->name,
		       text->str, (const char *)node->name);
	return refuse(node, what, err, why);
}

/* The depth is limited by XML_TREE_DEPTH_MAX, and an unknown name ends the walk. */
static int check_element(xmlNodePtr node, const char *path, struct err *err)
{
	char below[LEGAL_PATH_MAX];
	const char *attrs = NULL;
	xmlNodePtr child;
	int rc = check_known(node, path, &attrs, err);

	if (rc < 0 || legal_is_opaque(path)) {
		return rc;
	}
	rc = check_attrs(node, path, attrs, err);
	rc = rc < 0 ? rc : check_text(node, path, err);
	for (child = xml_tree_child(node, NULL); rc == 0 && child != NULL;
	     child = xml_tree_next(child, NULL)) {
		if (child->ns != NULL) {
			return refuse_namespace(child, err);
		}
		if (snprintf(below, sizeof(below), "%s%s%s", path, *path == '\0' ? "" : "/",
			     (const char *)child->name) >= (int)sizeof(below)) {
			return refuse(child, (const char *)child->name, err,
				      "its name is too long");
		}
		rc = check_element(child, below, err);
	}
	return rc;
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

static int check_loader(xmlNodePtr os, struct err *err)
{
	xmlNodePtr loader = xml_tree_child(os, "loader");
	xmlNodePtr nvram = xml_tree_child(os, "nvram");

	if (loader != NULL && xml_tree_next(loader, "loader") != NULL) {
		return refuse(loader, "loader", err, "there are two");
	}
	return nvram != NULL && xml_tree_next(nvram, "nvram") != NULL
		       ? refuse(nvram, "nvram", err, "there are two")
		       : 0;
}

/* A label that names a user would choose with which rights QEMU runs. */
static int check_seclabels(xmlNodePtr domain, struct err *err)
{
	xmlNodePtr node = xml_tree_child(domain, "seclabel");

	for (; node != NULL; node = xml_tree_next(node, "seclabel")) {
		if (attr_is(node, "type", "static") && attr_is(node, "model", "dac")) {
			return refuse(node, "seclabel type='static' model='dac'", err,
				      "a definition on a LUN must not choose the user that QEMU "
				      "runs as; remove it");
		}
	}
	return 0;
}

int mapping_policy_check(xmlNodePtr domain, struct err *err)
{
	xmlNodePtr os = xml_tree_child(domain, "os");
	xmlNodePtr devices = xml_tree_child(domain, "devices");
	xmlNodePtr emulator = xml_tree_child(devices, "emulator");
	int rc;

	if (os == NULL || devices == NULL || xml_tree_next(os, "os") != NULL ||
	    xml_tree_next(devices, "devices") != NULL) {
		return err_set(err, -EINVAL, "the domain must have one <os> and one <devices>");
	}
	if (emulator != NULL && xml_tree_next(emulator, "emulator") != NULL) {
		return refuse(emulator, "emulator", err, "there are two");
	}
	rc = check_element(domain, "", err);
	rc = rc < 0 ? rc : check_loader(os, err);
	return rc < 0 ? rc : check_seclabels(domain, err);
}

int mapping_policy_identity(xmlNodePtr domain, const char **ret_name, const char **ret_uuid,
			    struct err *err)
{
	*ret_name = xml_tree_text(xml_tree_child(domain, "name"));
	*ret_uuid = xml_tree_text(xml_tree_child(domain, "uuid"));
	if (*ret_name == NULL || !vm_name_valid(*ret_name)) {
		return err_set(err, -EINVAL,
			       "the domain's name '%.130s' is not 1 to %d " VM_NAME_LEGAL,
			       *ret_name == NULL ? "" : *ret_name, VM_NAME_MAX);
	}
	if (*ret_uuid == NULL || !g_uuid_string_is_valid(*ret_uuid)) {
		return err_set(
			err, -EINVAL,
			"the domain '%s' has no <uuid> of the form that uuidgen(1) prints; the "
			"guest must keep it on every host: run uuidgen once and write it down "
			"there",
			*ret_name);
	}
	return 0;
}
