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

/*
 * The elements that may become a counterpart, as queues of xmlNodePtr in their order: by what
 * identifies them, by their kind, and by their kind those that nothing identifies. Each element is
 * passed over once in each queue, however many there are.
 */
struct candidates {
	GHashTable *keyed;
	GHashTable *any;
	GHashTable *unkeyed;
	GHashTable *taken; /* a set of elements */
};

/* libvirt numbers the controllers of each type that have no index. */
static char *kind_of(xmlNodePtr element)
{
	bool controller = xmlStrEqual(element->name, BAD_CAST "controller");
	const char *type = controller ? xml_tree_attr(element, "type") : NULL;

	return g_strdup_printf("%s\n%s\n%s",
			       element->ns == NULL ? "" : (const char *)element->ns->href,
			       (const char *)element->name, type == NULL ? "" : type);
}

/* NULL: nothing identifies it. */
static char *identity_of(xmlNodePtr element)
{
	g_autofree char *key = definition_key(element);
	g_autofree char *folded = key == NULL ? NULL : g_ascii_strdown(key, -1);

	return folded == NULL
		       ? NULL
		       : g_strdup_printf("%s\n%s\n%s",
					 element->ns == NULL ? "" : (const char *)element->ns->href,
					 (const char *)element->name, folded);
}

static void queue_free(gpointer queue)
{
	g_queue_free(queue);
}

static GHashTable *queues_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queue_free);
}

static void queue_add(GHashTable *queues, const char *name, xmlNodePtr element)
{
	GQueue *queue = g_hash_table_lookup(queues, name);

	if (queue == NULL) {
		queue = g_queue_new();
		g_hash_table_insert(queues, g_strdup(name), queue);
	}
	g_queue_push_tail(queue, element);
}

static void candidates_init(struct candidates *candidates, xmlNodePtr parent)
{
	xmlNodePtr node = xml_tree_child(parent, NULL);

	*candidates = (struct candidates){queues_new(), queues_new(), queues_new(),
					  g_hash_table_new(NULL, NULL)};
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		g_autofree char *identity = identity_of(node);
		g_autofree char *kind = kind_of(node);

		queue_add(candidates->any, kind, node);
		if (identity != NULL) {
			queue_add(candidates->keyed, identity, node);
		} else {
			queue_add(candidates->unkeyed, kind, node);
		}
	}
}

static void candidates_release(struct candidates *candidates)
{
	g_hash_table_unref(candidates->keyed);
	g_hash_table_unref(candidates->any);
	g_hash_table_unref(candidates->unkeyed);
	g_hash_table_unref(candidates->taken);
}

/* The first of the queue that was not taken. NULL: none. */
static xmlNodePtr take(struct candidates *candidates, GHashTable *queues, const char *name)
{
	GQueue *queue = g_hash_table_lookup(queues, name);
	xmlNodePtr node = NULL;

	do {
		node = queue == NULL ? NULL : g_queue_pop_head(queue);
	} while (node != NULL && !g_hash_table_add(candidates->taken, node));
	return node;
}

/* By its identity. */
static xmlNodePtr namesake(struct candidates *candidates, xmlNodePtr was)
{
	g_autofree char *identity = identity_of(was);

	return identity == NULL ? NULL : take(candidates, candidates->keyed, identity);
}

/* By its place: one of the two has no identity. */
static xmlNodePtr neighbour(struct candidates *candidates, xmlNodePtr was)
{
	g_autofree char *identity = identity_of(was);
	g_autofree char *kind = kind_of(was);

	return take(candidates, identity == NULL ? candidates->any : candidates->unkeyed, kind);
}

GArray *definition_pairs(xmlNodePtr was, xmlNodePtr is)
{
	GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct definition_pair));
	xmlNodePtr node = xml_tree_child(was, NULL);
	struct candidates candidates;

	candidates_init(&candidates, is);
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		struct definition_pair pair = {node, namesake(&candidates, node)};

		g_array_append_val(pairs, pair);
	}
	for (guint i = 0; i < pairs->len; i++) {
		struct definition_pair *pair = &g_array_index(pairs, struct definition_pair, i);

		if (pair->is == NULL) {
			pair->is = neighbour(&candidates, pair->was);
		}
	}
	for (node = xml_tree_child(is, NULL); node != NULL; node = xml_tree_next(node, NULL)) {
		if (!g_hash_table_contains(candidates.taken, node)) {
			struct definition_pair pair = {NULL, node};

			g_array_append_val(pairs, pair);
		}
	}
	candidates_release(&candidates);
	return pairs;
}
