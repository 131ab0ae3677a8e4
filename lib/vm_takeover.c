/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_takeover.h"

#include "cluster.h"
#include "vm_masks.h"
#include "vm_peer.h"
#include "vm_release.h"

int vm_takeover_probe(void *context, struct deadline deadline, struct err *err)
{
	return vm_masks_stranger(context, deadline, err);
}

/*
 * A member that was fenced and has come back may still hold what it held before. That grant is
 * dead when no session uses it and the host's own libvirt says that the domain is not there.
 */
static int returned_host_released(struct vm_context *vm, const struct config_host *host,
				  struct deadline deadline, struct err *err)
{
	enum domain_state state = DOMAIN_RUNNING;
	struct vm_holding holding;
	time_t fenced_at = 0;
	int rc = cluster_node_fenced_at(host->node, deadline, &fenced_at, err);

	if (rc == 0 && fenced_at == 0) {
		return err_set(err, -EPERM, "it is up and was never fenced");
	}
	if (rc == 0) {
		rc = vm_masks_holding(vm, host->initiator, deadline, &holding, err);
	}
	if (rc == 0 && holding.nexus) {
		return err_set(err, -EPERM, "it is up and has a session open");
	}
	if (rc == 0) {
		rc = vm_peer_domain_state(vm, host, deadline, &state, err);
	}
	if (rc == 0 && state != DOMAIN_ABSENT) {
		return err_set(err, -EPERM, "the domain there is %s", domain_state_to_str(state));
	}
	return rc;
}

/*
 * A host that left cleanly may have left its guest running, in maintenance mode or for an upgrade:
 * then its session is still open. Only fencing tells such a guest from a dead host's remains.
 */
static int down_host_released(struct vm_context *vm, const struct config_host *host,
			      const char *lun, struct deadline deadline, struct err *err)
{
	struct vm_holding holding;
	time_t fenced_at = 0;
	int rc = vm_masks_holding(vm, host->initiator, deadline, &holding, err);

	if (rc != 0 || !holding.nexus) {
		return rc;
	}
	rc = cluster_node_fenced_at(host->node, deadline, &fenced_at, err);
	if (rc == 0 && fenced_at == 0) {
		return err_set(err, -EPERM,
			       "LUN %s is presented to %s, which has left the cluster without "
			       "being fenced and still has a session open: does the VM run there? "
			       "Stop it, or fence the host (stonith_admin --fence %s)",
			       lun, host->node, host->node);
	}
	return rc;
}

static int takeover_permitted(struct vm_context *vm, const char *stranger, const char *lun,
			      bool *ret_released, struct deadline deadline, struct err *err)
{
	const struct config_host *host = config_host_find_initiator(vm->config, stranger);
	enum cluster_node_fate fate;
	int rc;

	*ret_released = false;
	if (host == NULL) {
		return err_set(err, -EPERM,
			       "LUN %s is presented to %s, which is no [host] of the "
			       "configuration: take it off on the array if it is not in use",
			       lun, stranger);
	}
	rc = vm_release_look(vm, host, lun, deadline, ret_released, err);
	if (rc == 0 && *ret_released) {
		return 0;
	}
	if (rc == 0) {
		rc = cluster_node_fate(host->node, deadline, &fate, err);
	}
	if (rc != 0) {
		return err_prefix(err, rc, "LUN %s is presented to %s", lun, host->node);
	}
	if (fate == CLUSTER_NODE_DOWN) {
		return down_host_released(vm, host, lun, deadline, err);
	}
	if (fate == CLUSTER_NODE_UNKNOWN) {
		return err_set(err, -EPERM,
			       "LUN %s is presented to %s, which has left the cluster and was "
			       "not fenced: fence it (stonith_admin --fence %s) first",
			       lun, host->node, host->node);
	}
	rc = returned_host_released(vm, host, deadline, err);
	if (rc != 0) {
		return err_prefix(err, -EPERM,
				  "LUN %s is presented to %s: stop the resource there "
				  "(crm_resource --force-stop on %s) first",
				  lun, host->node, host->node);
	}
	return 0;
}

/* One stranger less. */
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
		rc = vm_masks_stranger_find(vm, deadline, stranger, lun, err);
		if (rc != 0 || stranger[0] == '\0') {
			return rc;
		}
		rc = stranger_revoke(vm, stranger, lun, deadline, err);
		if (rc != 0) {
			return rc;
		}
	}
	return err_set(err, -EBUSY, "LUN %s is granted to others as fast as it is taken over", lun);
}
