/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers/peer_ask.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "journal/journal.h"

/* Takes body, which may be NULL. */
static int ask(const char *node, enum journal_ask_kind kind, char *body, struct deadline deadline,
	       char **ret, size_t *ret_bytes, struct err *err)
{
	struct journal *journal = NULL;
	int rc = body == NULL ? err_set(err, -ENOMEM, "out of memory, or a name that is not UTF-8")
			      : journal_open(deadline, &journal, err);

	rc = rc < 0 ? rc : journal_ask(journal, node, kind, body, deadline, ret, ret_bytes, err);
	journal_close(journal);
	free(body);
	return rc < 0 ? err_prefix(err, rc, "no answer of %s", node) : 0;
}

/* Errors by which that node says that it could not look, or has not understood. */
static bool looked(int rc)
{
	return rc != -EINVAL && rc != -ENOMEM && rc != -ECONNREFUSED && rc != -ENOTCONN;
}

int peer_ask_verify(const char *node, const struct peer_probe_request *request,
		    struct deadline deadline, struct iscsi_portals *ret, int *ret_rc,
		    struct err *err)
{
	struct peer_probe_request named = *request;
	char *answer = NULL;
	size_t bytes = 0;
	int rc;

	*ret = (struct iscsi_portals){.n_good = 0};
	named.node = NULL; /* lunmaskd knows who it asks */
	named.timeout_ms = MAX(1, MIN(deadline_left_ms(deadline), PEER_PROBE_TIMEOUT_MAX_MS));
	rc = ask(node, JOURNAL_ASK_VERIFY, peer_probe_request_encode(&named), deadline, &answer,
		 &bytes, err);
	if (rc < 0) {
		return rc;
	}
	rc = peer_probe_answer_decode(answer, bytes, request->n_portals, ret, err);
	free(answer);
	if (rc == -EPROTO || !looked(rc)) {
		*ret = (struct iscsi_portals){.n_good = 0};
		return rc;
	}
	*ret_rc = rc < 0 ? err_prefix(err, rc, "host %s", request->initiator) : 0;
	return 0;
}

static int reply_get(const char *node, enum journal_ask_kind kind, char *body,
		     struct deadline deadline, struct peer_reply *ret, struct err *err)
{
	char *answer = NULL;
	size_t bytes = 0;
	int rc = ask(node, kind, body, deadline, &answer, &bytes, err);

	if (rc < 0) {
		return rc;
	}
	rc = peer_reply_decode(answer, bytes, ret, err);
	free(answer);
	if (rc == 0 && (!looked(ret->rc) || ret->rc == -ETIMEDOUT)) {
		return err_set(err, ret->rc, "%s: %s", node, ret->text);
	}
	return rc;
}

int peer_ask_domain(const char *node, const char *vm, struct deadline deadline,
		    struct peer_reply *ret, struct err *err)
{
	int rc = reply_get(node, JOURNAL_ASK_DOMAIN, peer_question_encode(vm, NULL, NULL), deadline,
			   ret, err);

	if (rc == 0 && ret->rc < 0) {
		return err_set(err, ret->rc, "%s: %s", node, ret->text);
	}
	if (rc == 0 && ret->state == DOMAIN_STATE_MAX) {
		return err_set(err, -EPROTO, "%s has not said how the domain is", node);
	}
	return rc;
}

/* Drops the children of parent but these. */
static void children_drop(xmlNodePtr parent, const char *const *kept)
{
	xmlNodePtr child = parent == NULL ? NULL : parent->children;

	while (child != NULL) {
		xmlNodePtr next = child->next;

		if (child->type != XML_ELEMENT_NODE ||
		    !g_strv_contains(kept, (const char *)child->name)) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
		child = next;
	}
}

/* What hypervisor_preflight() and hypervisor_memory_needs() look at. */
static const char *const kept_elements[] = {
	"name", "memory", "currentMemory", "maxMemory", "memoryBacking", "numatune", "os",
	"vcpu", "cpu",    "devices",       NULL};
static const char *const kept_devices[] = {"emulator", "memory", NULL};

static int definition_reduce(const char *definition, char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr domain;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	if (rc < 0) {
		return rc;
	}
	domain = xmlDocGetRootElement(doc);
	children_drop(domain, kept_elements);
	children_drop(xml_tree_child(domain, "devices"), kept_devices);
	return domain_xml_format(doc, ret, err);
}

int peer_ask_preflight(const char *node, const char *vm, const char *definition,
		       const struct peer_needs *needs, struct deadline deadline,
		       struct peer_reply *ret, struct err *err)
{
	g_autofree char *reduced = NULL;
	int rc = definition_reduce(definition, &reduced, err);

	return rc < 0 ? rc
		      : reply_get(node, JOURNAL_ASK_PREFLIGHT,
				  peer_question_encode(vm, reduced, needs), deadline, ret, err);
}
