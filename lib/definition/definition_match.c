/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_match.h"

#include <string.h>

#include "xml/xml_tree.h"

/* What identifies an element: its own attributes, all of them, or one of a child. */
static const struct {
	const char *element;
	const char *child; /* NULL: the element itself */
	const char *attrs[2];
} keys[] = {
	{"disk", "target", {"dev"}},     {"interface", "mac", {"address"}},
	{"channel", "target", {"name"}}, {"controller", NULL, {"type", "index"}},
	{"drive", NULL, {"target"}},     {"feature", NULL, {"name"}},
	{"timer", NULL, {"name"}},       {"graphics", NULL, {"type"}},
	{"vcpupin", NULL, {"vcpu"}},     {"iothreadpin", NULL, {"iothread"}},
	{"cell", NULL, {"id"}},          {"page", NULL, {"size"}},
};

char *definition_key(xmlNodePtr element)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		xmlNodePtr of = element;
		const char *first;
		const char *second = NULL;

		if (strcmp((const char *)element->name, keys[i].element) != 0) {
			continue;
		}
		if (keys[i].child != NULL) {
			of = xml_tree_child(element, keys[i].child);
		}
		first = xml_tree_attr(of, keys[i].attrs[0]);
		if (keys[i].attrs[1] != NULL) {
			second = xml_tree_attr(of, keys[i].attrs[1]);
		}
		if (first == NULL || (second == NULL && keys[i].attrs[1] != NULL)) {
			return NULL;
		}
		return g_strjoin(second == NULL ? NULL : ",", first, second, NULL);
	}
	return NULL;
}

static bool same_name(xmlNodePtr a, xmlNodePtr b)
{
	return xmlStrEqual(a->name, b->name) && (a->ns == NULL) == (b->ns == NULL) &&
	       (a->ns == NULL || xmlStrEqual(a->ns->href, b->ns->href));
}

static bool taken(const GArray *pairs, xmlNodePtr is)
{
	for (guint i = 0; i < pairs->len; i++) {
		if (g_array_index(pairs, struct definition_pair, i).is == is) {
			return true;
		}
	}
	return false;
}

/* libvirt numbers the controllers of each type that have no index. */
static bool alike(xmlNodePtr a, xmlNodePtr b)
{
	return !xmlStrEqual(a->name, BAD_CAST "controller") ||
	       g_strcmp0(xml_tree_attr(a, "type"), xml_tree_attr(b, "type")) == 0;
}

/* keyed: both have the same identity. Otherwise one of them has none. */
static xmlNodePtr counterpart(const GArray *pairs, xmlNodePtr was, xmlNodePtr parent, bool keyed)
{
	g_autofree char *key = definition_key(was);
	xmlNodePtr node = xml_tree_child(parent, NULL);

	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		g_autofree char *other = NULL;

		if (!same_name(was, node) || taken(pairs, node)) {
			continue;
		}
		other = definition_key(node);
		if (keyed ? key != NULL && other != NULL && g_ascii_strcasecmp(key, other) == 0
			  : (key == NULL || other == NULL) && alike(was, node)) {
			return node;
		}
	}
	return NULL;
}

GArray *definition_pairs(xmlNodePtr was, xmlNodePtr is)
{
	GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct definition_pair));
	xmlNodePtr node = xml_tree_child(was, NULL);

	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		struct definition_pair pair = {node, counterpart(pairs, node, is, true)};

		g_array_append_val(pairs, pair);
	}
	for (guint i = 0; i < pairs->len; i++) {
		struct definition_pair *pair = &g_array_index(pairs, struct definition_pair, i);

		if (pair->is == NULL) {
			pair->is = counterpart(pairs, pair->was, is, false);
		}
	}
	for (node = xml_tree_child(is, NULL); node != NULL; node = xml_tree_next(node, NULL)) {
		if (!taken(pairs, node)) {
			struct definition_pair pair = {NULL, node};

			g_array_append_val(pairs, pair);
		}
	}
	return pairs;
}
