/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_XML_H
#define LUNMASK_MAPPING_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "err.h"

/*
 * Reading and changing domain definitions with libxml2, for the mapping_*.c files and for
 * hypervisor_preflight.c.
 *
 * Elements are looked up by name outside any namespace: libvirt has none.
 */
#define MAPPING_NAMESPACE "urn:x-lunmask:mapping:1"
#define MAPPING_XML_DEPTH_MAX 32

/* UTF-8, without DTD or entities, no network, bounded in size and depth. -EINVAL with text. */
int mapping_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err);

/* As indented text. -EINVAL if it is longer than MAPPING_MAX_BYTES. The caller frees with free().
 */
int mapping_xml_format(xmlDocPtr doc, char **ret, struct err *err);

void mapping_xml_free(xmlDocPtr *doc);
#define AUTO_XML __attribute__((cleanup(mapping_xml_free))) xmlDocPtr

/* First or next element of that name (NULL: any); NULL when there is none. */
xmlNodePtr mapping_xml_child(xmlNodePtr parent, const char *name);
xmlNodePtr mapping_xml_next(xmlNodePtr node, const char *name);

/* Borrowed until the attribute or text changes; NULL when there is none or it is empty. */
const char *mapping_xml_attr(xmlNodePtr node, const char *name);
const char *mapping_xml_text(xmlNodePtr node);

/* -EINVAL when absent, not a decimal number, or above 2^64. */
int mapping_xml_attr_u64(xmlNodePtr node, const char *name, uint64_t *ret, struct err *err);

/* The <mapping> of our namespace in the domain's <metadata>, or NULL. */
xmlNodePtr mapping_xml_find(xmlNodePtr domain);

/* <memory>, or <maxMemory> where that is more. */
int mapping_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err);

#endif
