/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/domain_xml.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "domain/mapping.h"

static const struct xml_tree_kind domain_kind = {
	.owner = "libvirt",
	.root = "domain",
	.max_bytes = MAPPING_MAX_BYTES,
};

int domain_xml_parse(const char *text, size_t bytes, xmlDocPtr *ret, struct err *err)
{
	return xml_tree_parse(text, bytes, &domain_kind, ret, err);
}

int domain_xml_format(xmlDocPtr doc, char **ret, struct err *err)
{
	return xml_tree_format(doc, &domain_kind, ret, err);
}

xmlNodePtr domain_xml_mapping(xmlNodePtr domain)
{
	xmlNodePtr node = xml_tree_child(xml_tree_child(domain, "metadata"), NULL);

	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		if (node->ns != NULL && xmlStrEqual(node->ns->href, BAD_CAST MAPPING_NAMESPACE) &&
		    xmlStrEqual(node->name, BAD_CAST "mapping")) {
			break;
		}
	}
	return node;
}

/* The units of libvirt's scaled integers: formatdomain, "memory". */
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

	for (i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(unit, units[i].name) == 0) {
			*ret = units[i].bytes;
			return true;
		}
	}
	return false;
}

static int memory_of(xmlNodePtr node, uint64_t *ret, struct err *err)
{
	const char *unit = xml_tree_attr(node, "unit");
	const char *text = xml_tree_text(node);
	uint64_t scale;

	if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 1, UINT64_MAX, ret, NULL) ||
	    !memory_unit_bytes(unit == NULL ? "KiB" : unit, &scale) ||
	    __builtin_mul_overflow(*ret, scale, ret)) {
		return err_set(err, -EINVAL,
			       "<%s> is '%.40s' %.20s, not a number with one of libvirt's units",
			       (const char *)node->name, text == NULL ? "" : text,
			       unit == NULL ? "KiB" : unit);
	}
	return 0;
}

int domain_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err)
{
	xmlNodePtr memory = xml_tree_child(domain, "memory");
	xmlNodePtr most = xml_tree_child(domain, "maxMemory");
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
