/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_vms.h"

#include <glib.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "cluster/cluster.h"
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
	{"hypervisor", offsetof(struct cluster_vm, hypervisor)},
	{"migration_transport", offsetof(struct cluster_vm, migration_transport)},
	{"migration_network_suffix", offsetof(struct cluster_vm, migration_network_suffix)},
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

static bool is_vm(xmlNodePtr node)
{
	return strcmp(attr(node, "class"), "ocf") == 0 &&
	       strcmp(attr(node, "provider"), "lunmask") == 0 &&
	       strcmp(attr(node, "type"), "VirtualMachine") == 0;
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

/*
 * Returns the index of the parameter that the pair sets, or G_N_ELEMENTS(parameters) for any other.
 */
static size_t parameter_of(xmlNodePtr pair)
{
	size_t i = 0;

	while (i < G_N_ELEMENTS(parameters) &&
	       strcmp(attr(pair, "name"), parameters[i].name) != 0) {
		i++;
	}
	return i;
}

/*
 * Adds the values of a set that vm does not have yet. here: set by this resource, or by its
 * template.
 */
static int set_add(xmlNodePtr set, struct cluster_vm *vm, bool here[], const char **ret_unclear)
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
			*value = strdup(attr(pair, "value"));
			if (*value == NULL) {
				return -ENOMEM;
			}
		}
		here[i] = true;
	}
	return 0;
}

/* *ret_unclear: why the values are not known. */
static int values_add(xmlNodePtr of, struct cluster_vm *vm, const char **ret_unclear)
{
	bool here[G_N_ELEMENTS(parameters)] = {false};
	int rc = 0;

	for (xmlNodePtr set = xml_tree_child(of, "instance_attributes");
	     rc == 0 && set != NULL && *ret_unclear == NULL;
	     set = xml_tree_next(set, "instance_attributes")) {
		rc = set_add(set, vm, here, ret_unclear);
	}
	return rc;
}

static void vm_clear(struct cluster_vm *vm)
{
	free(vm->resource);
	free(vm->unclear);
	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		free(*field(vm, &parameters[i]));
	}
	*vm = (struct cluster_vm){0};
}

/* The rule of the agent's parameter vm. */
static bool vm_name_valid(const char *name)
{
	return name_valid(name, VM_NAME_MAX, "._-");
}

/* A VM that the agent would refuse is not looked at either. */
static int vm_check(struct cluster_vm *vm, const char *unclear)
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
	if (unclear == NULL) {
		return 0;
	}
	if (vm->vm != NULL && !vm_name_valid(vm->vm)) {
		free(vm->vm);
		vm->vm = NULL;
	}
	vm->unclear = strdup(unclear);
	return vm->unclear == NULL ? -ENOMEM : 0;
}

static int vm_fill(xmlNodePtr primitive, xmlNodePtr template, struct cluster_vm *ret)
{
	const char *unclear = NULL;
	int rc;

	ret->resource = strdup(attr(primitive, "id"));
	rc = ret->resource == NULL ? -ENOMEM : values_add(primitive, ret, &unclear);
	if (rc == 0 && unclear == NULL && template != NULL) {
		rc = values_add(template, ret, &unclear);
	}
	return rc == 0 ? vm_check(ret, unclear) : rc;
}

static int vm_add(xmlNodePtr resources, xmlNodePtr primitive, struct cluster_vms *vms,
		  struct err *err)
{
	xmlNodePtr template = template_find(resources, primitive);
	struct cluster_vm *grown;
	int rc;

	if (!is_vm(template != NULL ? template : primitive)) {
		return 0;
	}
	if (vms->count == CLUSTER_VMS_MAX) {
		return err_set(err, -E2BIG, "the cluster has more than %d VMs", CLUSTER_VMS_MAX);
	}
	grown = reallocarray(vms->vms, vms->count + 1, sizeof(*grown));
	if (grown == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vms->vms = grown;
	grown[vms->count] = (struct cluster_vm){0};
	rc = vm_fill(primitive, template, &grown[vms->count++]);
	return rc == 0 ? 0 : err_set(err, rc, "out of memory");
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
	char *xml;
	int rc = cluster_resources(deadline, &xml, err);

	if (rc != 0) {
		return rc;
	}
	rc = cluster_vms_parse(xml, strlen(xml), ret, err);
	free(xml);
	return rc;
}

void cluster_vms_release(struct cluster_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		vm_clear(&vms->vms[i]);
	}
	free(vms->vms);
	*vms = (struct cluster_vms){0};
}
