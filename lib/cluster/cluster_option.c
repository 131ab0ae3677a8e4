/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_option.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cluster/cluster.h"
#include "xml/xml_tree.h"

#define CRM_CONFIG_BYTES_MAX (16u * 1024 * 1024)

/* The newer name first: it takes precedence. */
#define NAMES 2
static const char *const names[CLUSTER_OPTIONS][NAMES] = {
	[CLUSTER_FENCING_ENABLED] = {"fencing-enabled", "stonith-enabled"},
	[CLUSTER_FENCING_ACTION] = {"fencing-action", "stonith-action"},
	[CLUSTER_FENCING_TIMEOUT] = {"fencing-timeout", "stonith-timeout"},
	[CLUSTER_FENCING_WATCHDOG_TIMEOUT] = {"fencing-watchdog-timeout",
					      "stonith-watchdog-timeout"},
};

static const struct xml_tree_kind crm_config = {
	.owner = "Pacemaker", .root = "crm_config", .max_bytes = CRM_CONFIG_BYTES_MAX};

/* Its value, or NULL. */
static const char *value_find(xmlNodePtr root, const char *name)
{
	for (xmlNodePtr set = xml_tree_child(root, "cluster_property_set"); set != NULL;
	     set = xml_tree_next(set, "cluster_property_set")) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			if (g_strcmp0(xml_tree_attr(pair, "name"), name) == 0) {
				return xml_tree_attr(pair, "value");
			}
		}
	}
	return NULL;
}

int cluster_option_parse(const char *xml, size_t bytes, enum cluster_option option,
			 struct cluster_option_setting *ret, struct err *err)
{
	AUTO_XML doc = NULL;
	int rc = xml_tree_parse(xml, bytes, &crm_config, &doc, err);

	*ret = (struct cluster_option_setting){0};
	for (size_t i = 0; rc == 0 && i < NAMES && !ret->set; i++) {
		const char *value = value_find(xmlDocGetRootElement(doc), names[option][i]);

		if (value != NULL) {
			ret->set = true;
			(void)snprintf(ret->name, sizeof(ret->name), "%s", names[option][i]);
			(void)snprintf(ret->value, sizeof(ret->value), "%s", value);
		}
	}
	return rc;
}

int cluster_option_get(enum cluster_option option, struct deadline deadline,
		       struct cluster_option_setting *ret, struct err *err)
{
	g_autofree char *xml = NULL;
	int rc = cluster_options(deadline, &xml, err);

	return rc != 0 ? rc : cluster_option_parse(xml, strlen(xml), option, ret, err);
}

bool cluster_option_is_off(const struct cluster_option_setting *setting)
{
	static const char *const words[] = {"false", "off", "no", "n", "0"};

	for (size_t i = 0; setting->set && i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(setting->value, words[i]) == 0) {
			return true;
		}
	}
	return false;
}
