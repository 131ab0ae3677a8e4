/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mapping_xml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "mapping.h"

static const char *ctxt_message(xmlParserCtxtPtr ctxt, int *ret_line)
{
	xmlErrorPtr error = xmlCtxtGetLastError(ctxt);

	*ret_line = error == NULL ? 0 : error->line;
	return error == NULL || error->message == NULL ? "not well-formed" : error->message;
}

static bool depth_within(xmlNodePtr node, int left)
{
	for (; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE &&
		    (left == 0 || !depth_within(node->children, left - 1))) {
			return false;
		}
	}
	return true;
}

static int doc_check(xmlDocPtr doc, struct err *err)
{
	xmlNodePtr root = xmlDocGetRootElement(doc);

	if (doc->intSubset != NULL || doc->extSubset != NULL) {
		return err_set(err, -EINVAL, "a document type declaration is not legal here");
	}
	if (root == NULL || root->ns != NULL || !xmlStrEqual(root->name, BAD_CAST "domain")) {
		return err_set(err, -EINVAL, "the root element is <%.40s>, not libvirt's <domain>",
			       root == NULL ? "" : (const char *)root->name);
	}
	if (!depth_within(root, MAPPING_XML_DEPTH_MAX)) {
		return err_set(err, -EINVAL, "elements are nested more than %d deep",
			       MAPPING_XML_DEPTH_MAX);
	}
	return 0;
}

int mapping_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err)
{
	const int options =
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS;
	AUTO_XML doc = NULL;
	xmlParserCtxtPtr ctxt;
	int line;
	int rc;

	if (bytes == 0 || bytes > MAPPING_MAX_BYTES) {
		return err_set(err, -EINVAL, "a definition of %zu bytes; legal are 1 to %u", bytes,
			       MAPPING_MAX_BYTES);
	}
	/* Looked for before parsing: entities in attributes grow while the parser reads them. */
	if (memchr(text, '\0', bytes) != NULL || memmem(text, bytes, "<!DOCTYPE", 9) != NULL) {
		return err_set(err, -EINVAL,
			       "a document type declaration or a NUL byte is not legal here");
	}
	ctxt = xmlNewParserCtxt();
	if (ctxt == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	doc = xmlCtxtReadMemory(ctxt, text, (int)bytes, NULL, "UTF-8", options);
	if (doc == NULL) {
		const char *message = ctxt_message(ctxt, &line);

		rc = err_set(err, -EINVAL, "not XML, line %d: %.200s", line, message);
	} else {
		rc = doc_check(doc, err);
	}
	xmlFreeParserCtxt(ctxt);
	if (rc == 0) {
		*ret = doc;
		doc = NULL;
	}
	return rc;
}

int mapping_xml_format(xmlDocPtr doc, char **ret, struct err *err)
{
	xmlChar *text = NULL;
	int bytes = 0;
	char *copy;

	/* Without an XML declaration, as libvirt writes it. */
	xmlBufferPtr buffer = xmlBufferCreate();

	if (buffer == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	bytes = xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 1);
	text = xmlBufferDetach(buffer);
	xmlBufferFree(buffer);
	if (bytes <= 0 || text == NULL) {
		xmlFree(text);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if ((size_t)bytes > MAPPING_MAX_BYTES) {
		xmlFree(text);
		return err_set(err, -EINVAL, "the definition has %d bytes; at most %u are legal",
			       bytes, MAPPING_MAX_BYTES);
	}
	copy = strdup((const char *)text);
	xmlFree(text);
	if (copy == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret = copy;
	return 0;
}

void mapping_xml_free(xmlDocPtr *doc)
{
	if (*doc != NULL) {
		xmlFreeDoc(*doc);
		*doc = NULL;
	}
}

static xmlNodePtr element_from(xmlNodePtr node, const char *name)
{
	for (; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE &&
		    (name == NULL ||
		     (node->ns == NULL && xmlStrEqual(node->name, BAD_CAST name)))) {
			break;
		}
	}
	return node;
}

xmlNodePtr mapping_xml_child(xmlNodePtr parent, const char *name)
{
	return parent == NULL ? NULL : element_from(parent->children, name);
}

xmlNodePtr mapping_xml_next(xmlNodePtr node, const char *name)
{
	return element_from(node->next, name);
}

const char *mapping_xml_attr(xmlNodePtr node, const char *name)
{
	xmlAttrPtr attr = node == NULL ? NULL : xmlHasNsProp(node, BAD_CAST name, NULL);

	if (attr == NULL || attr->children == NULL || attr->children->next != NULL) {
		return NULL;
	}
	return (const char *)attr->children->content;
}

const char *mapping_xml_text(xmlNodePtr node)
{
	if (node == NULL || node->children == NULL || node->children->type != XML_TEXT_NODE ||
	    node->children->next != NULL) {
		return NULL;
	}
	return (const char *)node->children->content;
}

static bool u64_from_str(const char *text, uint64_t *ret)
{
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9') {
		return false;
	}
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

int mapping_xml_attr_u64(xmlNodePtr node, const char *name, uint64_t *ret, struct err *err)
{
	const char *text = mapping_xml_attr(node, name);

	if (!u64_from_str(text, ret)) {
		return err_set(err, -EINVAL, "<%s> has %s='%.40s', not a number of bytes",
			       (const char *)node->name, name, text == NULL ? "" : text);
	}
	return 0;
}

xmlNodePtr mapping_xml_find(xmlNodePtr domain)
{
	xmlNodePtr node = mapping_xml_child(mapping_xml_child(domain, "metadata"), NULL);

	for (; node != NULL; node = mapping_xml_next(node, NULL)) {
		if (node->ns != NULL && xmlStrEqual(node->ns->href, BAD_CAST MAPPING_NAMESPACE) &&
		    xmlStrEqual(node->name, BAD_CAST "mapping")) {
			break;
		}
	}
	return node;
}

/* libvirt's scaled integers, formatdomain "memory". */
static bool memory_unit_bytes(const char *unit, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{"b", 1},           {"bytes", 1},        {"KB", 1000},     {"k", 1024},
		{"KiB", 1024},      {"MB", 1000000},     {"M", 1 << 20},   {"MiB", 1 << 20},
		{"GB", 1000000000}, {"G", 1 << 30},      {"GiB", 1 << 30}, {"TB", 1000000000000},
		{"T", 1ULL << 40},  {"TiB", 1ULL << 40},
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0) {
			*ret = units[i].bytes;
			return true;
		}
	}
	return false;
}

static int memory_of(xmlNodePtr node, uint64_t *ret, struct err *err)
{
	const char *unit = mapping_xml_attr(node, "unit");
	const char *text = mapping_xml_text(node);
	uint64_t scale;

	if (!u64_from_str(text, ret) || !memory_unit_bytes(unit == NULL ? "KiB" : unit, &scale) ||
	    *ret == 0 || __builtin_mul_overflow(*ret, scale, ret)) {
		return err_set(err, -EINVAL,
			       "<%s> is '%.40s' %.20s, not a number with one of libvirt's units",
			       (const char *)node->name, text == NULL ? "" : text,
			       unit == NULL ? "KiB" : unit);
	}
	return 0;
}

int mapping_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err)
{
	xmlNodePtr memory = mapping_xml_child(domain, "memory");
	xmlNodePtr most = mapping_xml_child(domain, "maxMemory");
	uint64_t most_bytes = 0;
	int rc;

	if (memory == NULL) {
		return err_set(err, -EINVAL, "the domain has no <memory>");
	}
	rc = memory_of(memory, ret_bytes, err);
	if (rc == 0 && most != NULL) {
		rc = memory_of(most, &most_bytes, err);
	}
	if (rc == 0 && most_bytes > *ret_bytes) {
		*ret_bytes = most_bytes;
	}
	return rc;
}
