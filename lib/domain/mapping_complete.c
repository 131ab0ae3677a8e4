/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "names/unit_name.h"

/*
 * What a host, or the moment, decides, and libvirt has filled in: it stays as it was written, and
 * is left out if it was not.
 */
static const struct {
	const char *parent; /* NULL: the domain */
	const char *element;
} as_written[] = {
	{NULL, "cpu"},      {NULL, "currentMemory"}, {NULL, "resource"},
	{NULL, "seclabel"}, {"devices", "emulator"}, {NULL, "vcpus"},
};

static xmlNodePtr parent_of(xmlNodePtr domain, const char *parent)
{
	return parent == NULL ? domain : xml_tree_child(domain, parent);
}

static void elements_remove(xmlNodePtr parent, const char *name)
{
	xmlNodePtr node;

	while ((node = xml_tree_child(parent, name)) != NULL) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static bool elements_copy(xmlNodePtr from, xmlNodePtr to, const char *name)
{
	xmlNodePtr node = xml_tree_child(from, name);

	for (; node != NULL; node = xml_tree_next(node, name)) {
		xmlNodePtr copy = xmlDocCopyNode(node, to->doc, 1);

		if (copy == NULL || xmlAddChild(to, copy) == NULL) {
			xmlFreeNode(copy);
			return false;
		}
	}
	return true;
}

static int written_keep(xmlNodePtr old, xmlNodePtr domain, struct err *err)
{
	for (size_t i = 0; i < G_N_ELEMENTS(as_written); i++) {
		xmlNodePtr from = parent_of(old, as_written[i].parent);
		xmlNodePtr to = parent_of(domain, as_written[i].parent);

		if (to == NULL) {
			return err_set(err, -EINVAL, "the definition has no <%s>",
				       as_written[i].parent);
		}
		elements_remove(to, as_written[i].element);
		if (!elements_copy(from, to, as_written[i].element)) {
			return err_set(err, -ENOMEM, "out of memory");
		}
	}
	return 0;
}

/* What a LogicalUnit has plugged in is no drive of the VM: the next boot is without it. */
static void units_remove(xmlNodePtr domain)
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");

	while (disk != NULL) {
		xmlNodePtr next = xml_tree_next(disk, "disk");
		const char *alias = xml_tree_attr(xml_tree_child(disk, "alias"), "name");
		char array[LUN_NAME_MAX + 1];
		char lun[LUN_NAME_MAX + 1];

		if (unit_alias_parse(alias, array, lun)) {
			xmlUnlinkNode(disk);
			xmlFreeNode(disk);
		}
		disk = next;
	}
}

/* libvirt keeps our metadata with the domain, so it says what the guest has booted from. */
static int revision_check(const struct mapping *old, xmlDocPtr made, struct err *err)
{
	uint64_t booted = domain_xml_revision(domain_xml_mapping(xmlDocGetRootElement(made)));

	return booted == old->revision ? 0
				       : err_set(err, -ESTALE,
						 "the guest runs with revision %" PRIu64
						 " of its definition, and takes revision %" PRIu64
						 " at its next boot",
						 booted, old->revision);
}

static int definition_merge(const struct mapping *old, const char *definition, char **ret,
			    struct err *err)
{
	AUTO_XML written = NULL;
	AUTO_XML made = NULL;
	int rc = domain_xml_parse(old->xml, strlen(old->xml), &written, err);

	rc = rc < 0 ? rc : domain_xml_parse(definition, strlen(definition), &made, err);
	rc = rc < 0 ? rc : revision_check(old, made, err);
	rc = rc < 0 ? rc
		    : written_keep(xmlDocGetRootElement(written), xmlDocGetRootElement(made), err);
	if (rc < 0) {
		return rc;
	}
	units_remove(xmlDocGetRootElement(made));
	return domain_xml_format(made, ret, err);
}

int mapping_complete(const struct mapping *old, const char *definition, const struct lun *luns,
		     size_t n_luns, struct mapping **ret, struct err *err)
{
	g_autofree struct drive *drives = g_new0(struct drive, old->n_drives);
	g_autofree char *xml = NULL;
	struct mapping_source source = {
		.vm = old->vm,
		.array = old->array,
		.drives = drives,
		.n_drives = old->n_drives,
		.state = &old->state.drive.extent,
		.luns = luns,
		.n_luns = n_luns,
		.complete = true,
		.revision = old->revision,
		.config = old->config,
	};
	struct mapping *mapping = NULL;
	int rc = definition_merge(old, definition, &xml, err);

	for (size_t i = 0; i < old->n_drives; i++) {
		drives[i] = old->drives[i].drive;
	}
	source.domain_xml = xml;
	rc = rc < 0 ? rc : mapping_build(&source, &mapping, err);
	if (rc == 0 && strcasecmp(mapping->uuid, old->uuid) != 0) {
		rc = err_set(err, -EUCLEAN, "the domain's uuid is %s, and the mapping file's is %s",
			     mapping->uuid, old->uuid);
		mapping_free(mapping);
	}
	if (rc == 0) {
		*ret = mapping;
	}
	return rc;
}
