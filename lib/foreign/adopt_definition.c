/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign/adopt_definition.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"
#include "template/template_image.h"
#include "xml/xml_tree.h"

static bool is(const char *text, const char *wanted)
{
	return text != NULL && strcmp(text, wanted) == 0;
}

static void refuse(struct adopt_drive *drive, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(struct adopt_drive *drive, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	drive->content = ADOPT_REFUSED;
	drive->why = g_strdup_vprintf(format, ap);
	va_end(ap);
}

/* A file */

static void file_read(xmlNodePtr disk, struct adopt_drive *drive)
{
	const char *type = xml_tree_attr(xml_tree_child(disk, "driver"), "type");
	xmlNodePtr source = xml_tree_child(disk, "source");
	const char *file = xml_tree_attr(source, "file");
	struct err err = ERR_INIT;

	if (file == NULL || *file != '/') {
		refuse(drive, "disk %s names no file: give it one, or remove the disk",
		       drive->target);
	} else if (xml_tree_child(source, "slices") != NULL) {
		refuse(drive,
		       "disk %s is a part of file '%.150s': copy the part to a file of its own "
		       "(qemu-img convert)",
		       drive->target, file);
	} else if (template_image_format_check(type != NULL ? type : "raw", &err) != 0) {
		refuse(drive, "disk %s: %s", drive->target, err_text(&err));
	} else {
		drive->content = ADOPT_FILE;
		drive->file = g_strdup(file);
		drive->format = g_strdup(type != NULL ? type : "raw");
	}
}

/* A LUN over iSCSI */

/* "iqn.2026-11.x:t/3": target and number; without a number: 0. */
static bool name_split(const char *name, struct adopt_drive *drive)
{
	const char *slash = strchr(name, '/');
	size_t length = slash != NULL ? (size_t)(slash - name) : strlen(name);
	guint64 number = 0;

	if (length > ISCSI_NAME_MAX ||
	    (slash != NULL &&
	     !g_ascii_string_to_unsigned(slash + 1, 10, 0, 16383, &number, NULL))) {
		return false;
	}
	(void)snprintf(drive->iscsi, sizeof(drive->iscsi), "%.*s", (int)length, name);
	drive->number = (unsigned int)number;
	return iscsi_name_valid(drive->iscsi);
}

static bool portal_read(xmlNodePtr source, struct adopt_drive *drive)
{
	xmlNodePtr host = xml_tree_child(source, "host");
	const char *name = xml_tree_attr(host, "name");
	const char *port = xml_tree_attr(host, "port");
	const char *transport = xml_tree_attr(host, "transport");
	bool six = name != NULL && strchr(name, ':') != NULL && *name != '[';

	return name != NULL && xml_tree_next(host, "host") == NULL &&
	       (transport == NULL || strcmp(transport, "tcp") == 0) &&
	       snprintf(drive->portal, sizeof(drive->portal), "%s%s%s:%s", six ? "[" : "", name,
			six ? "]" : "",
			port != NULL ? port : ISCSI_PORT) < (int)sizeof(drive->portal);
}

static void network_read(xmlNodePtr disk, struct adopt_drive *drive)
{
	const char *type = xml_tree_attr(xml_tree_child(disk, "driver"), "type");
	xmlNodePtr source = xml_tree_child(disk, "source");
	const char *protocol = xml_tree_attr(source, "protocol");
	const char *name = xml_tree_attr(source, "name");

	if (!is(protocol, "iscsi")) {
		refuse(drive,
		       "disk %s is reached by %.40s: copy it to a file (qemu-img convert), and "
		       "name that",
		       drive->target, protocol != NULL ? protocol : "an unknown protocol");
	} else if (type != NULL && strcmp(type, "raw") != 0) {
		refuse(drive,
		       "disk %s is a LUN with the format %.20s in it: copy it to a file (qemu-img "
		       "convert), and name that",
		       drive->target, type);
	} else if (xml_tree_child(source, "slices") != NULL) {
		refuse(drive, "disk %s is a part of a LUN: copy it to a file, and name that",
		       drive->target);
	} else if (name == NULL || !name_split(name, drive) || !portal_read(source, drive)) {
		refuse(drive,
		       "disk %s does not name one target, LUN and portal: legal is <source "
		       "protocol='iscsi' name='TARGET/NUMBER'><host name='ADDRESS' port='3260'/>",
		       drive->target);
	} else {
		drive->content = ADOPT_LUN;
	}
}

/* Others */

static void other_read(xmlNodePtr disk, struct adopt_drive *drive)
{
	const char *type = xml_tree_attr(disk, "type");
	xmlNodePtr source = xml_tree_child(disk, "source");

	if (is(type, "block")) {
		refuse(drive,
		       "disk %s is the block device '%.120s' of this host: if it is a LUN of the "
		       "array, log out of it (iscsiadm) and name it as <disk type='network'> with "
		       "<source protocol='iscsi' name='TARGET/NUMBER'>; otherwise copy it to a "
		       "file "
		       "(qemu-img convert), and name that",
		       drive->target,
		       xml_tree_attr(source, "dev") != NULL ? xml_tree_attr(source, "dev") : "");
	} else if (is(type, "volume")) {
		refuse(drive,
		       "disk %s is the volume '%.80s' of pool '%.80s': name its file instead "
		       "(virsh vol-path)",
		       drive->target,
		       xml_tree_attr(source, "volume") != NULL ? xml_tree_attr(source, "volume")
							       : "",
		       xml_tree_attr(source, "pool") != NULL ? xml_tree_attr(source, "pool") : "");
	} else {
		refuse(drive,
		       "disk %s has type='%.40s': copy it to a file (qemu-img convert), and name "
		       "that",
		       drive->target, type != NULL ? type : "");
	}
}

/* What mapping_policy.h refuses is refused there. */
static void medium_read(xmlNodePtr disk, struct adopt_drive *drive)
{
	static const char *const names[] = {"file", "dev", "name", "volume"};
	xmlNodePtr source = xml_tree_child(disk, "source");

	drive->content = ADOPT_MEDIUM;
	for (size_t i = 0; drive->file == NULL && i < G_N_ELEMENTS(names); i++) {
		drive->file = g_strdup(xml_tree_attr(source, names[i]));
	}
}

static void disk_read(xmlNodePtr disk, struct adopt_drive *drive)
{
	const char *type = xml_tree_attr(disk, "type");

	if (mapping_policy_is_empty(disk)) {
		drive->content = ADOPT_NOTHING;
	} else if (mapping_policy_is_reader(disk)) {
		medium_read(disk, drive);
	} else if (is(type, "file") || type == NULL) {
		file_read(disk, drive);
	} else if (is(type, "network")) {
		network_read(disk, drive);
	} else {
		other_read(disk, drive);
	}
}

static void flash_read(xmlNodePtr domain, struct adopt_drive *drive)
{
	xmlNodePtr nvram = xml_tree_child(xml_tree_child(domain, "os"), "nvram");
	const char *type = xml_tree_attr(nvram, "type");
	xmlNodePtr source = xml_tree_child(nvram, "source");
	const char *file = source != NULL ? xml_tree_attr(source, "file") : xml_tree_text(nvram);

	strcpy(drive->target, DRIVE_FLASH);
	if (type != NULL && strcmp(type, "file") != 0) {
		refuse(drive,
		       "the UEFI variables (<nvram>) have type='%.40s': copy them to a file, and "
		       "name that",
		       type);
		return;
	}
	drive->content = file != NULL ? ADOPT_FILE : ADOPT_FLASH;
	drive->file = g_strdup(file);
	drive->format = file != NULL ? g_strdup("raw") : NULL;
}

size_t adopt_drives_read(xmlNodePtr domain, struct adopt_drive ret[VM_LUNS_MAX])
{
	xmlNodePtr devices = xml_tree_child(domain, "devices");
	xmlNodePtr disk = xml_tree_child(devices, "disk");
	size_t n = 0;

	memset(ret, 0, VM_LUNS_MAX * sizeof(ret[0]));
	/* Three LUNs are left for what is no disk. */
	for (; disk != NULL && n + 3 < VM_LUNS_MAX; disk = xml_tree_next(disk, "disk")) {
		const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");

		if (target != NULL && drive_target_valid(target)) {
			strcpy(ret[n].target, target);
			disk_read(disk, &ret[n++]);
		}
	}
	if (firmware_keeps_variables(domain)) {
		flash_read(domain, &ret[n++]);
	}
	if (xml_tree_child(devices, "tpm") != NULL) {
		strcpy(ret[n].target, DRIVE_TPM);
		ret[n++].content = ADOPT_TPM;
	}
	return n;
}

void adopt_drives_release(struct adopt_drive *drives, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		g_free(drives[i].file);
		g_free(drives[i].format);
		g_free(drives[i].why);
	}
}

/* The definition */

static void drop(xmlNodePtr node)
{
	if (node != NULL) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static const struct adopt_drive *drive_of(xmlNodePtr disk, const struct adopt_drive *drives,
					  size_t n)
{
	const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");

	for (size_t i = 0; target != NULL && i < n; i++) {
		if (strcmp(drives[i].target, target) == 0) {
			return &drives[i];
		}
	}
	return NULL;
}

static void file_forget(xmlNodePtr disk)
{
	xmlNodePtr driver = xml_tree_child(disk, "driver");

	drop(xml_tree_child(disk, "backingStore"));
	if (driver != NULL) {
		(void)xmlUnsetProp(driver, BAD_CAST "type");
		drop(xml_tree_child(driver, "metadata_cache"));
	}
}

void adopt_definition_convert(xmlNodePtr domain, const struct adopt_drive *drives, size_t n,
			      bool chap)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const struct adopt_drive *drive = drive_of(disk, drives, n);
		xmlNodePtr source = xml_tree_child(disk, "source");

		if (drive == NULL) {
			continue;
		}
		if (drive->content == ADOPT_FILE) {
			file_forget(disk);
		} else if (drive->content == ADOPT_MEDIUM || drive->content == ADOPT_NOTHING) {
			drop(source);
			file_forget(disk);
		} else if (drive->content == ADOPT_LUN && chap) {
			drop(xml_tree_child(disk, "auth"));
			drop(xml_tree_child(source, "auth"));
		}
	}
}
