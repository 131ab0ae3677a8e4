/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/firmware_definition.h"

#include <glib.h>
#include <string.h>

#include "xml/xml_tree.h"

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

bool firmware_keeps_variables(xmlNodePtr domain)
{
	xmlNodePtr os = xml_tree_child(domain, "os");
	xmlNodePtr loader = xml_tree_child(os, "loader");

	return (attr_is(os, "firmware", "efi") || attr_is(loader, "type", "pflash") ||
		xml_tree_child(os, "nvram") != NULL) &&
	       !attr_is(loader, "stateless", "yes");
}

void firmware_pin(xmlNodePtr domain)
{
	xmlNodePtr os = xml_tree_child(domain, "os");
	xmlNodePtr firmware = xml_tree_child(os, "firmware");

	if (xml_tree_text(xml_tree_child(os, "loader")) == NULL) {
		return;
	}
	(void)xmlUnsetProp(os, BAD_CAST "firmware");
	if (firmware != NULL) {
		xmlUnlinkNode(firmware);
		xmlFreeNode(firmware);
	}
}

int firmware_check_variables(xmlNodePtr domain, const struct drive *drive, struct err *err)
{
	xmlNodePtr nvram = xml_tree_child(xml_tree_child(domain, "os"), "nvram");
	const char *format = xml_tree_attr(nvram, "format");
	bool keeps = firmware_keeps_variables(domain);

	if (keeps && drive == NULL) {
		return err_set(err, -EINVAL,
			       "name a LUN for the UEFI variables in luns as " DRIVE_FLASH
			       "=LUN (of 540672 bytes for OVMF_VARS_4M.fd), or use <loader "
			       "stateless='yes'/>");
	}
	if (!keeps && drive != NULL) {
		return err_set(err, -EINVAL,
			       "remove " DRIVE_FLASH
			       "=%s from luns, or use <os firmware='efi'>: the "
			       "guest has no UEFI variables",
			       drive->extent.lun);
	}
	if (nvram != NULL && xml_tree_next(nvram, "nvram") != NULL) {
		return err_set(err, -EINVAL, "<os> has <nvram> twice: remove one");
	}
	if (drive != NULL && format != NULL && strcmp(format, "raw") != 0) {
		return err_set(err, -EINVAL,
			       "remove format='%.20s' from <nvram>, and choose a firmware whose "
			       "variables are raw: a LUN has them as they are",
			       format);
	}
	return 0;
}

xmlNodePtr firmware_take_nvram(xmlNodePtr domain)
{
	xmlNodePtr os = xml_tree_child(domain, "os");
	xmlNodePtr nvram = xml_tree_child(os, "nvram");

	if (nvram == NULL) {
		nvram = xmlNewChild(os, NULL, BAD_CAST "nvram", NULL);
	}
	while (nvram != NULL && nvram->children != NULL) {
		xmlNodePtr child = nvram->children;

		xmlUnlinkNode(child);
		xmlFreeNode(child);
	}
	return nvram != NULL && xmlSetProp(nvram, BAD_CAST "type", BAD_CAST "network") != NULL
		       ? nvram
		       : NULL;
}

static char **features_take(xmlNodePtr os)
{
	xmlNodePtr feature = xml_tree_child(xml_tree_child(os, "firmware"), "feature");
	GPtrArray *names = g_ptr_array_new();

	for (; feature != NULL; feature = xml_tree_next(feature, "feature")) {
		const char *name = xml_tree_attr(feature, "name");

		if (name != NULL && attr_is(feature, "enabled", "yes")) {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

void firmware_wish_get(xmlNodePtr domain, struct firmware_wish *ret)
{
	xmlNodePtr os = xml_tree_child(domain, "os");

	ret->executable = g_strdup(xml_tree_text(xml_tree_child(os, "loader")));
	ret->template = g_strdup(xml_tree_attr(xml_tree_child(os, "nvram"), "template"));
	ret->features = features_take(os);
}

void firmware_wish_release(struct firmware_wish *wish)
{
	g_free(wish->executable);
	g_free(wish->template);
	g_strfreev(wish->features);
	*wish = (struct firmware_wish){.executable = NULL};
}
