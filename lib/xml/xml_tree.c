/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xml/xml_tree.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include <libxml/parser.h>

static int parse_refused(xmlParserCtxtPtr ctxt, const struct xml_tree_kind *kind, struct err *err)
{
	const xmlError *error = xmlCtxtGetLastError(ctxt);
	int line = error == NULL ? 0 : error->line;

	if (error != NULL && error->code == XML_ERR_DOCUMENT_END) {
		return err_set(err, -EINVAL,
			       "line %d: there is more after the first element; one <%s> is legal",
			       line, kind->root);
	}
	return err_set(err, -EINVAL, "not XML, line %d: %.200s", line,
		       error == NULL || error->message == NULL ? "not well-formed"
							       : error->message);
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

static int doc_check(xmlDocPtr doc, const struct xml_tree_kind *kind, struct err *err)
{
	xmlNodePtr root = xmlDocGetRootElement(doc);

	if (doc->intSubset != NULL || doc->extSubset != NULL) {
		return err_set(err, -EINVAL, "a document type declaration is not legal here");
	}
	if (root == NULL || root->ns != NULL || !xmlStrEqual(root->name, BAD_CAST kind->root)) {
		return err_set(err, -EINVAL, "the root element is <%.40s>, not %s's <%s>",
			       root == NULL ? "" : (const char *)root->name, kind->owner,
			       kind->root);
	}
	if (!depth_within(root, XML_TREE_DEPTH_MAX)) {
		return err_set(err, -EINVAL, "elements are nested more than %d deep",
			       XML_TREE_DEPTH_MAX);
	}
	return 0;
}

int xml_tree_parse(const char *text, size_t bytes, const struct xml_tree_kind *kind, xmlDocPtr *ret,
		   struct err *err)
{
	const int options =
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS;
	AUTO_XML doc = NULL;
	xmlParserCtxtPtr ctxt;
	int rc;

	if (bytes == 0 || bytes > kind->max_bytes) {
		return err_set(err, -EINVAL, "a definition of %zu bytes; legal are 1 to %zu", bytes,
			       kind->max_bytes);
	}
	/* This check precedes the parser, because the parser expands entities in attributes. */
	if (memchr(text, '\0', bytes) != NULL || memmem(text, bytes, "<!DOCTYPE", 9) != NULL) {
		return err_set(err, -EINVAL,
			       "a document type declaration or a NUL byte is not legal here");
	}
	ctxt = xmlNewParserCtxt();
	if (ctxt == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	doc = xmlCtxtReadMemory(ctxt, text, (int)bytes, NULL, "UTF-8", options);
	rc = doc == NULL ? parse_refused(ctxt, kind, err) : doc_check(doc, kind, err);
	xmlFreeParserCtxt(ctxt);
	*ret = rc == 0 ? g_steal_pointer(&doc) : NULL;
	return rc;
}

/* xmlNodeDump() writes no XML declaration; libvirt writes none either. */
int xml_tree_format(xmlDocPtr doc, const struct xml_tree_kind *kind, char **ret, struct err *err)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	int bytes = buffer == NULL ? -1 : xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 1);
	int rc = 0;

	if (bytes <= 0) {
		rc = err_set(err, -ENOMEM, "out of memory");
	} else if ((size_t)bytes > kind->max_bytes) {
		rc = err_set(err, -EINVAL, "the definition has %d bytes; at most %zu are legal",
			     bytes, kind->max_bytes);
	} else {
		*ret = g_strdup((const char *)xmlBufferContent(buffer));
	}
	xmlBufferFree(buffer);
	return rc;
}

void xml_tree_free(xmlDocPtr *doc)
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

xmlNodePtr xml_tree_child(xmlNodePtr parent, const char *name)
{
	return parent == NULL ? NULL : element_from(parent->children, name);
}

xmlNodePtr xml_tree_next(xmlNodePtr node, const char *name)
{
	return element_from(node->next, name);
}

const char *xml_tree_attr(xmlNodePtr node, const char *name)
{
	xmlAttrPtr attr = node == NULL ? NULL : xmlHasNsProp(node, BAD_CAST name, NULL);

	if (attr == NULL || attr->children == NULL || attr->children->next != NULL) {
		return NULL;
	}
	return (const char *)attr->children->content;
}

const char *xml_tree_text(xmlNodePtr node)
{
	if (node == NULL || node->children == NULL || node->children->next != NULL ||
	    (node->children->type != XML_TEXT_NODE &&
	     node->children->type != XML_CDATA_SECTION_NODE)) {
		return NULL;
	}
	return (const char *)node->children->content;
}

int xml_tree_attr_u64(xmlNodePtr node, const char *name, uint64_t *ret, struct err *err)
{
	const char *text = xml_tree_attr(node, name);

	if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, ret, NULL)) {
		return err_set(err, -EINVAL, "<%s> has %s='%.40s', not a number of bytes",
			       (const char *)node->name, name, text == NULL ? "" : text);
	}
	return 0;
}
