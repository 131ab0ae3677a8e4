/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/check/doctor_cib.h"

#include <glib.h>

#include "cluster/pacemaker_compat.h"
#include "xml/xml_tree.h"

#define DEPTH_MAX 8 /* of nested resources; Pacemaker uses three levels */

static const struct xml_tree_kind configuration = {
	.owner = "Pacemaker", .root = "configuration", .max_bytes = DOCTOR_CIB_BYTES_MAX};

int64_t doctor_cib_time_ms(const char *text)
{
	return pacemaker_time_ms(text);
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	return g_strcmp0(xml_tree_attr(node, name), value) == 0;
}

/* The value of the first nvpair of that name in the sets of this kind; NULL if there is none. */
static const char *value_find(xmlNodePtr of, const char *sets, const char *name)
{
	for (xmlNodePtr set = xml_tree_child(of, sets); set != NULL;
	     set = xml_tree_next(set, sets)) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			if (attr_is(pair, "name", name)) {
				return xml_tree_attr(pair, "value");
			}
		}
	}
	return NULL;
}

/* Where a VM's settings are looked for, in this order. Each may be NULL. */
struct places {
	xmlNodePtr primitive, template, defaults;
};

static const char *meta_find(const struct places *at, const char *name)
{
	const xmlNodePtr places[] = {at->primitive, at->template, at->defaults};
	const char *value = NULL;

	for (size_t i = 0; value == NULL && i < G_N_ELEMENTS(places); i++) {
		value = value_find(places[i], "meta_attributes", name);
	}
	return value;
}

/* An operation has its options as attributes, or as parameters of these two kinds. */
static const char *op_find(xmlNodePtr op, const char *name)
{
	const char *value = xml_tree_attr(op, name);

	value = value != NULL ? value : value_find(op, "meta_attributes", name);
	return value != NULL ? value : value_find(op, "instance_attributes", name);
}

static void ops_add(xmlNodePtr of, struct doctor_cib_vm *vm)
{
	xmlNodePtr op = xml_tree_child(xml_tree_child(of, "operations"), "op");

	for (; op != NULL && vm->n_ops < DOCTOR_CIB_OPS_MAX; op = xml_tree_next(op, "op")) {
		const char *name = xml_tree_attr(op, "name");

		if (name != NULL) {
			vm->ops[vm->n_ops++] = (struct doctor_cib_op){
				.name = name,
				.timeout = op_find(op, "timeout"),
				.on_fail = op_find(op, "on-fail"),
				.level = op_find(op, "OCF_CHECK_LEVEL"),
			};
		}
	}
}

static bool is_vm(xmlNodePtr node)
{
	return attr_is(node, "class", "ocf") && attr_is(node, "provider", "lunmask") &&
	       attr_is(node, "type", "VirtualMachine");
}

static xmlNodePtr template_find(xmlNodePtr resources, xmlNodePtr primitive)
{
	const char *id = xml_tree_attr(primitive, "template");
	xmlNodePtr node = id == NULL ? NULL : xml_tree_child(resources, "template");

	while (node != NULL && !attr_is(node, "id", id)) {
		node = xml_tree_next(node, "template");
	}
	return node;
}

static void vm_add(xmlNodePtr resources, xmlNodePtr primitive, xmlNodePtr defaults,
		   struct doctor_cib *cib)
{
	struct places at = {.primitive = primitive,
			    .template = template_find(resources, primitive),
			    .defaults = defaults};
	struct doctor_cib_vm *vm;

	if (!is_vm(at.template != NULL ? at.template : primitive)) {
		return;
	}
	cib->vms = g_renew(struct doctor_cib_vm, cib->vms, cib->n_vms + 1);
	vm = &cib->vms[cib->n_vms++];
	*vm = (struct doctor_cib_vm){
		.resource = xml_tree_attr(primitive, "id"),
		.allow_migrate = meta_find(&at, "allow-migrate"),
		.multiple_active = meta_find(&at, "multiple-active"),
		.requirement = meta_find(&at, "requires"),
	};
	ops_add(primitive, vm);
	if (vm->n_ops == 0) { /* Pacemaker takes those of one of the two */
		ops_add(at.template, vm);
	}
}

static void vms_add(xmlNodePtr resources, xmlNodePtr parent, xmlNodePtr defaults,
		    unsigned int depth, struct doctor_cib *cib)
{
	for (xmlNodePtr node = xml_tree_child(parent, NULL); node != NULL;
	     node = xml_tree_next(node, NULL)) {
		if (g_strcmp0((const char *)node->name, "primitive") == 0) {
			vm_add(resources, node, defaults, cib);
		} else if (g_strcmp0((const char *)node->name, "template") != 0 &&
			   depth < DEPTH_MAX) {
			vms_add(resources, node, defaults, depth + 1, cib);
		}
	}
}

/* A node without a name, or a remote one, has no corosync: it can hold no VM of ours. */
static void nodes_add(xmlNodePtr nodes, struct doctor_cib *cib)
{
	xmlNodePtr node = xml_tree_child(nodes, "node");

	for (; node != NULL; node = xml_tree_next(node, "node")) {
		const char *type = xml_tree_attr(node, "type");
		const char *name = xml_tree_attr(node, "uname");

		if (name != NULL &&
		    (type == NULL || g_str_equal(type, "member") || g_str_equal(type, "normal"))) {
			cib->nodes = g_renew(const char *, cib->nodes, cib->n_nodes + 1);
			cib->nodes[cib->n_nodes++] = name;
		}
	}
}

int doctor_cib_parse(const char *xml, size_t bytes, struct doctor_cib *ret, struct err *err)
{
	int rc = xml_tree_parse(xml, bytes, &configuration, &ret->doc, err);
	xmlNodePtr root = rc == 0 ? xmlDocGetRootElement(ret->doc) : NULL;
	xmlNodePtr resources;

	if (rc < 0) {
		return rc;
	}
	resources = xml_tree_child(root, "resources");
	ret->dc_version = value_find(xml_tree_child(root, "crm_config"), "cluster_property_set",
				     "dc-version");
	ret->op_timeout =
		value_find(xml_tree_child(root, "op_defaults"), "meta_attributes", "timeout");
	nodes_add(xml_tree_child(root, "nodes"), ret);
	vms_add(resources, resources, xml_tree_child(root, "rsc_defaults"), 0, ret);
	return 0;
}

void doctor_cib_release(struct doctor_cib *cib)
{
	g_free(cib->nodes);
	g_free(cib->vms);
	xml_tree_free(&cib->doc);
	*cib = (struct doctor_cib){0};
}
