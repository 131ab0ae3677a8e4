/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_handover.h"

#include "step/vm_masks.h"
#include "step/vm_peer.h"

int vm_handover_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return vm_grant_check(vm, vm->peer->host->initiator, &vm->peer->grant, deadline, err);
}

int vm_handover_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const char *allowed[] = {vm->self->initiator};
	struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.grant = vm->peer->host->initiator,
		.allowed = allowed,
		.n_allowed = 1,
	};

	return vm_grant_apply(vm, &change, &vm->peer->grant, deadline, err);
}

/*
 * libvirtd may still work on a migration that was given up, and complete it between a check and
 * the action that follows.
 */
static int migration_end(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state here;
	int rc;

	if (!vm->peer->guest_touched) {
		return 0;
	}
	rc = vm_domain_state(vm, deadline, &here, err);
	if (rc != 0 || here == DOMAIN_ABSENT) {
		return rc;
	}
	return hypervisor_abort_job(vm->hypervisor, vm->settings->vm, deadline, err);
}

/*
 * When must the peer answer?
 * - The domain is here and no migration was begun: the peer cannot have it, and is not asked.
 * - The guest runs here: the peer is asked, but need not answer. The guest does not run there, and
 *   an incoming domain there must above all be cut off.
 * - The domain is not here, because a stop has ended it: the peer must answer.
 */
static int domains_look(struct vm_context *vm, struct deadline deadline,
			enum domain_state *ret_here, enum domain_state *ret_there, struct err *err)
{
	int rc = vm_domain_state(vm, deadline, ret_here, err);

	*ret_there = DOMAIN_ABSENT;
	if (rc == 0 && (vm->peer->guest_touched || *ret_here == DOMAIN_ABSENT)) {
		rc = vm_peer_state(vm, deadline, ret_there, err);
		if (rc != 0 && *ret_here == DOMAIN_RUNNING) {
			*ret_there = DOMAIN_ABSENT;
			rc = 0;
		}
	}
	return rc;
}

int vm_handover_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	enum domain_state there;
	enum domain_state here;
	int rc = migration_end(vm, deadline, err);

	if (rc == 0) {
		rc = domains_look(vm, deadline, &here, &there, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (there == DOMAIN_RUNNING || (!domain_state_active(here) && here != DOMAIN_ABSENT) ||
	    (here == DOMAIN_ABSENT && there != DOMAIN_ABSENT)) {
		return err_set(err, -EBUSY, "the domain is %s here and %s on %s",
			       domain_state_to_str(here), domain_state_to_str(there),
			       peer->host->node);
	}
	if (there != DOMAIN_ABSENT) {
		rc = hypervisor_destroy(peer->hypervisor, vm->settings->vm, deadline, err);
	}
	if (rc == 0) {
		rc = vm_grant_revert(vm, peer->host->initiator, &peer->grant, deadline, err);
	}
	/* Never resume beside an image that could be restored. */
	if (rc == 0 && here == DOMAIN_PAUSED_MIGRATION && vm->image != IMAGE_VALID) {
		rc = hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err);
	}
	return rc;
}
