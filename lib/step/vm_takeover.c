/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_takeover.h"

#include <string.h>

#include "cluster/cluster.h"
#include "step/vm_masks.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"

int vm_takeover_probe(void *context, struct deadline deadline, struct err *err)
{
	return vm_masks_other_holder(context, deadline, err);
}

/* The source of the facts that takeover_judge() asks for. */
struct evidence {
	struct vm_context *vm;
	const struct config_host *host;
	enum cluster_node_fate fate;
	bool fate_known;
	enum domain_state domain;
};

static int fate_ask(struct evidence *evidence, struct deadline deadline, struct err *err)
{
	int rc = evidence->fate_known
			 ? 0
			 : cluster_node_fate(evidence->host->node, deadline, &evidence->fate, err);

	evidence->fate_known = rc == 0;
	return rc;
}

/*
 * If the VM's last task names the host, the time at which the task began is the time to compare
 * with.
 */
static int fenced_ask(struct evidence *evidence, struct deadline deadline, bool *ret,
		      struct err *err)
{
	const struct vm_context *vm = evidence->vm;
	const struct journal_task *last = &vm->journal.found;
	const char *node = evidence->host->node;
	bool names_it = vm->recorded && last->revision != 0 &&
			(strcmp(last->source, node) == 0 || strcmp(last->target, node) == 0);
	time_t fenced_at = 0;
	int rc = cluster_node_fenced_at(node, deadline, &fenced_at, err);

	*ret = rc == 0 && takeover_fencing_counts(fenced_at, names_it ? last->begun_ms : 0);
	return rc;
}

static int session_ask(struct evidence *evidence, struct deadline deadline, bool *ret,
		       struct err *err)
{
	struct vm_holding holding = {.nexus = true};
	int rc = vm_masks_holding(evidence->vm, evidence->host->initiator, deadline, &holding, err);

	*ret = holding.nexus;
	return rc;
}

static int domain_ask(struct evidence *evidence, struct deadline deadline, bool *ret,
		      struct err *err)
{
	int rc = vm_peer_domain_state(evidence->vm, evidence->host, deadline, &evidence->domain,
				      err);

	*ret = evidence->domain != DOMAIN_ABSENT;
	return rc;
}

static int evidence_ask(void *data, enum takeover_fact fact, struct deadline deadline, bool *ret,
			struct err *err)
{
	struct evidence *evidence = data;
	int rc = 0;

	switch (fact) {
	case TAKEOVER_MEMBER:
		rc = fate_ask(evidence, deadline, err);
		*ret = evidence->fate == CLUSTER_NODE_UP;
		return rc;
	case TAKEOVER_LEFT:
		rc = fate_ask(evidence, deadline, err);
		*ret = evidence->fate == CLUSTER_NODE_DOWN;
		return rc;
	case TAKEOVER_WAS_FENCED: return fenced_ask(evidence, deadline, ret, err);
	case TAKEOVER_SESSION: return session_ask(evidence, deadline, ret, err);
	case TAKEOVER_DOMAIN: return domain_ask(evidence, deadline, ret, err);
	case TAKEOVER_QUORUM: return cluster_has_quorum(deadline, ret, err);
	default: return err_set(err, -EINVAL, "nobody can say");
	}
}

static int verdict_tell(const struct evidence *evidence, enum takeover_verdict verdict,
			struct err *err)
{
	const char *node = evidence->host->node;

	switch (verdict) {
	case TAKEOVER_TAKE: return 0;
	case TAKEOVER_NEVER_FENCED:
		return err_set(err, -EPERM,
			       "it is up and unfenced: stop the resource there (crm_resource "
			       "--force-stop on %s) first",
			       node);
	case TAKEOVER_IN_USE:
		return err_set(err, -EPERM,
			       "it is up and has a session open: stop the resource there "
			       "(crm_resource --force-stop on %s) first",
			       node);
	case TAKEOVER_RUNS_THERE:
		return err_set(err, -EPERM,
			       "the domain there is %s: stop the resource there (crm_resource "
			       "--force-stop on %s) first",
			       domain_state_to_str(evidence->domain), node);
	case TAKEOVER_LEFT_IN_USE:
		return err_set(err, -EPERM,
			       "it left the cluster unfenced, with a session open: does the VM run "
			       "there? Stop it, or stonith_admin --fence %s",
			       node);
	case TAKEOVER_NO_QUORUM:
		return err_set(err, -EPERM,
			       "it is lost, and this partition has no quorum, which "
			       "takeover=lost needs");
	default:
		return err_set(err, -EPERM,
			       "it left the cluster unfenced: stonith_admin --fence %s first",
			       node);
	}
}

static int host_judge(struct vm_context *vm, const struct config_host *host,
		      struct deadline deadline, struct err *err)
{
	struct evidence evidence = {.vm = vm, .host = host, .domain = DOMAIN_RUNNING};
	enum takeover_verdict verdict;
	int rc = takeover_judge(vm->settings->takeover, evidence_ask, &evidence, deadline, &verdict,
				err);

	return rc != 0 ? rc : verdict_tell(&evidence, verdict, err);
}

static int takeover_permitted(struct vm_context *vm, const char *stranger, const char *lun,
			      bool *ret_released, struct deadline deadline, struct err *err)
{
	const struct config_host *host = config_host_find_initiator(vm->config, stranger);
	int rc;

	*ret_released = false;
	if (host == NULL) {
		return err_set(err, -EPERM,
			       "LUN %s is presented to %s, which is no [host] of the "
			       "configuration: if it is not in use, revoke it on the array",
			       lun, stranger);
	}
	rc = vm_release_look(vm, host, lun, deadline, ret_released, err);
	if (rc == 0 && !*ret_released) {
		rc = host_judge(vm, host, deadline, err);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "LUN %s is presented to %s", lun, host->node);
}

/* Revokes the grants of one stranger, if that is permitted. */
static int stranger_revoke(struct vm_context *vm, const char *stranger, const char *lun,
			   struct deadline deadline, struct err *err)
{
	struct array_change change = {
		.luns = vm->lun_names, .n_luns = vm->n_luns, .revoke = stranger};
	bool released;
	int rc = takeover_permitted(vm, stranger, lun, &released, deadline, err);

	if (rc == 0) {
		rc = array_apply(&vm->array, &change, deadline, NULL, err);
	}
	if (rc == 0 && released) {
		rc = vm_release_end(vm, config_host_find_initiator(vm->config, stranger)->node,
				    deadline, err);
	}
	return rc;
}

int vm_takeover_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	char stranger[ISCSI_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];
	size_t config_count;
	size_t tries;
	int rc;

	(void)config_hosts(vm->config, &config_count);
	for (tries = 0; tries <= config_count; tries++) {
		rc = vm_masks_other_holder_find(vm, deadline, stranger, lun, err);
		if (rc != 0 || stranger[0] == '\0') {
			return rc;
		}
		rc = stranger_revoke(vm, stranger, lun, deadline, err);
		if (rc != 0) {
			return rc;
		}
	}
	return err_set(err, -EBUSY,
		       "LUN %s is granted to other hosts again each time it is taken over", lun);
}
