/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOMAIN_XML_H
#define LUNMASK_DOMAIN_XML_H

#include "xml/xml_tree.h"

/*
 * libvirt's domain definitions as trees: what more than one module reads of them. The caller frees
 * with xml_tree_free() (AUTO_XML).
 */
#define MAPPING_NAMESPACE "urn:x-lunmask:mapping:1"

/* -EINVAL with text when it is no <domain>, or longer than MAPPING_MAX_BYTES. */
int domain_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err);
int domain_xml_format(xmlDocPtr doc, char **ret, struct err *err);

/* The <mapping> of our namespace in the domain's <metadata>, or NULL. */
xmlNodePtr domain_xml_mapping(xmlNodePtr domain);

/* <memory>, or <maxMemory> where that is more. */
int domain_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err);

#endif
