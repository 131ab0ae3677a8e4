/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_keep.h"

#include <glib.h>
#include <string.h>

#include "definition/definition_match.h"
#include "domain/domain_xml.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

static bool is_a(xmlNodePtr node, const char *name)
{
	return xmlStrEqual(node->name, BAD_CAST name);
}

/* A copy of the element under parent, as its first or last child. */
static int copy_add(xmlNodePtr parent, xmlNodePtr element, bool first, struct err *err)
{
	xmlNodePtr copy = xmlDocCopyNode(element, parent->doc, 1);

	if (copy == NULL) {
		return out_of_memory(err);
	}
	if (first && parent->children != NULL ? xmlAddPrevSibling(parent->children, copy) == NULL
					      : xmlAddChild(parent, copy) == NULL) {
		xmlFreeNode(copy);
		return out_of_memory(err);
	}
	return 0;
}

/* "q35" stands for "pc-q35-7.2", "pc" for "pc-i440fx-7.2", "virt" for "virt-7.2". */
static bool stands_for(const char *alias, const char *machine)
{
	g_autofree char *prefix = strcmp(alias, "q35") == 0  ? g_strdup("pc-q35-")
				  : strcmp(alias, "pc") == 0 ? g_strdup("pc-i440fx-")
							     : g_strdup_printf("%s-", alias);

	return g_str_has_prefix(machine, prefix);
}

/* *ret_same: the machine is of the same type as before. */
static int machine_keep(xmlNodePtr old, xmlNodePtr new, bool *ret_same, struct err *err)
{
	xmlNodePtr type = xml_tree_child(xml_tree_child(new, "os"), "type");
	const char *was =
		xml_tree_attr(xml_tree_child(xml_tree_child(old, "os"), "type"), "machine");
	const char *is = xml_tree_attr(type, "machine");

	if (was == NULL || type == NULL) {
		return 0;
	}
	/* Without a machine type, libvirt takes QEMU's default, which is "pc" on x86. */
	*ret_same = (is != NULL && strcmp(is, was) == 0) || stands_for(is == NULL ? "pc" : is, was);
	return *ret_same && xmlSetProp(type, BAD_CAST "machine", BAD_CAST was) == NULL
		       ? out_of_memory(err)
		       : 0;
}

static int genid_keep(xmlNodePtr old, xmlNodePtr new, struct err *err)
{
	xmlNodePtr genid = xml_tree_child(new, "genid");
	const char *was = xml_tree_text(xml_tree_child(old, "genid"));

	if (genid == NULL || was == NULL || xml_tree_text(genid) != NULL) {
		return 0;
	}
	xmlNodeSetContent(genid, BAD_CAST was);
	return xml_tree_text(genid) == NULL ? out_of_memory(err) : 0;
}

/* After the MACs that are named, definition_pairs() matches the NICs without one in order. */
static int macs_keep(const GArray *pairs, struct err *err)
{
	int rc = 0;

	for (guint i = 0; rc == 0 && i < pairs->len; i++) {
		const struct definition_pair *pair =
			&g_array_index(pairs, struct definition_pair, i);
		xmlNodePtr mac;

		if (pair->was == NULL || pair->is == NULL || !is_a(pair->is, "interface") ||
		    xml_tree_child(pair->is, "mac") != NULL) {
			continue;
		}
		mac = xml_tree_child(pair->was, "mac");
		rc = mac == NULL ? 0 : copy_add(pair->is, mac, true, err);
	}
	return rc;
}

static bool is_pci(xmlNodePtr element)
{
	const char *type = xml_tree_attr(element, "type");

	return type != NULL && strcmp(type, "pci") == 0;
}

/* Does the definition itself say where on the PCI bus something is? */
static bool names_pci(xmlNodePtr devices)
{
	xmlNodePtr node = xml_tree_child(devices, NULL);

	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		xmlNodePtr address = xml_tree_child(node, "address");

		if ((is_a(node, "controller") && is_pci(node)) ||
		    (address != NULL && is_pci(address))) {
			return true;
		}
	}
	return false;
}

/* What the new one does not say is no other. */
static bool same_attr(xmlNodePtr was, xmlNodePtr is, const char *name)
{
	const char *value = xml_tree_attr(is, name);

	return value == NULL || g_strcmp0(xml_tree_attr(was, name), value) == 0;
}

/* A device of another kind than before gets another place. */
static bool same_kind(xmlNodePtr was, xmlNodePtr is)
{
	if (is_a(is, "disk")) {
		return same_attr(xml_tree_child(was, "target"), xml_tree_child(is, "target"),
				 "bus");
	}
	if (is_a(is, "interface")) {
		return same_attr(xml_tree_child(was, "model"), xml_tree_child(is, "model"), "type");
	}
	return same_attr(was, is, "type") && same_attr(was, is, "model");
}

static int place_keep(const struct definition_pair *pair, xmlNodePtr devices, struct err *err)
{
	xmlNodePtr address;

	if (pair->was == NULL) {
		return 0;
	}
	if (pair->is == NULL) {
		return is_a(pair->was, "controller") ? copy_add(devices, pair->was, false, err) : 0;
	}
	address = xml_tree_child(pair->was, "address");
	return address != NULL && xml_tree_child(pair->is, "address") == NULL &&
			       same_kind(pair->was, pair->is)
		       ? copy_add(pair->is, address, false, err)
		       : 0;
}

static int devices_keep(xmlNodePtr old, xmlNodePtr new, bool same_machine, struct err *err)
{
	g_autoptr(GArray) pairs = NULL;
	bool places;
	int rc;

	if (old == NULL || new == NULL) {
		return 0;
	}
	pairs = definition_pairs(old, new);
	places = same_machine && !names_pci(new);
	rc = macs_keep(pairs, err);
	for (guint i = 0; places && rc == 0 && i < pairs->len; i++) {
		rc = place_keep(&g_array_index(pairs, struct definition_pair, i), new, err);
	}
	return rc;
}

int definition_keep(const char *old, const char *definition, char **ret, struct err *err)
{
	AUTO_XML was = NULL;
	AUTO_XML is = NULL;
	xmlNodePtr from;
	xmlNodePtr to;
	bool same_machine = false;
	int rc = domain_xml_parse(old, strlen(old), &was, err);

	rc = rc < 0 ? rc : domain_xml_parse(definition, strlen(definition), &is, err);
	if (rc < 0) {
		return rc;
	}
	from = xmlDocGetRootElement(was);
	to = xmlDocGetRootElement(is);
	rc = machine_keep(from, to, &same_machine, err);
	rc = rc < 0 ? rc : genid_keep(from, to, err);
	rc = rc < 0 ? rc
		    : devices_keep(xml_tree_child(from, "devices"), xml_tree_child(to, "devices"),
				   same_machine, err);
	return rc < 0 ? rc : domain_xml_format(is, ret, err);
}
