/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_XML_TREE_H
#define LUNMASK_XML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "base/err.h"

/*
 * XML as a tree, with libxml2: read within bounds, searched, written.
 *
 * Elements are looked up by name outside any namespace: libvirt and Pacemaker have none.
 */
#define XML_TREE_DEPTH_MAX 32

/* What a document must be. */
struct xml_tree_kind {
	const char *owner; /* who defines it, for messages: "libvirt" */
	const char *root;  /* name of its root element */
	size_t max_bytes;
};

/* UTF-8, without DTD or entities, no network, bounded in size and depth. -EINVAL with text. */
int xml_tree_parse(const char *text, size_t bytes, const struct xml_tree_kind *kind, xmlDocPtr *ret,
		   struct err *err);

/* As indented text. -EINVAL if it is longer than the kind may be. The caller frees with free(). */
int xml_tree_format(xmlDocPtr doc, const struct xml_tree_kind *kind, char **ret, struct err *err);

void xml_tree_free(xmlDocPtr *doc);
#define AUTO_XML __attribute__((cleanup(xml_tree_free))) xmlDocPtr

/* First or next element of that name (NULL: any); NULL when there is none. */
xmlNodePtr xml_tree_child(xmlNodePtr parent, const char *name);
xmlNodePtr xml_tree_next(xmlNodePtr node, const char *name);

/* Borrowed until the attribute or text changes; NULL when there is none or it is empty. */
const char *xml_tree_attr(xmlNodePtr node, const char *name);
const char *xml_tree_text(xmlNodePtr node);

/* -EINVAL when absent, not a decimal number, or above 2^64. */
int xml_tree_attr_u64(xmlNodePtr node, const char *name, uint64_t *ret, struct err *err);

#endif
