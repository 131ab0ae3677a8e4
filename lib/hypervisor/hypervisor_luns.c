/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_luns.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"
#include "names/unit_name.h"

#define PLUGGED "plugged"

/* One line for each active domain: its name, a tab, and its mapping without line ends. */
static void mapping_append(GString *lines, virDomainPtr domain)
{
	const char *name = virDomainGetName(domain);
	char *mapping = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, MAPPING_NAMESPACE,
					     VIR_DOMAIN_AFFECT_LIVE);

	if (name != NULL && mapping != NULL) {
		(void)g_strdelimit(mapping, "\n", ' ');
		g_string_append_printf(lines, "%s\t%s\n", name, mapping);
	}
	free(mapping);
}

/* The same for each disk that a LogicalUnit has plugged in, as if it had a mapping of its own. */
static void plugged_add(GString *lines, const char *name, const char *definition)
{
	AUTO_XML doc = NULL;
	xmlNodePtr disk;

	if (domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return;
	}
	disk = xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), "disk");
	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
		const char *alias = xml_tree_attr(xml_tree_child(disk, "alias"), "name");
		char array[LUN_NAME_MAX + 1];
		char lun[LUN_NAME_MAX + 1];

		if (target != NULL && drive_target_valid(target) &&
		    unit_alias_parse(alias, array, lun)) {
			g_string_append_printf(lines,
					       "%s\t<mapping array='%s'><" PLUGGED
					       " lun='%s' target='%s'/>"
					       "</mapping>\n",
					       name, array, lun, target);
		}
	}
}

/* A definition that is not understood must not hide what the domain uses. -errno. */
static int plugged_append(GString *lines, virDomainPtr domain, struct hypervisor_call *call)
{
	const char *name = virDomainGetName(domain);
	char *definition = name == NULL ? NULL : virDomainGetXMLDesc(domain, 0);
	int rc = 0;

	if (definition != NULL && strstr(definition, UNIT_ALIAS_PREFIX) != NULL) {
		plugged_add(lines, name, definition);
	} else if (definition == NULL && virDomainIsActive(domain) == 1) {
		rc = hypervisor_call_failed(call);
	}
	free(definition);
	return rc;
}

/* A domain that ends meanwhile has no mapping, and uses no LUN. */
static int mappings_run(struct hypervisor_call *call)
{
	virDomainPtr *domains = NULL;
	GString *lines;
	int n = virConnectListAllDomains(call->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	int rc = 0;

	if (n < 0) {
		return hypervisor_call_failed(call);
	}
	lines = g_string_new(NULL);
	for (int i = 0; i < n; i++) {
		mapping_append(lines, domains[i]);
		rc = rc != 0 ? rc : plugged_append(lines, domains[i], call);
		(void)virDomainFree(domains[i]);
	}
	free(domains);
	call->result = g_string_free(lines, FALSE);
	return rc;
}

static bool element_names(xmlNodePtr element, const char *lun)
{
	xmlChar *name = xmlGetNoNsProp(element, BAD_CAST "lun");
	bool same = name != NULL && strcmp((const char *)name, lun) == 0;

	xmlFree(name);
	return same;
}

static bool mapping_names(xmlNodePtr mapping, const char *array, const char *lun)
{
	const char *of = xml_tree_attr(mapping, "array");

	if (of == NULL || strcmp(of, array) != 0) {
		return false;
	}
	for (xmlNodePtr child = mapping->children; child != NULL; child = child->next) {
		if (child->type == XML_ELEMENT_NODE && element_names(child, lun)) {
			return true;
		}
	}
	return false;
}

/* Returns the index of the first LUN that the text of a mapping names, or n_luns. */
static size_t lun_named(const char *text, const char *array, const char *const *luns, size_t n_luns)
{
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
				      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	size_t i = doc == NULL ? n_luns : 0;

	while (i < n_luns && !mapping_names(xmlDocGetRootElement(doc), array, luns[i])) {
		i++;
	}
	xmlFreeDoc(doc);
	return i;
}

static void use_find(char *lines, const char *array, const char *const *luns, size_t n_luns,
		     const char *except, struct hypervisor_lun_use *ret)
{
	char *line;

	while (ret->vm[0] == '\0' && (line = strsep(&lines, "\n")) != NULL) {
		const char *name = strsep(&line, "\t");

		if (line == NULL || strcmp(name, except) == 0) {
			continue;
		}
		ret->lun = lun_named(line, array, luns, n_luns);
		if (ret->lun < n_luns) {
			(void)g_strlcpy(ret->vm, name, sizeof(ret->vm));
		}
	}
}

int hypervisor_lun_use(struct hypervisor *hypervisor, const char *array, const char *const *luns,
		       size_t n_luns, const char *except, struct deadline deadline,
		       struct hypervisor_lun_use *ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, mappings_run, NULL, &rc, err);

	*ret = (struct hypervisor_lun_use){.lun = 0};
	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "list of domains", deadline, err);
	if (rc == 0) {
		use_find(call->result, array, luns, n_luns, except, ret);
	}
	return rc;
}

/* The <plugged> of this line with that LUN; its target. NULL: none. g_free(). */
static char *plugged_target(const char *text, const char *array, const char *lun)
{
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
				      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNodePtr mapping = doc == NULL ? NULL : xmlDocGetRootElement(doc);
	xmlNodePtr plugged = mapping == NULL ? NULL : xml_tree_child(mapping, PLUGGED);
	char *target = plugged != NULL && mapping_names(mapping, array, lun)
			       ? g_strdup(xml_tree_attr(plugged, "target"))
			       : NULL;

	xmlFreeDoc(doc);
	return target;
}

static void plug_find(char *lines, const char *array, const char *lun, struct hypervisor_plug *ret)
{
	char *line;

	while (ret->vm[0] == '\0' && (line = strsep(&lines, "\n")) != NULL) {
		const char *name = strsep(&line, "\t");
		g_autofree char *target = line == NULL ? NULL : plugged_target(line, array, lun);

		if (target != NULL) {
			(void)g_strlcpy(ret->vm, name, sizeof(ret->vm));
			(void)g_strlcpy(ret->target, target, sizeof(ret->target));
		}
	}
}

int hypervisor_plug_find(struct hypervisor *hypervisor, const char *array, const char *lun,
			 struct deadline deadline, struct hypervisor_plug *ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, mappings_run, NULL, &rc, err);

	*ret = (struct hypervisor_plug){.vm = ""};
	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "list of domains", deadline, err);
	if (rc == 0) {
		plug_find(call->result, array, lun, ret);
	}
	return rc;
}
