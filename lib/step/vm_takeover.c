/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_takeover.h"

#include <string.h>

#include "cluster/cluster.h"
#include "cluster/cluster_option.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"

int vm_takeover_probe(void *context, struct deadline deadline, struct err *err)
{
	return vm_masks_other_holder(context, deadline, err);
}

/* How often an orphaned host is looked at again, until libvirt there has given up the migration. */
#define ORPHAN_LOOK_MS 1000

/* The source of the facts that takeover_judge() asks for. */
struct evidence {
	struct vm_context *vm;
	const struct config_host *host;
	enum cluster_node_fate fate;
	bool fate_known;
	bool fenced_asked;
	bool begun_known; /* the journal knows since when the VM may run there */
	struct vm_own_fenced fenced;
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

/* What the journal does not know was not fenced since. */
static int fenced_ask(struct evidence *evidence, struct deadline deadline, struct err *err)
{
	struct journal_release grant;
	int rc;

	if (evidence->fenced_asked) {
		return 0;
	}
	rc = vm_journal_grant_find(&evidence->vm->journal, evidence->host->node, deadline, &grant,
				   err);
	evidence->begun_known = rc == 0;
	if (rc == 0) {
		rc = vm_own_fenced_ask(&grant, deadline, &evidence->fenced, err);
	}
	rc = rc == -ENOENT ? 0 : rc;
	evidence->fenced_asked = rc == 0;
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
	case TAKEOVER_WAS_FENCED:
		rc = fenced_ask(evidence, deadline, err);
		*ret = evidence->fenced.host;
		return rc;
	case TAKEOVER_ORPHANED:
		rc = fenced_ask(evidence, deadline, err);
		*ret = evidence->fenced.orphaned;
		return rc;
	case TAKEOVER_SESSION: return session_ask(evidence, deadline, ret, err);
	case TAKEOVER_DOMAIN: return domain_ask(evidence, deadline, ret, err);
	case TAKEOVER_QUORUM: return cluster_has_quorum(deadline, ret, err);
	default: return err_set(err, -EINVAL, "nobody can say");
	}
}

/* Where the cluster fences nobody, nobody will have been fenced next time either. */
static int unfenced_tell(const char *node, struct deadline deadline, struct err *err)
{
	struct cluster_option_setting setting;

	if (cluster_option_get(CLUSTER_FENCING_ENABLED, deadline, &setting, NULL) == 0 &&
	    cluster_option_is_off(&setting)) {
		return err_set(err, -EPERM,
			       "it left the cluster unfenced: set up fencing first (%s=%s)",
			       setting.name, setting.value);
	}
	return err_set(err, -EPERM, "it left the cluster unfenced: stonith_admin --fence %s first",
		       node);
}

static int verdict_tell(const struct evidence *evidence, enum takeover_verdict verdict,
			struct deadline deadline, struct err *err)
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
		if (!evidence->begun_known) {
			return err_set(err, -EPERM,
				       "power it off and run fence_lunmask -o off -n %s: it left "
				       "the cluster with a session open, and since when the VM may "
				       "run there is not known",
				       node);
		}
		return err_set(err, -EPERM,
			       "it left the cluster unfenced, with a session open: does the VM run "
			       "there? Stop it, or stonith_admin --fence %s",
			       node);
	case TAKEOVER_NO_QUORUM:
		return err_set(err, -EPERM,
			       "it is lost, and this partition has no quorum, which "
			       "takeover=lost needs");
	default: return unfenced_tell(node, deadline, err);
	}
}

/* What has arrived there from a source that is gone has run nothing, and never will. */
static bool arrived_end(struct evidence *evidence, struct deadline deadline)
{
	return evidence->domain == DOMAIN_ARRIVED &&
	       vm_peer_arrived_end(evidence->vm, evidence->host, deadline, NULL) == 0;
}

/*
 * The source of a migration is gone: libvirt on the target will give up the domain that has arrived
 * in part, and close its sessions. A domain that may have run is waited for in vain.
 */
static bool will_end(struct evidence *evidence, enum takeover_verdict verdict,
		     struct deadline deadline)
{
	bool there;

	return (verdict == TAKEOVER_IN_USE || verdict == TAKEOVER_RUNS_THERE) &&
	       evidence->fenced.orphaned && domain_ask(evidence, deadline, &there, NULL) == 0 &&
	       (!there || evidence->domain == DOMAIN_PAUSED_MIGRATION ||
		arrived_end(evidence, deadline));
}

static int host_judge(struct vm_context *vm, const struct config_host *host,
		      struct deadline deadline, struct err *err)
{
	struct evidence evidence;
	enum takeover_verdict verdict;
	int rc;

	do {
		evidence = (struct evidence){.vm = vm, .host = host, .domain = DOMAIN_RUNNING};
		rc = takeover_judge(vm->settings->takeover, evidence_ask, &evidence, deadline,
				    &verdict, err);
	} while (rc == 0 && will_end(&evidence, verdict, deadline) &&
		 deadline_pause(deadline, ORPHAN_LOOK_MS));
	return rc != 0 ? rc : verdict_tell(&evidence, verdict, deadline, err);
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
	if (rc == 0) {
		int end_rc = vm_release_end(
			vm, config_host_find_initiator(vm->config, stranger)->node, deadline, err);

		/* A grant that stays in the journal misleads nobody. */
		rc = released ? end_rc : 0;
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
