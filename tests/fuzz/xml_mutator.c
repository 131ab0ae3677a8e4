/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/xml_mutator.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#define NODES_MAX 512
#define STEPS_MAX 4
#define BYTES_SHARE 4 /* of so many mutations, one is of bytes */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

struct nodes {
	xmlNodePtr elements[NODES_MAX];
	size_t n_elements;
	xmlAttrPtr attrs[NODES_MAX];
	size_t n_attrs;
};

/* What the code that is fuzzed looks for, beside what the documents have themselves. */
static const char *const values[] = {
	"",           "0",
	"1",          "18446744073709551615",
	"vda",        "sda",
	"nvram",      "vdzz",
	"yes",        "no",
	"file",       "network",
	"iscsi",      "raw",
	"cdrom",      "floppy",
	"disk",       "virtio",
	"pci",        "/etc/passwd",
	"web1",       "KiB",
	"EiB",        "efi",
	"q35",        "pc",
	"pc-q35-7.2", "pflash",
	"flash",      "path",
	"x y",        "&",
	"<a b='c'>",  "52:54:00:11:22:33",
	"../../x",    "ro",
	"libvirt",
};
static const char *const names[] = {
	"disk",    "interface", "target",  "source", "mac",     "address",    "driver", "metadata",
	"mapping", "drive",     "state",   "os",     "type",    "loader",     "nvram",  "firmware",
	"feature", "genid",     "devices", "memory", "hostdev", "controller", "cpu",    "boot",
};

static void nodes_list(xmlNodePtr node, struct nodes *ret)
{
	for (; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || ret->n_elements == NODES_MAX) {
			continue;
		}
		ret->elements[ret->n_elements++] = node;
		for (xmlAttrPtr attr = node->properties; attr != NULL; attr = attr->next) {
			if (ret->n_attrs < NODES_MAX) {
				ret->attrs[ret->n_attrs++] = attr;
			}
		}
		nodes_list(node->children, ret);
	}
}

static size_t below(unsigned int *seed, size_t limit)
{
	return limit == 0 ? 0 : (size_t)rand_r(seed) % limit;
}

#define PICK(seed, list, count) ((list)[below(seed, count)])
#define ANY(seed, list) PICK(seed, list, sizeof(list) / sizeof((list)[0]))

/* Never the root. */
static xmlNodePtr inner_pick(const struct nodes *nodes, unsigned int *seed)
{
	return nodes->n_elements < 2 ? NULL
				     : nodes->elements[1 + below(seed, nodes->n_elements - 1)];
}

static void element_remove(const struct nodes *nodes, unsigned int *seed)
{
	xmlNodePtr node = inner_pick(nodes, seed);

	if (node != NULL) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

/* Also of the other document. */
static void element_copy(const struct nodes *from, const struct nodes *to, unsigned int *seed)
{
	xmlNodePtr node = inner_pick(from, seed);
	xmlNodePtr parent = PICK(seed, to->elements, to->n_elements);
	xmlNodePtr copy = node == NULL ? NULL : xmlDocCopyNode(node, parent->doc, 1);

	if (copy == NULL) {
		return;
	}
	if (below(seed, 2) == 0 && parent->parent != NULL &&
	    parent->parent->type == XML_ELEMENT_NODE) {
		(void)xmlAddNextSibling(parent, copy);
	} else if (below(seed, 2) == 0 && parent->children != NULL) {
		(void)xmlAddPrevSibling(parent->children, copy);
	} else {
		(void)xmlAddChild(parent, copy);
	}
}

static void element_rename(const struct nodes *nodes, unsigned int *seed)
{
	xmlNodePtr node = inner_pick(nodes, seed);
	xmlNodePtr other = PICK(seed, nodes->elements, nodes->n_elements);

	if (node != NULL) {
		xmlNodeSetName(node, below(seed, 2) == 0 ? BAD_CAST ANY(seed, names) : other->name);
	}
}

static void text_set(const struct nodes *nodes, unsigned int *seed)
{
	xmlNodePtr node = inner_pick(nodes, seed);

	if (node != NULL && xmlFirstElementChild(node) == NULL) {
		xmlNodeSetContent(node, NULL);
		xmlNodeAddContent(node, BAD_CAST ANY(seed, values));
	}
}

static void attr_set(const struct nodes *from, const struct nodes *nodes, unsigned int *seed)
{
	xmlNodePtr node = PICK(seed, nodes->elements, nodes->n_elements);
	xmlAttrPtr attr = nodes->n_attrs == 0 ? NULL : PICK(seed, nodes->attrs, nodes->n_attrs);
	xmlAttrPtr other = from->n_attrs == 0 ? NULL : PICK(seed, from->attrs, from->n_attrs);
	xmlChar *value =
		other == NULL ? NULL : xmlNodeListGetString(other->doc, other->children, 1);

	if (attr != NULL && below(seed, 2) == 0) {
		node = attr->parent;
		(void)xmlSetNsProp(
			node, attr->ns, attr->name,
			value != NULL && below(seed, 2) == 0 ? value : BAD_CAST ANY(seed, values));
	} else if (other != NULL) {
		(void)xmlSetProp(node, other->name, value);
	}
	xmlFree(value);
}

/* Namespaces that are declared in another place, or that an attribute has. */
static void namespace_set(const struct nodes *nodes, unsigned int *seed)
{
	xmlNodePtr node = inner_pick(nodes, seed);
	xmlNsPtr space = node == NULL ? NULL
				      : xmlNewNs(node, BAD_CAST "urn:x-lunmask:mapping:1",
						 BAD_CAST(below(seed, 2) == 0 ? "lunmask" : "n"));

	if (space == NULL) {
		return;
	}
	if (below(seed, 2) == 0) {
		xmlSetNs(node, space);
	} else {
		(void)xmlNewNsProp(node, space, BAD_CAST "revision", BAD_CAST ANY(seed, values));
	}
}

static void attr_remove(const struct nodes *nodes, unsigned int *seed)
{
	if (nodes->n_attrs > 0) {
		(void)xmlRemoveProp(PICK(seed, nodes->attrs, nodes->n_attrs));
	}
}

static void doc_mutate(xmlDocPtr doc, xmlDocPtr other, unsigned int *seed)
{
	struct nodes nodes = {.n_elements = 0};
	struct nodes there = {.n_elements = 0};

	nodes_list(xmlDocGetRootElement(doc), &nodes);
	nodes_list(xmlDocGetRootElement(other), &there);
	if (nodes.n_elements == 0 || there.n_elements == 0) {
		return;
	}
	switch (below(seed, 8)) {
	case 0: element_remove(&nodes, seed); break;
	case 1: element_copy(&nodes, &nodes, seed); break;
	case 2: element_copy(&there, &nodes, seed); break;
	case 3: element_rename(&nodes, seed); break;
	case 4: text_set(&nodes, seed); break;
	case 5: namespace_set(&nodes, seed); break;
	case 6: attr_remove(&nodes, seed); break;
	default: attr_set(&there, &nodes, seed);
	}
}

static xmlDocPtr doc_read(const char *text)
{
	return xmlReadMemory(text, (int)strlen(text), NULL, "UTF-8",
			     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* The number of bytes; 0: it does not fit. */
static size_t doc_write(xmlDocPtr doc, uint8_t *data, size_t max_size)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	int bytes = xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0);
	bool fits = bytes > 0 && (size_t)bytes <= max_size;

	if (fits) {
		memcpy(data, xmlBufferContent(buffer), (size_t)bytes);
	}
	xmlBufferFree(buffer);
	return fits ? (size_t)bytes : 0;
}

void xml_split(const uint8_t *data, size_t size, char **ret_first, char **ret_second)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t bytes = nul == NULL ? size : (size_t)(nul - data);

	*ret_first = strndup((const char *)data, bytes);
	*ret_second =
		nul == NULL ? strdup(*ret_first) : strndup((const char *)nul + 1, size - bytes - 1);
}

/* Writes both documents, or only one if they are the same. */
static size_t docs_write(xmlDocPtr docs[2], uint8_t *data, size_t max_size)
{
	size_t first = doc_write(docs[0], data, max_size);
	size_t second = first == 0 || first + 1 >= max_size
				? 0
				: doc_write(docs[1], data + first + 1, max_size - first - 1);

	if (second == 0 || (second == first && memcmp(data, data + first + 1, first) == 0)) {
		return first;
	}
	data[first] = '\0';
	return first + 1 + second;
}

size_t xml_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	char *texts[2];
	xmlDocPtr docs[2];
	size_t bytes = 0;

	xml_split(data, size, &texts[0], &texts[1]);
	docs[0] = doc_read(texts[0]);
	docs[1] = doc_read(texts[1]);
	if (docs[0] != NULL && docs[1] != NULL && below(&seed, BYTES_SHARE) != 0) {
		for (size_t i = 0; i <= below(&seed, STEPS_MAX); i++) {
			size_t which = below(&seed, 2);

			doc_mutate(docs[which], docs[below(&seed, 2)], &seed);
		}
		bytes = docs_write(docs, data, max_size);
	}
	xmlFreeDoc(docs[0]);
	xmlFreeDoc(docs[1]);
	free(texts[0]);
	free(texts[1]);
	return bytes != 0 ? bytes : LLVMFuzzerMutate(data, size, max_size);
}
