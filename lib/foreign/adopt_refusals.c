/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign/adopt_refusals.h"

#include <stdarg.h>
#include <string.h>

#include "domain/mapping_policy.h"
#include "persistent/persistent_domain.h"
#include "xml/xml_tree.h"

adopt_refusals *adopt_refusals_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

void adopt_refuse(adopt_refusals *all, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	if (!g_ptr_array_find_with_equal_func(all, text, g_str_equal, NULL)) {
		g_ptr_array_add(all, g_steal_pointer(&text));
	}
}

/* The domain. %s: its name. */
static const struct {
	unsigned int flag;
	const char *format;
} states[] = {
	{PERSISTENT_ACTIVE, "shut the guest down first (virsh shutdown %s): it is running"},
	{PERSISTENT_SAVED, "start and shut down the guest, or discard its saved memory (virsh "
			   "managedsave-remove %s): it belongs to the old drives"},
	{PERSISTENT_SNAPSHOTS, "delete its snapshots first (virsh snapshot-list %s): a LUN has "
			       "none of them"},
	{PERSISTENT_CHECKPOINTS, "delete its checkpoints first (virsh checkpoint-list %s): a LUN "
				 "has none of them"},
	{PERSISTENT_AUTOSTART, "let libvirt not start it by itself (virsh autostart --disable %s): "
			       "Pacemaker decides where it runs"},
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void adopt_refusals_of_domain(adopt_refusals *all, unsigned int flags, const char *vm)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		if ((flags & states[i].flag) != 0) {
			adopt_refuse(all, states[i].format, vm);
		}
	}
}
#pragma GCC diagnostic pop

void adopt_refusals_of_drives(adopt_refusals *all, const struct adopt_drive *drives, size_t n,
			      bool eject)
{
	for (size_t i = 0; i < n; i++) {
		const struct adopt_drive *drive = &drives[i];

		if (drive->content == ADOPT_REFUSED) {
			adopt_refuse(all, "%s", drive->why);
		} else if (drive->content == ADOPT_MEDIUM && !eject) {
			adopt_refuse(
				all,
				"say --eject, or take the medium out of %s: '%.150s' is not on "
				"a LUN",
				drive->target, drive->file != NULL ? drive->file : "");
		}
	}
}

/* One element after the other: a check ends with its first refusal. */

static bool is(xmlNodePtr node, const char *name)
{
	return strcmp((const char *)node->name, name) == 0;
}

static void children_free(xmlNodePtr parent, const char *but)
{
	xmlNodePtr child = xml_tree_child(parent, NULL);

	while (child != NULL) {
		xmlNodePtr next = xml_tree_next(child, NULL);

		if (but == NULL || !is(child, but)) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
		child = next;
	}
}

static void attributes_free(xmlNodePtr node)
{
	while (node->properties != NULL) {
		(void)xmlRemoveProp(node->properties);
	}
}

/* Unlinks all but what a domain needs; they are the caller's. */
static GPtrArray *children_take(xmlNodePtr parent)
{
	GPtrArray *ret = g_ptr_array_new();
	xmlNodePtr child = xml_tree_child(parent, NULL);

	while (child != NULL) {
		xmlNodePtr next = xml_tree_next(child, NULL);

		if (!is(child, "os") && !is(child, "devices")) {
			xmlUnlinkNode(child);
			g_ptr_array_add(ret, child);
		}
		child = next;
	}
	return ret;
}

static void check(adopt_refusals *all, xmlNodePtr domain)
{
	struct err err = ERR_INIT;

	if (mapping_policy_check(domain, &err) != 0) {
		adopt_refuse(all, "%s", err_text(&err));
	}
}

static void disk_check(adopt_refusals *all, xmlNodePtr disk)
{
	struct err err = ERR_INIT;
	const char *target;

	if (is(disk, "disk") && mapping_policy_check_disk(disk, &target, &err) != 0) {
		adopt_refuse(all, "%s", err_text(&err));
	}
}

/* <os> first, and then each child alone below parent; they are freed. */
static void each_check(adopt_refusals *all, xmlNodePtr domain, xmlNodePtr parent)
{
	g_autoptr(GPtrArray) children = children_take(parent);
	xmlNodePtr os = xml_tree_child(domain, "os");

	check(all, domain);
	if (os != NULL) {
		children_free(os, NULL);
		attributes_free(os);
	}
	for (guint i = 0; i < children->len; i++) {
		xmlNodePtr child = xmlAddChild(parent, g_ptr_array_index(children, i));

		check(all, domain);
		disk_check(all, child);
		xmlUnlinkNode(child);
		xmlFreeNode(child);
	}
}

/* What was told of <domain> itself would be told again in place of the rest. */
static xmlNodePtr copy(xmlNodePtr domain, xmlDocPtr *ret)
{
	xmlNodePtr root;

	*ret = xmlCopyDoc(domain->doc, 1);
	root = *ret == NULL ? NULL : xmlDocGetRootElement(*ret);
	if (root != NULL) {
		attributes_free(root);
	}
	return root;
}

void adopt_refusals_of_definition(adopt_refusals *all, xmlNodePtr domain)
{
	AUTO_XML for_devices = NULL;
	AUTO_XML for_others = NULL;
	xmlNodePtr root = copy(domain, &for_others);

	check(all, domain);
	if (root == NULL || xml_tree_child(root, "devices") == NULL) {
		return;
	}
	children_free(xml_tree_child(root, "devices"), NULL);
	each_check(all, root, root);
	root = copy(domain, &for_devices);
	if (root != NULL) {
		children_free(root, "devices");
		(void)xmlNewChild(root, NULL, BAD_CAST "os", NULL);
		each_check(all, root, xml_tree_child(root, "devices"));
	}
}

void adopt_refusals_of_source(adopt_refusals *all, const struct mapping_source *source)
{
	struct err err = ERR_INIT;

	if (all->len == 0 && mapping_check_source(source, &err) != 0) {
		adopt_refuse(all, "%s", err_text(&err));
	}
}

int adopt_refusals_result(const adopt_refusals *all, const char *vm, struct err *err)
{
	if (all->len == 0) {
		return 0;
	}
	return all->len == 1 ? err_set(err, -EPERM, "%s", (const char *)g_ptr_array_index(all, 0))
			     : err_set(err, -EPERM,
				       "%u things are in the way of VM '%s'; 'lunmask adopt %s "
				       "--dry-run' lists them; the first: %s",
				       all->len, vm, vm, (const char *)g_ptr_array_index(all, 0));
}
