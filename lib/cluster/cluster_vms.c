/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_vms.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include <libxml/parser.h>

#include "cluster/cluster.h"
#include "cluster/cluster_attribute.h"
#include "cluster/pacemaker_compat.h"
#include "names/lun.h"
#include "names/name.h"
#include "names/name_limits.h"
#include "xml/xml_tree.h"

#define DEPTH_MAX 8 /* of nested resources; Pacemaker uses three levels */

static const struct parameter {
	const char *name;
	size_t at; /* offset in struct cluster_vm */
} parameters[] = {
	{"vm", offsetof(struct cluster_vm, vm)},
	{"array", offsetof(struct cluster_vm, array)},
	{"luns", offsetof(struct cluster_vm, luns)},
	{"state_lun", offsetof(struct cluster_vm, state_lun)},
	{"config", offsetof(struct cluster_vm, config)},
	{"hypervisor", offsetof(struct cluster_vm, hypervisor)},
	{"migration_mode", offsetof(struct cluster_vm, migration_mode)},
	{"migration_transport", offsetof(struct cluster_vm, migration_transport)},
	{"migration_network_suffix", offsetof(struct cluster_vm, migration_network_suffix)},
	{"paths_required", offsetof(struct cluster_vm, paths_required)},
	{"lun", offsetof(struct cluster_vm, lun)},
	{"vm_map", offsetof(struct cluster_vm, vm_map)},
	{"preflight", offsetof(struct cluster_vm, preflight)},
};

static char **field(struct cluster_vm *vm, const struct parameter *parameter)
{
	return (char **)((char *)vm + parameter->at);
}

static const char *attr(xmlNodePtr node, const char *name)
{
	const char *value = xml_tree_attr(node, name);

	return value != NULL ? value : "";
}

static bool is_ours(xmlNodePtr node, const char *type)
{
	return strcmp(attr(node, "class"), "ocf") == 0 &&
	       strcmp(attr(node, "provider"), "lunmask") == 0 &&
	       strcmp(attr(node, "type"), type) == 0;
}

/* Returns the primitive's <template>, or NULL. */
static xmlNodePtr template_find(xmlNodePtr resources, xmlNodePtr primitive)
{
	const char *id = attr(primitive, "template");
	xmlNodePtr node = id[0] != '\0' ? xml_tree_child(resources, "template") : NULL;

	while (node != NULL && strcmp(attr(node, "id"), id) != 0) {
		node = xml_tree_next(node, "template");
	}
	return node;
}

/* Returns what in this set of parameters is not understood, or NULL. */
static const char *set_unclear(xmlNodePtr set)
{
	xmlNodePtr pair;

	if (xml_tree_child(set, "rule") != NULL) {
		return "its parameters depend on a rule";
	}
	if (xml_tree_attr(set, "id-ref") != NULL) {
		return "its parameters refer to another resource (id-ref)";
	}
	for (pair = xml_tree_child(set, "nvpair"); pair != NULL;
	     pair = xml_tree_next(pair, "nvpair")) {
		if (xml_tree_attr(pair, "id-ref") != NULL) {
			return "one of its parameters refers to another resource (id-ref)";
		}
	}
	return NULL;
}

/* The index of the parameter that the pair sets; G_N_ELEMENTS(parameters): another one. */
static size_t parameter_of(xmlNodePtr pair)
{
	size_t i = 0;

	while (i < G_N_ELEMENTS(parameters) &&
	       strcmp(attr(pair, "name"), parameters[i].name) != 0) {
		i++;
	}
	return i;
}

/* Adds the values that vm does not have yet. here: set by this resource, or by its template. */
static void set_add(xmlNodePtr set, struct cluster_vm *vm, bool here[], const char **ret_unclear)
{
	*ret_unclear = set_unclear(set);
	for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL && *ret_unclear == NULL;
	     pair = xml_tree_next(pair, "nvpair")) {
		size_t i = parameter_of(pair);
		char **value;

		if (i == G_N_ELEMENTS(parameters)) {
			continue;
		}
		value = field(vm, &parameters[i]);
		if (here[i]) {
			*ret_unclear = "a parameter is set twice";
		} else if (*value == NULL && attr(pair, "value")[0] != '\0') {
			*value = g_strdup(attr(pair, "value"));
		}
		here[i] = true;
	}
}

/* *ret_unclear: why the values are not known. */
static void values_add(xmlNodePtr of, struct cluster_vm *vm, const char **ret_unclear)
{
	bool here[G_N_ELEMENTS(parameters)] = {false};

	for (xmlNodePtr set = xml_tree_child(of, "instance_attributes");
	     set != NULL && *ret_unclear == NULL; set = xml_tree_next(set, "instance_attributes")) {
		set_add(set, vm, here, ret_unclear);
	}
}

static const char *const ops[] = {
	[CLUSTER_OP_START] = "start",
	[CLUSTER_OP_STOP] = "stop",
	[CLUSTER_OP_MIGRATE_TO] = "migrate_to",
	[CLUSTER_OP_MIGRATE_FROM] = "migrate_from",
};

const char *cluster_op_to_str(enum cluster_op op)
{
	return ops[op];
}

/* crm and pcs write it as an attribute; a meta attribute means the same. -1: there is none. */
static int64_t op_timeout_ms(xmlNodePtr op)
{
	const char *text = xml_tree_attr(op, "timeout");

	for (xmlNodePtr set = xml_tree_child(op, "meta_attributes"); text == NULL && set != NULL;
	     set = xml_tree_next(set, "meta_attributes")) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			if (strcmp(attr(pair, "name"), "timeout") == 0) {
				text = xml_tree_attr(pair, "value");
			}
		}
	}
	return text == NULL ? -1 : pacemaker_time_ms(text);
}

/* Adds the timeouts that vm does not have yet. */
static void timeouts_add(xmlNodePtr of, struct cluster_vm *vm)
{
	xmlNodePtr list = xml_tree_child(of, "operations");

	for (xmlNodePtr op = list == NULL ? NULL : xml_tree_child(list, "op"); op != NULL;
	     op = xml_tree_next(op, "op")) {
		for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
			if (strcmp(attr(op, "name"), ops[i]) == 0 && vm->timeouts_ms[i] < 0) {
				vm->timeouts_ms[i] = op_timeout_ms(op);
			}
		}
	}
}

#define META_UNCLEAR ""

/*
 * The value of a meta attribute, NULL where it is not set. META_UNCLEAR: a rule, a reference to
 * another set, or a second value may make it anything.
 */
static const char *meta_of(xmlNodePtr of, const char *name)
{
	const char *found = NULL;

	for (xmlNodePtr set = xml_tree_child(of, "meta_attributes"); set != NULL;
	     set = xml_tree_next(set, "meta_attributes")) {
		if (set_unclear(set) != NULL) {
			return META_UNCLEAR;
		}
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			const char *value = attr(pair, "value");

			if (strcmp(attr(pair, "name"), name) != 0) {
				continue;
			}
			if (found != NULL && g_ascii_strcasecmp(found, value) != 0) {
				return META_UNCLEAR;
			}
			found = value;
		}
	}
	return found;
}

/* The resource's own comes first, then its template's, then that of what it is in. */
static const char *meta_find(xmlNodePtr primitive, xmlNodePtr template, const char *name)
{
	const char *value = meta_of(primitive, name);

	if (value == NULL && template != NULL) {
		value = meta_of(template, name);
	}
	for (xmlNodePtr in = primitive->parent;
	     value == NULL && in != NULL && in->type == XML_ELEMENT_NODE; in = in->parent) {
		value = meta_of(in, name);
	}
	return value != NULL ? value : META_UNCLEAR;
}

static bool is_stopped(xmlNodePtr primitive, xmlNodePtr template)
{
	return g_ascii_strcasecmp(meta_find(primitive, template, "target-role"), "Stopped") == 0;
}

/* What Pacemaker takes for true. */
static bool may_migrate(xmlNodePtr primitive, xmlNodePtr template)
{
	static const char *const yes[] = {"true", "on", "yes", "y", "1"};
	const char *value = meta_find(primitive, template, "allow-migrate");

	for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
		if (g_ascii_strcasecmp(value, yes[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void vm_clear(struct cluster_vm *vm)
{
	g_free(vm->resource);
	g_free(vm->unclear);
	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		g_free(*field(vm, &parameters[i]));
	}
	*vm = (struct cluster_vm){0};
}

/* A VM that the agent would refuse is not looked at either. */
static void vm_check(struct cluster_vm *vm, const char *unclear)
{
	static const char *const transports[] = {"ssh", "tcp", "tls"};
	bool known = vm->migration_transport == NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(transports); i++) {
		known = known || strcmp(vm->migration_transport, transports[i]) == 0;
	}
	if (unclear == NULL && (vm->vm == NULL || !vm_name_valid(vm->vm))) {
		unclear = "its parameter vm is not a legal VM name";
	}
	if (unclear == NULL && !known) {
		unclear = "its parameter migration_transport is not ssh, tcp or tls";
	}
	if (vm->vm != NULL && !vm_name_valid(vm->vm)) {
		g_clear_pointer(&vm->vm, g_free);
	}
	vm->unclear = g_strdup(unclear);
}

static void unit_check(struct cluster_vm *unit, const char *unclear)
{
	if (unclear == NULL && (!lun_name_valid(unit->array) || !lun_name_valid(unit->lun))) {
		unclear = "its parameters array and lun are not both legal names";
	}
	unit->unclear = g_strdup(unclear);
}

static void vm_fill(xmlNodePtr primitive, xmlNodePtr template,
		    void (*check)(struct cluster_vm *vm, const char *unclear),
		    struct cluster_vm *ret)
{
	const char *unclear = NULL;

	ret->resource = g_strdup(attr(primitive, "id"));
	for (size_t i = 0; i < G_N_ELEMENTS(ret->timeouts_ms); i++) {
		ret->timeouts_ms[i] = -1;
	}
	timeouts_add(primitive, ret);
	if (template != NULL) {
		timeouts_add(template, ret);
	}
	ret->stopped = is_stopped(primitive, template);
	ret->migrates = may_migrate(primitive, template);
	values_add(primitive, ret, &unclear);
	if (unclear == NULL && template != NULL) {
		values_add(template, ret, &unclear);
	}
	check(ret, unclear);
}

/* The parameter name of an ocf:lunmask:ArrayPaths, or its default. */
static char *prefix_find(xmlNodePtr primitive)
{
	for (xmlNodePtr set = xml_tree_child(primitive, "instance_attributes"); set != NULL;
	     set = xml_tree_next(set, "instance_attributes")) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			if (strcmp(attr(pair, "name"), "name") == 0 && attr(pair, "value")[0]) {
				return g_strdup(attr(pair, "value"));
			}
		}
	}
	return g_strdup(CLUSTER_ATTRIBUTE_PREFIX);
}

/* Returns the new last one, or NULL: there are too many. */
static struct cluster_vm *row_add(struct cluster_vm **rows, size_t *count, const char *what,
				  struct err *err)
{
	if (*count == CLUSTER_VMS_MAX) {
		(void)err_set(err, -E2BIG, "the cluster has more than %d %s", CLUSTER_VMS_MAX,
			      what);
		return NULL;
	}
	*rows = g_renew(struct cluster_vm, *rows, *count + 1);
	(*rows)[*count] = (struct cluster_vm){0};
	return &(*rows)[(*count)++];
}

static int vm_add(xmlNodePtr resources, xmlNodePtr primitive, struct cluster_vms *vms,
		  struct err *err)
{
	xmlNodePtr template = template_find(resources, primitive);
	xmlNodePtr typed = template != NULL ? template : primitive;
	bool is_vm = is_ours(typed, "VirtualMachine");
	struct cluster_vm *row;

	if (is_ours(primitive, "ArrayPaths") && vms->paths_prefix == NULL) {
		vms->paths_prefix = prefix_find(primitive);
	}
	if (!is_vm && !is_ours(typed, "LogicalUnit")) {
		return 0;
	}
	row = is_vm ? row_add(&vms->vms, &vms->count, "VMs", err)
		    : row_add(&vms->units, &vms->n_units, "LogicalUnits", err);
	if (row == NULL) {
		return -E2BIG;
	}
	vm_fill(primitive, template, is_vm ? vm_check : unit_check, row);
	return 0;
}

static int primitives_add(xmlNodePtr resources, xmlNodePtr parent, unsigned int depth,
			  struct cluster_vms *vms, struct err *err)
{
	int rc = 0;

	for (xmlNodePtr node = xml_tree_child(parent, NULL); rc == 0 && node != NULL;
	     node = xml_tree_next(node, NULL)) {
		if (strcmp((const char *)node->name, "primitive") == 0) {
			rc = vm_add(resources, node, vms, err);
		} else if (strcmp((const char *)node->name, "template") != 0 && depth < DEPTH_MAX) {
			rc = primitives_add(resources, node, depth + 1, vms, err);
		}
	}
	return rc;
}

int cluster_vms_parse(const char *xml, size_t bytes, struct cluster_vms *ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr root;
	int rc;

	*ret = (struct cluster_vms){0};
	if (bytes > CLUSTER_RESOURCES_BYTES_MAX || memmem(xml, bytes, "<!DOCTYPE", 9) != NULL) {
		return err_set(err, -EINVAL,
			       "the cluster's resources are too long, or not plain XML");
	}
	doc = xmlReadMemory(xml, (int)bytes, NULL, NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	root = doc == NULL ? NULL : xmlDocGetRootElement(doc);
	if (root == NULL || strcmp((const char *)root->name, "resources") != 0) {
		return err_set(err, -EINVAL, "the cluster's resources are not XML");
	}
	rc = primitives_add(root, root, 0, ret, err);
	if (rc != 0) {
		cluster_vms_release(ret);
	}
	return rc;
}

int cluster_vms_get(struct deadline deadline, struct cluster_vms *ret, struct err *err)
{
	g_autofree char *xml = NULL;
	int rc = cluster_resources(deadline, &xml, err);

	return rc != 0 ? rc : cluster_vms_parse(xml, strlen(xml), ret, err);
}

void cluster_vms_release(struct cluster_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		vm_clear(&vms->vms[i]);
	}
	for (size_t i = 0; i < vms->n_units; i++) {
		vm_clear(&vms->units[i]);
	}
	g_free(vms->vms);
	g_free(vms->units);
	g_free(vms->paths_prefix);
	*vms = (struct cluster_vms){0};
}
