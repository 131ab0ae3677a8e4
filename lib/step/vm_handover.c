/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_handover.h"

#include "process/qemu_process.h"
#include "step/vm_gone.h"
#include "step/vm_masks.h"
#include "step/vm_peer.h"
#include "media/vm_media.h"

/* For each question to the peer, whose link may be dead: the undo needs the rest of its time. */
#define PEER_ANSWER_MS 5000
#define HERE_ANSWER_MS 8000
#define AGAIN_MS 200

int vm_handover_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const char *there = vm->peer->host->initiator;
	int seen = vm_grant_check(vm, there, &vm->peer->grant, deadline, err);

	return seen == TASK_DONE ? vm_media_probe(vm, there, deadline, err) : seen;
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

	int rc = vm_grant_apply(vm, &change, &vm->peer->grant, deadline, err);

	/* Not undone: other VMs of that host may use them, and only that host knows (vm_media.h).
	 */
	return rc < 0 ? rc : vm_media_grant(vm, change.grant, deadline, err);
}

/*
 * A libvirtd that is being restarted answers soon. If it does not, the domain is gone with its
 * process: nothing else starts it again here.
 */
static int here_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		      struct err *err)
{
	struct deadline patience = deadline_within(deadline, HERE_ANSWER_MS);
	int rc;

	do {
		rc = vm_domain_state(vm, patience, ret, err);
		if (rc != 0 && vm_gone_probe(vm, patience, NULL) == TASK_DONE) {
			*ret = DOMAIN_ABSENT;
			rc = 0;
		}
	} while (rc != 0 && deadline_pause(patience, AGAIN_MS));
	return rc;
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
	rc = here_state(vm, deadline, &here, err);
	if (rc != 0 || here == DOMAIN_ABSENT) {
		return rc;
	}
	return hypervisor_abort_job(vm->hypervisor, vm->settings->vm, deadline, err);
}

static enum handover_here here_look(struct vm_context *vm, struct deadline deadline,
				    struct err *err)
{
	enum domain_state state;

	if (here_state(vm, deadline, &state, err) != 0) {
		return HERE_UNKNOWN;
	}
	if (state == DOMAIN_ABSENT && !vm->peer->departed) {
		vm->peer->departed = vm_domain_departed(vm, deadline);
	}
	return handover_here(state, vm->peer->departed);
}

/* Before a migration is begun, the peer cannot have a domain that is here. */
static enum handover_there there_look(struct vm_context *vm, enum handover_here here,
				      struct deadline deadline, struct err *err)
{
	enum domain_state state;

	if (here == HERE_GUEST && !vm->peer->guest_touched) {
		return THERE_ABSENT;
	}
	if (vm_peer_state(vm, deadline_within(deadline, PEER_ANSWER_MS), &state, err) != 0) {
		return THERE_UNKNOWN;
	}
	return handover_there(state);
}

void vm_handover_look(struct vm_context *vm, struct deadline deadline,
		      struct vm_handover_sight *ret, struct err *err)
{
	struct err here_err = ERR_INIT;
	struct err there_err = ERR_INIT;
	const char *why;

	ret->here = here_look(vm, deadline, &here_err);
	ret->there = there_look(vm, ret->here, deadline, &there_err);
	ret->verdict = handover_decide(ret->here, ret->there);
	why = ret->here == HERE_UNKNOWN     ? err_text(&here_err)
	      : ret->there == THERE_UNKNOWN ? err_text(&there_err)
					    : "";
	(void)err_set(err, 0, "the domain is %s, and on %s it %s%s%.300s",
		      handover_here_to_str(ret->here), vm->peer->host->node,
		      handover_there_to_str(ret->there), why[0] != '\0' ? ": " : "", why);
}

/* Whoever asks for the domain afterwards must not find it while its QEMU still exits. */
static int here_end(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = hypervisor_destroy(vm->hypervisor, vm->settings->vm, deadline, err);

	return rc != 0 ? rc : qemu_process_end(vm->settings->vm, deadline, err);
}

static int there_start(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	int rc = vm_gate_quorum(vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	rc = hypervisor_resume(peer->hypervisor, vm->settings->vm,
			       deadline_within(deadline, PEER_ANSWER_MS), err);
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", peer->host->node);
}

int vm_handover_complete(struct vm_context *vm, enum handover verdict, struct deadline deadline,
			 struct err *err)
{
	switch (verdict) {
	case HANDOVER_START: return there_start(vm, deadline, err);
	case HANDOVER_LEFT: return here_end(vm, deadline, err);
	default: return 0;
	}
}

int vm_handover_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	struct vm_handover_sight sight;
	struct err seen = ERR_INIT;
	int rc = migration_end(vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	vm_handover_look(vm, deadline, &sight, &seen);
	if (sight.verdict != HANDOVER_STAYS && sight.verdict != HANDOVER_NOWHERE) {
		return err_set(err, -EBUSY, "%s", err_text(&seen));
	}
	if (sight.there != THERE_ABSENT && sight.there != THERE_UNKNOWN) {
		(void)hypervisor_destroy(peer->hypervisor, vm->settings->vm,
					 deadline_within(deadline, PEER_ANSWER_MS), NULL);
	}
	rc = vm_grant_revert(vm, peer->host->initiator, &peer->grant, deadline, err);
	/* Never resume beside an image that could be restored. */
	if (rc == 0 && sight.here == HERE_SENT && vm->image != IMAGE_VALID) {
		rc = hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err);
	}
	return rc;
}
