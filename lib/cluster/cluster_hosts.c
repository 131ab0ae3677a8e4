/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_hosts.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/cluster.h"
#include "cluster/cluster_node.h"
#include "cluster/cluster_vms.h"
#include "names/name.h"
#include "xml/xml_tree.h"

#define DEPTH_MAX 8 /* of nested resources; Pacemaker uses three levels */
#define MINUS_INFINITY (-1000000L)

static const struct xml_tree_kind cib_kind = {
	.owner = "Pacemaker", .root = "cib", .max_bytes = CLUSTER_RESOURCES_BYTES_MAX};

/* What is the same for all nodes. */
struct cib {
	xmlNodePtr options, nodes, resources, constraints, status;
	const char *resource;
};

static xmlNodePtr child(xmlNodePtr parent, const char *name)
{
	return parent == NULL ? NULL : xml_tree_child(parent, name);
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	return g_strcmp0(xml_tree_attr(node, name), value) == 0;
}

/* The value of the first nvpair of that name in these sets; NULL: none. Rules are not evaluated. */
static const char *value_find(xmlNodePtr of, const char *sets, const char *name)
{
	for (xmlNodePtr set = child(of, sets); set != NULL; set = xml_tree_next(set, sets)) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			if (attr_is(pair, "name", name)) {
				return xml_tree_attr(pair, "value");
			}
		}
	}
	return NULL;
}

static const char *option_find(const struct cib *cib, const char *name)
{
	return value_find(cib->options, "cluster_property_set", name);
}

/* As Pacemaker reads a boolean. */
static bool is_true(const char *value)
{
	static const char *const words[] = {"true", "on", "yes", "y", "1"};

	for (size_t i = 0; value != NULL && i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(value, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* INFINITY, in any of its spellings, or a number that counts as such. */
static bool is_infinite(const char *value, bool negative)
{
	if (value == NULL || *value == '\0') {
		return false;
	}
	if (g_ascii_strcasecmp(value, negative ? "-INFINITY" : "INFINITY") == 0 ||
	    (!negative && g_ascii_strcasecmp(value, "+INFINITY") == 0)) {
		return true;
	}
	return negative ? strtol(value, NULL, 10) <= MINUS_INFINITY
			: strtol(value, NULL, 10) >= -MINUS_INFINITY;
}

static void __attribute__((format(printf, 4, 5)))
found(struct cluster_host *host, enum cluster_obstacle obstacle, enum cluster_there there,
      const char *format, ...)
{
	char *text = host->obstacles[obstacle].text;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, CLUSTER_OBSTACLE_TEXT_MAX + 1, format, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++) {
		*c = g_ascii_iscntrl(*c) ? '?' : *c;
	}
	host->obstacles[obstacle].there = there;
}

static xmlNodePtr state_find(const struct cib *cib, const char *node)
{
	xmlNodePtr state = child(cib->status, "node_state");

	while (state != NULL && !attr_is(state, "uname", node)) {
		state = xml_tree_next(state, "node_state");
	}
	return state;
}

/* A transient attribute overrides a permanent one, as in Pacemaker. */
static const char *attribute_find(xmlNodePtr node, xmlNodePtr state, const char *name)
{
	const char *value =
		value_find(child(state, "transient_attributes"), "instance_attributes", name);

	return value != NULL ? value : value_find(node, "instance_attributes", name);
}

/* A member of what the cluster is made of, and its controller takes part. */
static void away_look(xmlNodePtr node, xmlNodePtr state, struct cluster_host *host)
{
	const struct cluster_node_state of = {
		.in_ccm = state == NULL ? NULL : xml_tree_attr(state, "in_ccm"),
		.crmd = state == NULL ? NULL : xml_tree_attr(state, "crmd"),
		.expected = state == NULL ? NULL : xml_tree_attr(state, "expected"),
	};
	const char *shutdown = attribute_find(node, state, "shutdown");

	if (state == NULL) {
		found(host, CLUSTER_AWAY, CLUSTER_THERE, "it has never joined");
		return;
	}
	switch (cluster_node_judge(&of)) {
	case CLUSTER_NODE_DOWN:
		found(host, CLUSTER_AWAY, CLUSTER_THERE, "it was stopped, or fenced");
		return;
	case CLUSTER_NODE_UNKNOWN:
		found(host, CLUSTER_AWAY, CLUSTER_THERE, "it was lost, and not fenced");
		return;
	case CLUSTER_NODE_UP: break;
	}
	if (!attr_is(state, "join", "member")) {
		found(host, CLUSTER_AWAY, CLUSTER_THERE, "it has not joined yet");
	} else if (shutdown != NULL && strtoll(shutdown, NULL, 10) != 0) {
		found(host, CLUSTER_AWAY, CLUSTER_THERE, "it is shutting down");
	}
}

static void rest_look(const struct cib *cib, xmlNodePtr node, xmlNodePtr state,
		      struct cluster_host *host)
{
	if (is_true(option_find(cib, "maintenance-mode"))) {
		found(host, CLUSTER_MAINTENANCE, CLUSTER_THERE, "maintenance-mode is set");
	} else if (is_true(attribute_find(node, state, "maintenance"))) {
		found(host, CLUSTER_MAINTENANCE, CLUSTER_THERE, "%s", "");
	}
	if (is_true(attribute_find(node, state, "standby"))) {
		found(host, CLUSTER_STANDBY, CLUSTER_THERE, "%s", "");
	}
}

/* Health */

/* Does the strategy keep everything away from a node that has this value? */
static bool health_bans(const struct cib *cib, const char *value)
{
	const char *strategy = option_find(cib, "node-health-strategy");
	const char *red = option_find(cib, "node-health-red");

	if (g_strcmp0(strategy, "only-green") == 0) {
		return strcmp(value, "red") == 0 || strcmp(value, "yellow") == 0;
	}
	if (g_strcmp0(strategy, "progressive") == 0) {
		return strcmp(value, "red") == 0 && (red == NULL || is_infinite(red, true));
	}
	return g_strcmp0(strategy, "migrate-on-red") == 0 && strcmp(value, "red") == 0;
}

static void health_look(const struct cib *cib, xmlNodePtr of, struct cluster_host *host)
{
	for (xmlNodePtr set = child(of, "instance_attributes"); set != NULL;
	     set = xml_tree_next(set, "instance_attributes")) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			const char *name = xml_tree_attr(pair, "name");
			const char *value = xml_tree_attr(pair, "value");

			if (name != NULL && value != NULL && g_str_has_prefix(name, "#health") &&
			    health_bans(cib, value)) {
				found(host, CLUSTER_UNHEALTHY, CLUSTER_THERE, "%.80s is %.20s",
				      name, value);
			}
		}
	}
}

/* Failures: fail-count-web1#start_0 */

static void failures_look(const struct cib *cib, xmlNodePtr state, struct cluster_host *host)
{
	g_autofree char *begin = g_strdup_printf("fail-count-%s#", cib->resource);

	for (xmlNodePtr set = child(child(state, "transient_attributes"), "instance_attributes");
	     set != NULL; set = xml_tree_next(set, "instance_attributes")) {
		for (xmlNodePtr pair = xml_tree_child(set, "nvpair"); pair != NULL;
		     pair = xml_tree_next(pair, "nvpair")) {
			const char *name = xml_tree_attr(pair, "name");

			if (name != NULL && g_str_has_prefix(name, begin) &&
			    is_infinite(xml_tree_attr(pair, "value"), false)) {
				found(host, CLUSTER_FAILED, CLUSTER_THERE,
				      "look at its log, then: crm_resource --cleanup -r %.60s -N "
				      "%.40s",
				      cib->resource, host->node);
			}
		}
	}
}

/* Constraints */

/* Is the element the resource, or does it hold it (a group, a clone)? */
static bool holds(xmlNodePtr element, const char *id, unsigned int depth)
{
	if (attr_is(element, "id", id)) {
		return true;
	}
	for (xmlNodePtr inner = xml_tree_child(element, NULL); depth < DEPTH_MAX && inner != NULL;
	     inner = xml_tree_next(inner, NULL)) {
		if (strcmp((const char *)inner->name, "primitive") == 0 ||
		    strcmp((const char *)inner->name, "group") == 0) {
			if (holds(inner, id, depth + 1)) {
				return true;
			}
		}
	}
	return false;
}

static bool is_of_resource(const struct cib *cib, const char *rsc)
{
	if (rsc == NULL) {
		return false;
	}
	for (xmlNodePtr top = child(cib->resources, NULL); top != NULL;
	     top = xml_tree_next(top, NULL)) {
		if (attr_is(top, "id", rsc)) {
			return holds(top, cib->resource, 0);
		}
	}
	return strcmp(rsc, cib->resource) == 0;
}

static void constraints_look(const struct cib *cib, struct cluster_host *host)
{
	const char *symmetric = option_find(cib, "symmetric-cluster");

	if (symmetric != NULL && !is_true(symmetric)) {
		found(host, CLUSTER_BANNED, CLUSTER_UNCLEAR,
		      "symmetric-cluster is off, so constraints decide, and they are not added up");
	}
	for (xmlNodePtr one = child(cib->constraints, "rsc_location"); one != NULL;
	     one = xml_tree_next(one, "rsc_location")) {
		if (is_of_resource(cib, xml_tree_attr(one, "rsc")) &&
		    g_ascii_strcasecmp(xml_tree_attr(one, "node") ?: "", host->node) == 0 &&
		    is_infinite(xml_tree_attr(one, "score"), true)) {
			found(host, CLUSTER_BANNED, CLUSTER_THERE, "%.150s",
			      xml_tree_attr(one, "id"));
		}
	}
}

static void host_look(const struct cib *cib, xmlNodePtr node, struct cluster_host *host)
{
	xmlNodePtr state = state_find(cib, host->node);

	for (size_t i = 0; i < CLUSTER_OBSTACLES; i++) {
		host->obstacles[i].there = CLUSTER_NOT_THERE;
	}
	away_look(node, state, host);
	rest_look(cib, node, state, host);
	health_look(cib, node, host);
	health_look(cib, child(state, "transient_attributes"), host);
	failures_look(cib, state, host);
	constraints_look(cib, host);
}

static bool is_host(xmlNodePtr node)
{
	const char *type = xml_tree_attr(node, "type");
	const char *name = xml_tree_attr(node, "uname");

	return (type == NULL || strcmp(type, "member") == 0) && name != NULL &&
	       strlen(name) <= NODE_NAME_MAX && text_is_printable(name);
}

static int hosts_look(const struct cib *cib, struct cluster_hosts *ret, struct err *err)
{
	for (xmlNodePtr node = child(cib->nodes, "node"); node != NULL;
	     node = xml_tree_next(node, "node")) {
		struct cluster_host *host = &ret->hosts[ret->count];

		if (!is_host(node)) {
			continue;
		}
		if (ret->count == CLUSTER_HOSTS_MAX) {
			return err_set(err, -E2BIG, "the cluster has more than %d nodes",
				       CLUSTER_HOSTS_MAX);
		}
		(void)strcpy(host->node, xml_tree_attr(node, "uname"));
		host_look(cib, node, host);
		ret->count++;
	}
	return 0;
}

int cluster_hosts_parse(const char *xml, size_t bytes, const char *resource,
			struct cluster_hosts *ret, struct err *err)
{
	struct cib cib = {.resource = resource};
	AUTO_XML doc = NULL;
	xmlNodePtr configuration;
	int rc;

	*ret = (struct cluster_hosts){.hosts = NULL};
	rc = xml_tree_parse(xml, bytes, &cib_kind, &doc, err);
	if (rc < 0) {
		return rc;
	}
	configuration = xml_tree_child(xmlDocGetRootElement(doc), "configuration");
	cib.status = xml_tree_child(xmlDocGetRootElement(doc), "status");
	cib.options = child(configuration, "crm_config");
	cib.nodes = child(configuration, "nodes");
	cib.resources = child(configuration, "resources");
	cib.constraints = child(configuration, "constraints");
	ret->hosts = g_new0(struct cluster_host, CLUSTER_HOSTS_MAX + 1);
	rc = hosts_look(&cib, ret, err);
	if (rc < 0) {
		cluster_hosts_release(ret);
	}
	return rc;
}

int cluster_hosts_get(const char *resource, struct deadline deadline, struct cluster_hosts *ret,
		      struct err *err)
{
	g_autofree char *xml = NULL;
	int rc = cluster_cib(deadline, &xml, err);

	return rc < 0 ? rc : cluster_hosts_parse(xml, strlen(xml), resource, ret, err);
}

void cluster_hosts_release(struct cluster_hosts *hosts)
{
	g_free(hosts->hosts);
	*hosts = (struct cluster_hosts){.hosts = NULL};
}
