/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit_map.h"

#include <glib.h>
#include <string.h>

#include "names/name.h"

#define BLANKS " \t\n"
#define NODE_EXTRA "._-"

/* "node1:db1" in two. False: it is not of this form. */
static bool pair_split(char *word, const char **ret_node, const char **ret_vm)
{
	char *colon = strchr(word, ':');

	if (colon == NULL) {
		return false;
	}
	*colon = '\0';
	*ret_node = word;
	*ret_vm = colon + 1;
	return name_valid(*ret_node, NODE_NAME_MAX, NODE_EXTRA) && vm_name_valid(*ret_vm);
}

static int pair_refuse(const char *word, struct err *err)
{
	return err_set(err, -EINVAL,
		       "'%.100s' is not NODE:VM: legal is a list such as \"node1:db1 node2:db2\", "
		       "with the name of a node of the cluster and that of a VM in each pair",
		       word);
}

int unit_map_check(const char *map, struct err *err)
{
	g_auto(GStrv) words = g_strsplit_set(map, BLANKS, -1);
	g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; words[i] != NULL; i++) {
		g_autofree char *word = g_strdup(words[i]);
		const char *node;
		const char *vm;

		if (word[0] == '\0') {
			continue;
		}
		if (!pair_split(words[i], &node, &vm)) {
			return pair_refuse(word, err);
		}
		if (!g_hash_table_add(nodes, (gpointer)node)) {
			return err_set(err, -EINVAL, "node '%.100s' is named twice", node);
		}
	}
	return g_hash_table_size(nodes) > 0 ? 0 : pair_refuse("", err);
}

int unit_map_find(const char *map, const char *node, char ret_vm[VM_NAME_MAX + 1], struct err *err)
{
	g_auto(GStrv) words = g_strsplit_set(map, BLANKS, -1);

	for (size_t i = 0; words[i] != NULL; i++) {
		const char *name;
		const char *vm;

		if (pair_split(words[i], &name, &vm) && strcmp(name, node) == 0) {
			(void)g_strlcpy(ret_vm, vm, VM_NAME_MAX + 1);
			return 0;
		}
	}
	ret_vm[0] = '\0';
	return err_set(err, -ENODEV,
		       "add %.100s:VM to vm_map, or keep the resource away from this node: no VM "
		       "is named for it",
		       node);
}
