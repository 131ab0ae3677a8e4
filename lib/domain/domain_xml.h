/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOMAIN_XML_H
#define LUNMASK_DOMAIN_XML_H

#include "xml/xml_tree.h"

/*
 * Reads and writes libvirt's domain definitions as XML trees: the parts that several modules need.
 * The caller frees a tree with xml_tree_free() (AUTO_XML) and a text with free().
 */
#define MAPPING_NAMESPACE "urn:x-lunmask:mapping:1"

/* -EINVAL with text: not a <domain>, or longer than MAPPING_MAX_BYTES. */
int domain_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err);
int domain_xml_format(xmlDocPtr doc, char **ret, struct err *err);

/* Returns the <mapping> of our namespace in the domain's <metadata>, or NULL. */
xmlNodePtr domain_xml_mapping(xmlNodePtr domain);

/*
 * The larger of <memory> and <maxMemory>, in bytes. -EINVAL: missing, or not a number with a unit.
 */
int domain_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err);

#endif
