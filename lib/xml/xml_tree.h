/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_XML_TREE_H
#define LUNMASK_XML_TREE_H

#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "base/err.h"

/*
 * Parses XML into a tree within limits, searches the tree and writes it, with libxml2.
 *
 *	AUTO_XML doc = NULL;
 *	rc = xml_tree_parse(text, bytes, &kind, &doc, err);
 *	disk = xml_tree_child(xmlDocGetRootElement(doc), "disk");
 *
 * The caller owns the document and frees it with xml_tree_free(), which AUTO_XML calls. Lookups by
 * name find only elements without a namespace, because libvirt and Pacemaker use none.
 */
#define XML_TREE_DEPTH_MAX 32

/* What a document must be. */
struct xml_tree_kind {
	const char *owner; /* the product that defines the format, for messages: "libvirt" */
	const char *root;  /* the name of the root element */
	size_t max_bytes;
};

/* Parses UTF-8; limits size, depth; refuses DTD, entities, network. -EINVAL, -ENOMEM, with text. */
int xml_tree_parse(const char *text, size_t bytes, const struct xml_tree_kind *kind, xmlDocPtr *ret,
		   struct err *err);

/* Indented text, for g_free(). -EINVAL: longer than kind permits; -ENOMEM; with text. */
int xml_tree_format(xmlDocPtr doc, const struct xml_tree_kind *kind, char **ret, struct err *err);

void xml_tree_free(xmlDocPtr *doc);
#define AUTO_XML __attribute__((cleanup(xml_tree_free))) xmlDocPtr

/* The first child or the next sibling element with that name (NULL: any); NULL if there is none. */
xmlNodePtr xml_tree_child(xmlNodePtr parent, const char *name);
xmlNodePtr xml_tree_next(xmlNodePtr node, const char *name);

/* Borrowed until the attribute or the text changes. NULL if it is absent or empty. */
const char *xml_tree_attr(xmlNodePtr node, const char *name);
const char *xml_tree_text(xmlNodePtr node);

/* -EINVAL, with text, if the attribute is absent or not a decimal number below 2^64. */
int xml_tree_attr_u64(xmlNodePtr node, const char *name, uint64_t *ret, struct err *err);

#endif
