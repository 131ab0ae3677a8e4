/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_definition.h"

#include <string.h>

#include "xml/xml_tree.h"

static const struct xml_tree_kind capabilities_kind = {
	.owner = "libvirt",
	.root = "domainCapabilities",
	.max_bytes = 4u * 1024 * 1024,
};

static const char *attr_or(xmlNodePtr node, const char *name, const char *fallback)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL ? text : fallback;
}

static xmlNodePtr tpm_of(xmlNodePtr domain)
{
	return xml_tree_child(xml_tree_child(domain, "devices"), "tpm");
}

/* The TPM of a host cannot move, and one of version 1.2 has another state. */
static int check_kind(xmlNodePtr tpm, struct err *err)
{
	xmlNodePtr backend = xml_tree_child(tpm, "backend");
	const char *type = attr_or(backend, "type", "none");
	const char *version = attr_or(backend, "version", "2.0");
	const char *model = attr_or(tpm, "model", "tpm-tis");

	if (strcmp(type, "emulator") != 0) {
		return err_set(err, -EINVAL,
			       "<tpm><backend type='%.20s'> is refused: it is on one host; use "
			       "<backend type='emulator' version='2.0'/>",
			       type);
	}
	if (strcmp(version, "2.0") != 0) {
		return err_set(err, -EINVAL,
			       "<tpm><backend version='%.20s'> is refused: use version='2.0'",
			       version);
	}
	if (strcmp(model, "tpm-crb") != 0 && strcmp(model, "tpm-tis") != 0) {
		return err_set(err, -EINVAL,
			       "<tpm model='%.20s'> is refused: use tpm-crb or tpm-tis", model);
	}
	return 0;
}

int tpm_definition_check(xmlNodePtr domain, const struct drive *drive, struct err *err)
{
	xmlNodePtr tpm = tpm_of(domain);
	int rc = tpm == NULL ? 0 : check_kind(tpm, err);

	if (rc < 0) {
		return rc;
	}
	if (tpm != NULL && xml_tree_next(tpm, "tpm") != NULL) {
		return err_set(err, -EINVAL, "<devices> has <tpm> twice: remove one");
	}
	if (tpm != NULL && drive == NULL) {
		return err_set(err, -EINVAL,
			       "name a LUN for the state of the <tpm> in luns as " DRIVE_TPM
			       "=LUN (of 1 MiB or more), or remove the <tpm>");
	}
	return tpm != NULL || drive == NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "remove " DRIVE_TPM
				 "=%s from luns, or add a <tpm>: the guest has none",
				 drive->extent.lun);
}

int tpm_definition_pin(xmlNodePtr domain, struct err *err)
{
	xmlNodePtr backend = xml_tree_child(tpm_of(domain), "backend");

	return backend == NULL ||
			       (xmlSetProp(backend, BAD_CAST "version", BAD_CAST "2.0") != NULL &&
				xmlSetProp(backend, BAD_CAST "persistent_state", BAD_CAST "yes") !=
					NULL)
		       ? 0
		       : err_set(err, -ENOMEM, "out of memory");
}

static bool has_value(xmlNodePtr list, const char *wanted)
{
	xmlNodePtr value = xml_tree_child(list, "value");

	for (; value != NULL; value = xml_tree_next(value, "value")) {
		const char *text = xml_tree_text(value);

		if (text != NULL && strcmp(text, wanted) == 0) {
			return true;
		}
	}
	return false;
}

bool tpm_definition_possible(const char *capabilities)
{
	AUTO_XML doc = NULL;
	xmlNodePtr tpm, list;

	if (xml_tree_parse(capabilities, strlen(capabilities), &capabilities_kind, &doc, NULL) <
	    0) {
		return true;
	}
	tpm = xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), "tpm");
	list = xml_tree_child(tpm, "enum");
	while (list != NULL && !has_value(list, "emulator")) {
		list = xml_tree_next(list, "enum");
	}
	return tpm == NULL || list != NULL;
}
