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

xmlNodePtr domain_xml_ours(xmlNodePtr node, const char *name)
{
	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		if (node->ns != NULL && xmlStrEqual(node->ns->href, BAD_CAST MAPPING_NAMESPACE) &&
		    xmlStrEqual(node->name, BAD_CAST name)) {
			break;
		}
	}
	return node;
}

xmlNodePtr domain_xml_mapping(xmlNodePtr domain)
{
	return domain_xml_ours(xml_tree_child(xml_tree_child(domain, "metadata"), NULL), "mapping");
}

uint64_t domain_xml_revision(xmlNodePtr mapping)
{
	uint64_t revision = 0;

	if (mapping == NULL || xmlHasNsProp(mapping, BAD_CAST MAPPING_REVISION, NULL) == NULL) {
		return 1;
	}
	return xml_tree_attr_u64(mapping, MAPPING_REVISION, &revision, NULL) == 0 ? revision : 0;
}

/* The units of libvirt's scaled integers, in any case: formatdomain, "memory". */
static bool memory_unit_bytes(const char *unit, uint64_t *ret)
{
	static const char letters[] = "KMGTPE";
	const char *letter = strchr(letters, g_ascii_toupper(*unit));
	uint64_t step;

	if (g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "bytes") == 0) {
		*ret = 1;
		return true;
	}
	if (*unit == '\0' || letter == NULL) {
		return false;
	}
	if (unit[1] == '\0' || g_ascii_strcasecmp(unit + 1, "iB") == 0) {
		step = 1024;
	} else if (g_ascii_strcasecmp(unit + 1, "B") == 0) {
		step = 1000;
	} else {
		return false;
	}
	*ret = 1;
	for (const char *at = letters; at <= letter; at++) {
		*ret *= step;
	}
	return true;
}

int domain_xml_bytes(const char *text, const char *unit, uint64_t *ret)
{
	uint64_t scale;

	return text != NULL && g_ascii_string_to_unsigned(text, 10, 1, UINT64_MAX, ret, NULL) &&
			       memory_unit_bytes(unit == NULL ? "KiB" : unit, &scale) &&
			       !__builtin_mul_overflow(*ret, scale, ret)
		       ? 0
		       : -EINVAL;
}

int domain_xml_memory(xmlNodePtr domain, uint64_t *ret_bytes, struct err *err)
{
	xmlNodePtr memory = xml_tree_child(domain, "memory");
	const char *unit = xml_tree_attr(memory, "unit");
	const char *text = xml_tree_text(memory);

	if (memory == NULL) {
		return err_set(err, -EINVAL, "the domain has no <memory>");
	}
	if (domain_xml_bytes(text, unit, ret_bytes) < 0) {
		return err_set(
			err, -EINVAL,
			"<memory> is '%.40s' %.20s, not a number with one of libvirt's units",
			text == NULL ? "" : text, unit == NULL ? "KiB" : unit);
	}
	return 0;
}
