/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOMAIN_XML_H
#define LUNMASK_DOMAIN_XML_H

#include "xml/xml_tree.h"

/*
 * Reads and writes libvirt's domain definitions as XML trees: the parts that several modules need.
 * The caller frees a tree with xml_tree_free() (AUTO_XML) and a text with free().
 */
#define MAPPING_NAMESPACE "urn:x-lunmask:mapping:1"
/* The attribute of <mapping> that says who wrote the definition; absent: the user. */
#define MAPPING_DEFINITION "definition"
#define MAPPING_DEFINITION_LIBVIRT "libvirt"
#define MAPPING_REVISION "revision"
#define MAPPING_CONFIG "config"
#define MAPPING_CONFIG_PREFIX "sha256:"

/* The attribute of <drive> that says that others may have the LUN too; absent: the VM's own. */
#define MAPPING_ACCESS "access"
#define MAPPING_ACCESS_RO "ro"

/* -EINVAL with text: not a <domain>, or longer than MAPPING_MAX_BYTES. */
int domain_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err);
int domain_xml_format(xmlDocPtr doc, char **ret, struct err *err);

/* The first element of our namespace with this name from node on, among its siblings; or NULL. */
xmlNodePtr domain_xml_ours(xmlNodePtr node, const char *name);
/* Returns the <mapping> of our namespace in the domain's <metadata>, or NULL. */
xmlNodePtr domain_xml_mapping(xmlNodePtr domain);
/* The revision that a <mapping> names; 1 if it names none. 0: not a number above 0. */
uint64_t domain_xml_revision(xmlNodePtr mapping);

/* libvirt's scaled integers: a number above 0, and a unit (NULL: KiB). -EINVAL: neither. */
int domain_xml_bytes(const char *text, const char *unit, uint64_t *ret);
/*
 * The memory that the guest boots with, in bytes: <memory>. (<maxMemory> is what it may be given
 * later, and is often many times what any host has.) -EINVAL: missing, or no number with a unit.
 */
int domain_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err);

#endif
