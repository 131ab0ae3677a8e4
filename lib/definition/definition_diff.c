/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_diff.h"

#include <inttypes.h>
#include <string.h>

#include "definition/definition_match.h"
#include "domain/domain_xml.h"

/* What libvirt adds to a definition that does not have it. */
static const char *const filled_elements[] = {
	"address", "alias",     "audio",       "backend",  "controller", "console",
	"driver",  "input",     "listen",      "model",    "memballoon", "on_crash",
	"pm",      "on_reboot", "on_poweroff", "protocol", "video",      "target",
};

static void change_free(gpointer data)
{
	struct definition_change *change = data;

	g_free(change->path);
	g_free(change->was);
	g_free(change->is);
	g_free(change);
}

static void change_add(GPtrArray *changes, const char *path, const char *was, const char *is,
		       bool filled)
{
	struct definition_change *change = g_new0(struct definition_change, 1);

	change->path = g_strdup(path);
	change->was = g_strdup(was);
	change->is = g_strdup(is);
	change->filled = filled;
	g_ptr_array_add(changes, change);
}

/* What libvirt writes if nothing is said. */
static const struct {
	const char *element;
	const char *attr;
	const char *value;
} filled_values[] = {
	{"boot", "dev", "hd"},
	{"clock", "offset", "utc"},
};

static bool is_filled(xmlNodePtr element)
{
	for (size_t i = 0; i < G_N_ELEMENTS(filled_values); i++) {
		if (strcmp((const char *)element->name, filled_values[i].element) == 0) {
			const char *value = xml_tree_attr(element, filled_values[i].attr);

			return value != NULL && strcmp(value, filled_values[i].value) == 0 &&
			       xml_tree_child(element, NULL) == NULL;
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(filled_elements); i++) {
		if (strcmp((const char *)element->name, filled_elements[i]) == 0) {
			return true;
		}
	}
	return false;
}

static char *element_xml(xmlNodePtr element)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	char *text = NULL;

	if (buffer != NULL && xmlNodeDump(buffer, element->doc, element, 0, 1) > 0) {
		text = g_strdup((const char *)xmlBufferContent(buffer));
	}
	xmlBufferFree(buffer);
	return text == NULL ? g_strdup_printf("<%s>", (const char *)element->name) : text;
}

/* Our <mapping> says who wrote the definition and when; that is no part of it. */
static bool is_ours(xmlNodePtr element)
{
	return element->ns != NULL && xmlStrEqual(element->ns->href, BAD_CAST MAPPING_NAMESPACE) &&
	       xmlStrEqual(element->name, BAD_CAST "mapping");
}

/* NULL: the element has none of that name, in its namespace. */
static char *attr_value(xmlNodePtr element, xmlAttrPtr of)
{
	xmlChar *value = of->ns == NULL ? xmlGetNoNsProp(element, of->name)
					: xmlGetNsProp(element, of->name, of->ns->href);
	char *copy = g_strdup((const char *)value);

	xmlFree(value);
	return copy;
}

static char *attr_path(const char *path, xmlAttrPtr attr)
{
	return g_strdup_printf("%s%s@%s", path, path[0] == '\0' ? "" : "/",
			       (const char *)attr->name);
}

/* Some values may be spelled in capitals. */
static bool same_value(xmlNodePtr element, const char *first, const char *second)
{
	return first != NULL && second != NULL &&
	       (strcmp((const char *)element->name, "mac") == 0 ||
				strcmp((const char *)element->name, "uuid") == 0
			? g_ascii_strcasecmp(first, second) == 0
			: strcmp(first, second) == 0);
}

static void attrs_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is)
{
	for (xmlAttrPtr attr = was->properties; attr != NULL; attr = attr->next) {
		g_autofree char *at = attr_path(path, attr);
		g_autofree char *first = attr_value(was, attr);
		g_autofree char *second = attr_value(is, attr);

		if (!same_value(was, first, second)) {
			change_add(changes, at, first, second, second == NULL);
		}
	}
	for (xmlAttrPtr attr = is->properties; attr != NULL; attr = attr->next) {
		g_autofree char *at = attr_path(path, attr);
		g_autofree char *first = attr_value(was, attr);
		g_autofree char *second = attr_value(is, attr);

		if (first == NULL) {
			change_add(changes, at, NULL, second, false);
		}
	}
}

/* An amount of memory may be written in several ways. */
static bool memory_bytes(xmlNodePtr element, uint64_t *ret)
{
	const char *name = (const char *)element->name;

	return (strcmp(name, "memory") == 0 || strcmp(name, "currentMemory") == 0 ||
		strcmp(name, "maxMemory") == 0) &&
	       domain_xml_bytes(xml_tree_text(element), xml_tree_attr(element, "unit"), ret) == 0;
}

/* True: they are amounts, and have been compared. */
static bool memory_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is)
{
	uint64_t first;
	uint64_t second;

	if (!memory_bytes(was, &first) || !memory_bytes(is, &second)) {
		return false;
	}
	if (first != second) {
		g_autofree char *old = g_strdup_printf("%" PRIu64 " KiB", first / 1024);
		g_autofree char *new = g_strdup_printf("%" PRIu64 " KiB", second / 1024);

		change_add(changes, path, old, new, false);
	}
	return true;
}

/* The text of an element without child elements, without blanks around it. */
static char *leaf_text(xmlNodePtr element)
{
	xmlChar *content;
	char *text;

	if (xml_tree_child(element, NULL) != NULL) {
		return NULL;
	}
	content = xmlNodeGetContent(element);
	text = g_strstrip(g_strdup(content == NULL ? "" : (const char *)content));
	xmlFree(content);
	return text;
}

static void text_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is)
{
	g_autofree char *first = leaf_text(was);
	g_autofree char *second = leaf_text(is);

	if (first != NULL && second != NULL && !same_value(was, first, second)) {
		change_add(changes, path, first, second, false);
	}
}

/* The place of an element among those of its name: 1 for the first. */
struct places {
	GHashTable *of;     /* by the element */
	GHashTable *counts; /* by the name: how many there are */
};

static void places_count(struct places *places, xmlNodePtr parent)
{
	xmlNodePtr node = xml_tree_child(parent, NULL);

	*places = (struct places){g_hash_table_new(NULL, NULL),
				  g_hash_table_new(g_str_hash, g_str_equal)};
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		gpointer name = (gpointer)(uintptr_t)node->name;
		guint count = GPOINTER_TO_UINT(g_hash_table_lookup(places->counts, name)) + 1;

		g_hash_table_insert(places->counts, name, GUINT_TO_POINTER(count));
		g_hash_table_insert(places->of, node, GUINT_TO_POINTER(count));
	}
}

static void places_release(struct places *places)
{
	g_hash_table_unref(places->of);
	g_hash_table_unref(places->counts);
}

static char *child_path(const char *path, const struct places *places, xmlNodePtr element)
{
	g_autofree char *key = definition_key(element);
	const char *slash = path[0] == '\0' ? "" : "/";
	const char *name = (const char *)element->name;

	if (key != NULL) {
		return g_strdup_printf("%s%s%s[%s]", path, slash, name, key);
	}
	if (GPOINTER_TO_UINT(g_hash_table_lookup(places->counts, name)) > 1) {
		return g_strdup_printf("%s%s%s[%u]", path, slash, name,
				       GPOINTER_TO_UINT(g_hash_table_lookup(places->of, element)));
	}
	return g_strdup_printf("%s%s%s", path, slash, name);
}

static void one_sided(GPtrArray *changes, const char *path, const struct definition_pair *pair)
{
	g_autofree char *was = pair->was == NULL ? NULL : element_xml(pair->was);
	g_autofree char *is = pair->is == NULL ? NULL : element_xml(pair->is);

	change_add(changes, path, was, is, pair->was != NULL && is_filled(pair->was));
}

static void children_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is);

/* As deep as the definitions, which are limited (XML_TREE_DEPTH_MAX). */
static void elements_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is)
{
	if (memory_compare(changes, path, was, is)) {
		return;
	}
	if (!is_ours(was)) {
		attrs_compare(changes, path, was, is);
	}
	text_compare(changes, path, was, is);
	children_compare(changes, path, was, is);
}

static void children_compare(GPtrArray *changes, const char *path, xmlNodePtr was, xmlNodePtr is)
{
	g_autoptr(GArray) pairs = definition_pairs(was, is);
	struct places first;
	struct places second;

	places_count(&first, was);
	places_count(&second, is);
	for (guint i = 0; i < pairs->len; i++) {
		const struct definition_pair *pair =
			&g_array_index(pairs, struct definition_pair, i);
		g_autofree char *at = pair->was != NULL ? child_path(path, &first, pair->was)
							: child_path(path, &second, pair->is);

		if (pair->was == NULL || pair->is == NULL) {
			one_sided(changes, at, pair);
		} else {
			elements_compare(changes, at, pair->was, pair->is);
		}
	}
	places_release(&first);
	places_release(&second);
}

int definition_diff(const char *was, const char *is, GPtrArray **ret, struct err *err)
{
	AUTO_XML first = NULL;
	AUTO_XML second = NULL;
	int rc = domain_xml_parse(was, strlen(was), &first, err);

	rc = rc < 0 ? rc : domain_xml_parse(is, strlen(is), &second, err);
	if (rc < 0) {
		return rc;
	}
	*ret = g_ptr_array_new_with_free_func(change_free);
	elements_compare(*ret, "", xmlDocGetRootElement(first), xmlDocGetRootElement(second));
	return 0;
}

size_t definition_diff_count(const GPtrArray *changes)
{
	size_t count = 0;

	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		count += change->filled ? 0 : 1;
	}
	return count;
}
