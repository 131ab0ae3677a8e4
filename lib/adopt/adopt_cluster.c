/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_cluster.h"

#include <glib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "cluster/cluster_vms.h"
#include "domain/domain_xml.h"
#include "vm/vm_lun_owner.h"

#define OTHER_AGENT "VirtualDomain"

static const struct xml_tree_kind resources_kind = {
	.owner = "Pacemaker", .root = "resources", .max_bytes = CLUSTER_RESOURCES_BYTES_MAX};

bool adopt_cluster_file_is_of(const char *file, const char *vm)
{
	g_autofree char *base = g_path_get_basename(file);
	g_autofree char *usual = g_strconcat(vm, ".xml", NULL);
	g_autofree char *text = NULL;
	gsize bytes = 0;
	AUTO_XML doc = NULL;
	const char *name;

	if (strcmp(base, usual) == 0) {
		return true;
	}
	if (!g_file_get_contents(file, &text, &bytes, NULL) ||
	    domain_xml_parse(text, bytes, &doc, NULL) != 0) {
		return false;
	}
	name = xml_tree_text(xml_tree_child(xmlDocGetRootElement(doc), "name"));
	return name != NULL && strcmp(name, vm) == 0;
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

static bool starts(xmlNodePtr primitive, const char *vm)
{
	xmlNodePtr set = xml_tree_child(primitive, "instance_attributes");

	for (; set != NULL; set = xml_tree_next(set, "instance_attributes")) {
		xmlNodePtr pair = xml_tree_child(set, "nvpair");

		for (; pair != NULL; pair = xml_tree_next(pair, "nvpair")) {
			const char *file = xml_tree_attr(pair, "value");

			if (attr_is(pair, "name", "config") && file != NULL &&
			    adopt_cluster_file_is_of(file, vm)) {
				return true;
			}
		}
	}
	return false;
}

/* The depth is limited by XML_TREE_DEPTH_MAX. */
static void collect(xmlNodePtr parent, const char *vm, GPtrArray *ret)
{
	xmlNodePtr node = xml_tree_child(parent, NULL);

	for (; node != NULL; node = xml_tree_next(node, NULL)) {
		const char *id = xml_tree_attr(node, "id");

		if (strcmp((const char *)node->name, "primitive") != 0) {
			collect(node, vm, ret);
		} else if (attr_is(node, "type", OTHER_AGENT) && starts(node, vm)) {
			g_ptr_array_add(ret, g_strdup(id != NULL ? id : "?"));
		}
	}
}

char **adopt_cluster_domains(const char *resources, const char *vm)
{
	AUTO_XML doc = NULL;
	GPtrArray *found;

	if (xml_tree_parse(resources, strlen(resources), &resources_kind, &doc, NULL) != 0) {
		return NULL;
	}
	found = g_ptr_array_new();
	collect(xmlDocGetRootElement(doc), vm, found);
	g_ptr_array_add(found, NULL);
	return (char **)g_ptr_array_free(found, FALSE);
}

static int domains_look(const char *vm, adopt_refusals *refusals, struct deadline deadline,
			struct err *err)
{
	g_auto(GStrv) ids = NULL;
	char *text = NULL;
	int rc = cluster_resources(deadline, &text, err);

	if (rc != 0) {
		return rc;
	}
	ids = adopt_cluster_domains(text, vm);
	g_free(text);
	if (ids == NULL) {
		return err_set(err, -EINVAL, "the cluster's resources cannot be read");
	}
	for (size_t i = 0; ids[i] != NULL; i++) {
		adopt_refuse(
			refusals,
			"remove resource %s from the cluster first: it is a VirtualDomain that "
			"starts this VM",
			ids[i]);
	}
	return 0;
}

static int own_look(const char *vm, adopt_refusals *refusals, struct deadline deadline,
		    struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	for (size_t i = 0; rc == 0 && i < vms.count; i++) {
		if (g_strcmp0(vms.vms[i].vm, vm) == 0) {
			adopt_refuse(refusals,
				     "remove resource %s from the cluster first: it is VM '%s' "
				     "already, on other LUNs",
				     vms.vms[i].resource, vm);
		}
	}
	if (rc == 0) {
		cluster_vms_release(&vms);
	}
	return rc;
}

/* Also LUNs that are only going to be made: their names. */
static void owners_look(struct vm_context *vm, adopt_refusals *refusals, struct deadline deadline)
{
	struct vm_context those = *vm;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < vm->adopt->n_taken && those.n_luns < VM_LUNS_MAX; i++) {
		those.lun_names[those.n_luns++] = vm->adopt->taken[i];
	}
	if (vm_lun_owner_check_new(&those, deadline, &err) != 0) {
		adopt_refuse(refusals, "%s", err_text(&err));
	}
}

int adopt_cluster_look(struct vm_context *vm, adopt_refusals *refusals, struct deadline deadline,
		       struct err *err)
{
	const char *name = vm->settings->vm;
	int rc = own_look(name, refusals, deadline, err);

	rc = rc != 0 ? rc : domains_look(name, refusals, deadline, err);
	if (rc == 0) {
		owners_look(vm, refusals, deadline);
	}
	return rc != 0 ? err_prefix(err, rc, "cannot see what the cluster has") : 0;
}
