/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_MATCH_H
#define LUNMASK_DEFINITION_MATCH_H

#include <stdbool.h>

#include <glib.h>
#include <libxml/tree.h>

/*
 * Which element of one definition is which of another: by what identifies it (the target of a disk,
 * the MAC of a NIC), else by its place among those of its name that nothing identifies.
 */

/* The identity, such as "vda" or "pci,0"; NULL: it has none. Free it with g_free(). */
char *definition_key(xmlNodePtr element);

/*
 * For each child element of the first, in order, its counterpart in the second or NULL: pairs of
 * xmlNodePtr. Then those of the second that were left over, as pairs with NULL first.
 */
struct definition_pair {
	xmlNodePtr was, is;
};
GArray *definition_pairs(xmlNodePtr was, xmlNodePtr is);

#endif
