/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/async_call.h"
#include "cluster/cluster_node.h"
#include "cluster/fencer.h"
#include "cluster/pacemaker_compat.h"
#include "names/name_limits.h"
#include "process/process.h"
#include "xml/xml_tree.h"

#define CLIENT_NAME "lunmask"
#define FENCER_NAME "pacemaker-fence" /* pacemaker-fenced, as the kernel has it */
#define FENCER_TIMEOUT_S 20 /* of the thread that asks; what counts is the caller's deadline */

/* One question to Pacemaker, asked in a thread of its own. */
struct question {
	struct async_call call;
	int (*ask)(struct question *question);

	char node[NODE_NAME_MAX + 1]; /* input; for the local node's name: output */
	bool have_quorum;
	enum cluster_node_fate fate;
	struct cluster_fencings fencings;
	int devices;
	char *part; /* of the CIB, as XML */
	bool replied;
	bool informed; /* the reply held the information about the node */
	int rc;
	struct err err;
};

/* Abandoned: its thread may still be in Pacemaker's client libraries. NULL: there is none. */
static _Atomic(struct question *) abandoned;

static void question_run(struct async_call *call)
{
	struct question *question = (struct question *)call;

	question->rc = question->ask(question);
}

static void question_free(struct async_call *call)
{
	struct question *question = (struct question *)call;

	g_free(question->part);
	g_free(question);
}

static void question_release(struct question **question)
{
	async_call_release(*question == NULL ? NULL : &(*question)->call);
}
#define AUTO_QUESTION __attribute__((cleanup(question_release))) struct question *

static struct question *question_new(int (*ask)(struct question *question), const char *node)
{
	struct question *question = g_new0(struct question, 1);

	async_call_init(&question->call, question_run, question_free);
	question->ask = ask;
	(void)snprintf(question->node, sizeof(question->node), "%s", node);
	return question;
}

/* Waits until an abandoned question has left the libraries. */
static int abandoned_end(struct deadline deadline, struct err *err)
{
	struct question *before = atomic_exchange(&abandoned, NULL);

	if (before != NULL && !async_call_wait(&before->call, deadline)) {
		atomic_store(&abandoned, before);
		return err_set(err, -ENOTCONN, "Pacemaker has not answered an earlier question");
	}
	question_release(&before);
	return 0;
}

/* The question is the caller's to release. *ret is NULL if it was abandoned. */
static int question_put(int (*ask)(struct question *question), const char *node,
			struct deadline deadline, struct question **ret, struct err *err)
{
	struct question *question;
	int rc = abandoned_end(deadline, err);

	*ret = NULL;
	if (rc != 0) {
		return rc;
	}
	*ret = question = question_new(ask, node);
	rc = async_call_start(&question->call);
	if (rc != 0) {
		return err_set(err, rc, "no thread to ask Pacemaker: %s", strerror(-rc));
	}
	if (!async_call_wait(&question->call, deadline)) {
		*ret = NULL;
		atomic_store(&abandoned, question);
		return err_set(err, -ETIMEDOUT, "Pacemaker did not answer in time");
	}
	return question->rc < 0 ? err_set(err, question->rc, "%s", err_text(&question->err)) : 0;
}

static int node_check(const char *node, struct err *err)
{
	size_t length = strnlen(node, NODE_NAME_MAX + 1);

	/* The name goes into an XPath expression. */
	if (length == 0 || length > NODE_NAME_MAX || strpbrk(node, "'\"<>&/[]") != NULL) {
		return err_set(err, -EINVAL, "'%.64s' is not a node's name", node);
	}
	return 0;
}

/* The controller: quorum and this node's name */

static void controller_event(pcmk_ipc_api_t *api, enum pcmk_ipc_event type, crm_exit_t status,
			     void *data, void *user)
{
	struct question *question = user;
	const pcmk_controld_api_reply_t *reply = data;

	(void)api;
	if (type != pcmk_ipc_event_reply || status != CRM_EX_OK || reply == NULL) {
		return;
	}
	question->replied = true;
	if (reply->reply_type != pcmk_controld_reply_info) {
		return;
	}
	question->informed = true;
	question->have_quorum = reply->data.node_info.have_quorum;
	if (reply->data.node_info.uname != NULL) {
		(void)snprintf(question->node, sizeof(question->node), "%s",
			       reply->data.node_info.uname);
	}
}

static int info_request(pcmk_ipc_api_t *api, const struct question *question)
{
	(void)question;
	return pcmk_controld_api_node_info(api, 0);
}

static int reprobe_request(pcmk_ipc_api_t *api, const struct question *question)
{
	return pcmk_controld_api_reprobe(api, question->node, question->node);
}

static int controller_call(struct question *question,
			   int (*request)(pcmk_ipc_api_t *api, const struct question *question))
{
	pcmk_ipc_api_t *api = NULL;
	int rc = pcmk_new_ipc_api(&api, pcmk_ipc_controld);

	if (rc == pcmk_rc_ok) {
		pcmk_register_ipc_callback(api, controller_event, question);
		rc = pcmk_connect_ipc(api, pcmk_ipc_dispatch_sync);
	}
	if (rc == pcmk_rc_ok) {
		rc = request(api, question);
	}
	pcmk_free_ipc_api(api);
	if (rc != pcmk_rc_ok || !question->replied) {
		return err_set(&question->err, -ENOTCONN,
			       "the cluster's controller (pacemaker-controld) does not answer: %s",
			       rc == pcmk_rc_ok ? "no reply" : pcmk_rc_str(rc));
	}
	return 0;
}

static int controller_ask(struct question *question)
{
	int rc = controller_call(question, info_request);

	return rc == 0 && !question->informed
		       ? err_set(&question->err, -ENOTCONN,
				 "the cluster's controller (pacemaker-controld) has sent an "
				 "unexpected reply")
		       : rc;
}

static int reprobe_ask(struct question *question)
{
	return controller_call(question, reprobe_request);
}

int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = question_put(controller_ask, "", deadline, &question, err);

	if (rc < 0) {
		return err_prefix(err, rc, "quorum is not known");
	}
	*ret = question->have_quorum;
	return 0;
}

static int name_copy(const char *from, char *name, size_t size, struct err *err)
{
	if (*from == '\0') {
		return err_set(err, -ENOTCONN, "the controller does not know it yet");
	}
	if (strlen(from) >= size) {
		return err_set(err, -ENOBUFS, "'%s' is too long", from);
	}
	memcpy(name, from, strlen(from) + 1);
	return 0;
}

int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = question_put(controller_ask, "", deadline, &question, err);

	rc = rc < 0 ? rc : name_copy(question->node, name, size, err);
	return rc < 0 ? err_prefix(err, rc, "this node's name in the cluster is not known") : 0;
}

int cluster_reprobe(const char *node, struct deadline deadline, struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = node_check(node, err);

	rc = rc < 0 ? rc : question_put(reprobe_ask, node, deadline, &question, err);
	if (rc < 0) {
		return err_prefix(err, rc, "the cluster was not made to probe its resources again");
	}
	return 0;
}

/* The CIB */

/* A path that the CIB does not have is no error: *ret is then NULL. */
static int cib_query_xml(const char *path, int options, xmlNode **ret, struct err *err)
{
	cib_t *cib = cib_native_new();
	int rc;

	*ret = NULL;
	if (cib == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = cib->cmds->signon(cib, CLIENT_NAME, cib_query);
	if (rc == pcmk_ok) {
		rc = cib->cmds->query(cib, path, ret, cib_xpath | cib_sync_call | options);
		(void)cib->cmds->signoff(cib);
	}
	cib_delete(cib);
	if (rc != pcmk_ok && rc != -ENXIO) {
		return err_set(err, -ENOTCONN,
			       "the cluster's database (pacemaker-based) does not answer: %s",
			       pcmk_strerror(rc));
	}
	return 0;
}

/* The fate of a node */

static enum cluster_node_fate fate_from_xml(xmlNode *xml)
{
	const struct cluster_node_state state = {
		.in_ccm = xml_tree_attr(xml, "in_ccm"),
		.crmd = xml_tree_attr(xml, "crmd"),
		.expected = xml_tree_attr(xml, "expected"),
	};

	/* Several matches come in a wrapper. Names are unique, so then nothing is certain. */
	if (strcmp((const char *)xml->name, "node_state") != 0) {
		return CLUSTER_NODE_UNKNOWN;
	}
	return cluster_node_judge(&state);
}

static int fate_ask(struct question *question)
{
	char path[NODE_NAME_MAX + 64];
	xmlNode *xml;
	int rc;

	(void)snprintf(path, sizeof(path), "//status/node_state[@uname='%s']", question->node);
	rc = cib_query_xml(path, cib_no_children, &xml, &question->err);
	question->fate = xml != NULL ? fate_from_xml(xml) : CLUSTER_NODE_UNKNOWN;
	free_xml(xml);
	return rc;
}

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = node_check(node, err);

	rc = rc < 0 ? rc : question_put(fate_ask, node, deadline, &question, err);
	if (rc < 0) {
		return err_prefix(err, rc, "the state of node %s is not known", node);
	}
	*ret = question->fate;
	return 0;
}

/* The fencer */

static int fencer_age(void *data, pid_t pid, struct err *err)
{
	char name[PROCESS_NAME_MAX + 1];
	int64_t *age_ms = data;

	(void)err;
	process_name(pid, name);
	if (strcmp(name, FENCER_NAME) == 0) {
		*age_ms = process_age_ms(pid);
	}
	return 0;
}

static int fencer_ask(struct question *question)
{
	struct cluster_fencings *fencings = &question->fencings;
	int rc = fencer_fencings(CLIENT_NAME, question->node, FENCER_TIMEOUT_S, &fencings->count,
				 &fencings->last);

	(void)process_each(fencer_age, &fencings->age_ms, NULL);
	fencings->whole = fencings->age_ms >= CLUSTER_FENCER_SYNC_MS;
	return rc == pcmk_ok
		       ? 0
		       : err_set(&question->err, -ENOTCONN,
				 "the cluster's fencer (pacemaker-fenced) does not answer: %s",
				 pcmk_strerror(rc));
}

int cluster_node_fencings(const char *node, struct deadline deadline, struct cluster_fencings *ret,
			  struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = node_check(node, err);

	rc = rc < 0 ? rc : question_put(fencer_ask, node, deadline, &question, err);
	if (rc < 0) {
		return err_prefix(err, rc, "whether node %s was fenced is not known", node);
	}
	*ret = question->fencings;
	return 0;
}

static int devices_ask(struct question *question)
{
	int rc = fencer_devices(CLIENT_NAME, question->node, FENCER_TIMEOUT_S, &question->devices);

	return rc == pcmk_ok
		       ? 0
		       : err_set(&question->err, -ENOTCONN,
				 "the cluster's fencer (pacemaker-fenced) does not answer: %s",
				 pcmk_strerror(rc));
}

int cluster_node_fence_devices(const char *node, struct deadline deadline, int *ret,
			       struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = node_check(node, err);

	rc = rc < 0 ? rc : question_put(devices_ask, node, deadline, &question, err);
	if (rc < 0) {
		return err_prefix(err, rc, "the fence devices of node %s are not known", node);
	}
	*ret = question->devices;
	return 0;
}

/* A part of the configuration */

static int xml_to_text(xmlNode *xml, char **ret, struct err *err)
{
	xmlBufferPtr buffer = xmlBufferCreate();

	if (buffer == NULL || xmlNodeDump(buffer, xml->doc, xml, 0, 0) < 0) {
		xmlBufferFree(buffer);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret = g_strdup((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return 0;
}

static int part_ask(struct question *question, const char *path)
{
	xmlNode *xml;
	int rc = cib_query_xml(path, 0, &xml, &question->err);

	if (rc == 0 && xml == NULL) {
		rc = err_set(&question->err, -ENOTCONN, "the cluster's database has none");
	}
	rc = rc < 0 ? rc : xml_to_text(xml, &question->part, &question->err);
	free_xml(xml);
	return rc;
}

static int resources_ask(struct question *question)
{
	return part_ask(question, "/cib/configuration/resources");
}

static int options_ask(struct question *question)
{
	return part_ask(question, "/cib/configuration/crm_config");
}

static int configuration_ask(struct question *question)
{
	return part_ask(question, "/cib/configuration");
}

static int cib_ask(struct question *question)
{
	return part_ask(question, "/cib");
}

static int part_get(int (*ask)(struct question *question), const char *what,
		    struct deadline deadline, char **ret_xml, struct err *err)
{
	AUTO_QUESTION question = NULL;
	int rc = question_put(ask, "", deadline, &question, err);

	if (rc < 0) {
		return err_prefix(err, rc, "the cluster's %s are not known", what);
	}
	*ret_xml = g_steal_pointer(&question->part);
	return 0;
}

int cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	return part_get(resources_ask, "resources", deadline, ret_xml, err);
}

int cluster_options(struct deadline deadline, char **ret_xml, struct err *err)
{
	return part_get(options_ask, "options", deadline, ret_xml, err);
}

int cluster_configuration(struct deadline deadline, char **ret_xml, struct err *err)
{
	return part_get(configuration_ask, "settings", deadline, ret_xml, err);
}

int cluster_cib(struct deadline deadline, char **ret_xml, struct err *err)
{
	return part_get(cib_ask, "settings and status", deadline, ret_xml, err);
}
