/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"

/* Sets the size of each element of that name in our <mapping>. 1: one has grown. */
static int sizes_set(xmlNodePtr ours, const char *element, const struct lun *luns, size_t n_luns)
{
	xmlNodePtr node = domain_xml_ours(xml_tree_child(ours, NULL), element);
	int grown = 0;

	for (; node != NULL; node = domain_xml_ours(xml_tree_next(node, NULL), element)) {
		const struct lun *lun = luns_find(luns, n_luns, xml_tree_attr(node, "lun"));
		uint64_t noted = 0;
		char text[24];

		if (lun == NULL || xml_tree_attr_u64(node, "size", &noted, NULL) < 0 ||
		    lun->size_bytes <= noted) {
			continue;
		}
		(void)snprintf(text, sizeof(text), "%" PRIu64, lun->size_bytes);
		if (xmlSetProp(node, BAD_CAST "size", BAD_CAST text) == NULL) {
			return -ENOMEM;
		}
		grown = 1;
	}
	return grown;
}

int mapping_note_sizes(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct mapping **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	g_autofree char *xml = NULL;
	xmlNodePtr ours;
	int grown[2];
	int rc = domain_xml_parse(mapping->xml, strlen(mapping->xml), &doc, err);

	*ret = NULL;
	if (rc < 0) {
		return rc;
	}
	ours = domain_xml_mapping(xmlDocGetRootElement(doc));
	grown[0] = sizes_set(ours, "drive", luns, n_luns);
	grown[1] = sizes_set(ours, "state", luns, n_luns);
	if (grown[0] < 0 || grown[1] < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (grown[0] + grown[1] == 0) {
		return 0;
	}
	rc = domain_xml_format(doc, &xml, err);
	return rc < 0 ? rc : mapping_parse(xml, strlen(xml), ret, err);
}
