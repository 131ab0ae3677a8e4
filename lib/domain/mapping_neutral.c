/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping_policy.h"

#include <string.h>

#include "domain/host_path.h"
#include "domain/legal.h"
#include "xml/xml_tree.h"

static void drop(xmlNodePtr node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* libvirt then runs the QEMU that the host has for the guest's architecture. */
static void drop_emulator(xmlNodePtr devices)
{
	xmlNodePtr emulator = xml_tree_child(devices, "emulator");
	const char *path = xml_tree_text(emulator);

	if (path != NULL && host_path_emulator_is_implied(path)) {
		drop(emulator);
	}
}

/* Some tools leave <source file=''/> in an empty drive, which libvirt may take for a medium. */
static void drop_medium(xmlNodePtr disk)
{
	xmlNodePtr source = xml_tree_child(disk, "source");
	const char *type = xml_tree_attr(disk, "type");

	if (source != NULL) {
		drop(source);
	}
	if (type != NULL && !legal_word("file block", type)) {
		(void)xmlSetProp(disk, BAD_CAST "type", BAD_CAST "file");
	}
}

/* The terminal or socket that libvirt made on the host where the definition was dumped. */
static void drop_generated(xmlNodePtr device)
{
	xmlNodePtr source = xml_tree_child(device, "source");
	const char *type = xml_tree_attr(device, "type");

	(void)xmlUnsetProp(device, BAD_CAST "tty");
	if (source != NULL && type != NULL && legal_word("pty unix", type)) {
		(void)xmlUnsetProp(source, BAD_CAST "path");
	}
}

/* A label that libvirt chose, for the security driver of that host. */
static bool is_generated_label(xmlNodePtr seclabel)
{
	const char *type = xml_tree_attr(seclabel, "type");
	const char *relabel = xml_tree_attr(seclabel, "relabel");

	return (type == NULL || strcmp(type, "dynamic") == 0) &&
	       (relabel == NULL || strcmp(relabel, "yes") == 0) &&
	       xml_tree_child(seclabel, "baselabel") == NULL;
}

static void drop_labels(xmlNodePtr domain)
{
	xmlNodePtr node = xml_tree_child(domain, "seclabel");

	while (node != NULL) {
		xmlNodePtr next = xml_tree_next(node, "seclabel");

		if (is_generated_label(node)) {
			drop(node);
		}
		node = next;
	}
}

void mapping_policy_neutralise(xmlNodePtr domain)
{
	xmlNodePtr devices = xml_tree_child(domain, "devices");
	xmlNodePtr node;

	/* The id that libvirt on that host gave to the domain. */
	(void)xmlUnsetProp(domain, BAD_CAST "id");
	drop_labels(domain);
	drop_emulator(devices);
	for (node = xml_tree_child(devices, NULL); node != NULL; node = xml_tree_next(node, NULL)) {
		const char *name = (const char *)node->name;

		if (strcmp(name, "disk") == 0 && mapping_policy_is_empty(node)) {
			drop_medium(node);
		} else if (legal_word("serial parallel console channel", name)) {
			drop_generated(node);
		}
	}
}
