/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_own.h"

#include <stdio.h>
#include <string.h>

#include "base/realtime.h"
#include "cluster/cluster.h"
#include "rules/takeover.h"
#include "step/vm_handover.h"
#include "step/vm_masks.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"

#define FENCER_ANSWER_MS 5000
#define FORGET_MS 1000
#define FENCER_AGE_MIN_MS 10000

/* Where the fencer does not answer, or may not know all, the grant is recorded all the same. */
static int64_t fencings_of(const char *node, struct deadline deadline, int64_t *ret_age_ms)
{
	struct cluster_fencings fencings;
	int rc = cluster_node_fencings(node, deadline_within(deadline, FENCER_ANSWER_MS), &fencings,
				       NULL);

	*ret_age_ms = rc == 0 ? fencings.age_ms : 0;
	return rc == 0 && fencings.whole ? fencings.count : JOURNAL_FENCINGS_UNKNOWN;
}

/*
 * Pacemaker was started here a moment ago. What its fencer may not know is a fencing of this host
 * from before that. So whatever is later than halfway between that start and now is later than now,
 * as long as two clocks differ by less than that half.
 */
static int64_t young_since_ms(int64_t now_ms, int64_t age_ms)
{
	return age_ms < FENCER_AGE_MIN_MS ? now_ms : now_ms - age_ms / 2 - TAKEOVER_CLOCKS_MS;
}

/*
 * The lunmaskd that runs here is older than this program, and knows no grants: an upgrade is under
 * way. Without a record no fencing of the host counts, but with one from before an older fencing
 * would.
 */
static int unrecorded(struct vm_context *vm, const char *node, struct deadline deadline,
		      struct err *err)
{
	const struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "journal",
		.step = "grant",
		.text = "not recorded: restart lunmaskd on this node, which is older than the "
			"agent",
	};

	vm_report_event(vm, &event);
	return vm_release_clear(vm, node, true, deadline, err);
}

int vm_own_record(struct vm_context *vm, const char *node, struct deadline deadline,
		  struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT, .release.granted = true};
	struct journal_release *grant = &op.release;
	struct journal_answer answer;
	int64_t age_ms;
	int rc;

	(void)snprintf(grant->vm, sizeof(grant->vm), "%s", vm->settings->vm);
	(void)snprintf(grant->node, sizeof(grant->node), "%s", node);
	(void)snprintf(grant->by, sizeof(grant->by), "%s", vm->node);
	(void)snprintf(grant->array, sizeof(grant->array), "%s", vm->array.name);
	for (; grant->n_luns < vm->n_luns; grant->n_luns++) {
		(void)snprintf(grant->luns[grant->n_luns], sizeof(grant->luns[0]), "%s",
			       vm->lun_names[grant->n_luns]);
	}
	grant->fencings = grant->by_fencings = fencings_of(node, deadline, &age_ms);
	grant->since_ms = realtime_now_ms();
	if (strcmp(node, vm->node) != 0) {
		grant->by_fencings = fencings_of(vm->node, deadline, &age_ms);
	} else if (grant->fencings == JOURNAL_FENCINGS_UNKNOWN) {
		grant->since_ms = young_since_ms(grant->since_ms, age_ms);
	}
	rc = vm_journal_submit(&vm->journal, &op, true, deadline, &answer, err);
	if (rc == 0 && answer.status != 0) {
		rc = err_set(err, -EIO, "the journal refused the record of the grant: %s",
			     strerror(-answer.status));
	} else if (rc == -EBADMSG) {
		rc = unrecorded(vm, node, deadline, err);
	}
	vm->owned = vm->owned || rc == 0;
	return rc;
}

/* Also what is granted already must be recorded. */
static int probed(const struct vm_context *vm, int seen)
{
	return seen == TASK_DONE && !vm->owned ? TASK_NOT_DONE : seen;
}

int vm_own_grant_probe(void *context, struct deadline deadline, struct err *err)
{
	return probed(context, vm_grant_probe(context, deadline, err));
}

int vm_own_grant_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_own_record(vm, vm->node, deadline, err);

	return rc != 0 ? rc : vm_grant_run(vm, deadline, err);
}

/* The array grants node nothing any more. If the record stays, the next stop there removes it. */
static void forget(struct vm_context *vm, const char *node, struct deadline deadline)
{
	(void)vm_release_end(vm, node, deadline_within(deadline, FORGET_MS), NULL);
}

/* The run was for the record only, if nothing was added. */
int vm_own_grant_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = 0;

	if (vm->grant.added.n_granted > 0) {
		rc = vm_grant_undo(vm, deadline, err);
		if (rc == 0) {
			forget(vm, vm->node, deadline);
		}
	}
	return rc;
}

int vm_own_handover_probe(void *context, struct deadline deadline, struct err *err)
{
	return probed(context, vm_handover_probe(context, deadline, err));
}

int vm_own_handover_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_own_record(vm, vm->peer->host->node, deadline, err);

	return rc != 0 ? rc : vm_handover_run(vm, deadline, err);
}

int vm_own_handover_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	bool added = vm->peer->grant.added.n_granted > 0;
	int rc = 0;

	/* Even if nothing was added, what a migration has left on both hosts must be settled. */
	if (added || vm->peer->guest_touched) {
		rc = vm_handover_undo(vm, deadline, err);
	}
	if (rc == 0 && added) {
		forget(vm, vm->peer->host->node, deadline);
	}
	return rc;
}

int vm_own_arrived(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return vm_own_record(vm, vm->node, deadline, err);
}

static int fenced_since(const char *node, int64_t fencings, int64_t since_ms,
			struct deadline deadline, bool *ret, int64_t *ret_last_s, struct err *err)
{
	struct takeover_begun begun = {.fencings = fencings, .ms = since_ms};
	struct cluster_fencings now;
	int rc = cluster_node_fencings(node, deadline, &now, err);

	*ret = rc == 0 && takeover_fenced_since(&begun, now.count, now.last);
	*ret_last_s = rc == 0 ? now.last : 0;
	return rc;
}

int vm_own_fenced_ask(const struct journal_release *grant, struct deadline deadline,
		      struct vm_own_fenced *ret, struct err *err)
{
	int64_t last_s;
	int rc = fenced_since(grant->node, grant->fencings, grant->since_ms, deadline, &ret->host,
			      &ret->host_s, err);

	ret->orphaned = false;
	if (rc == 0 && strcmp(grant->by, grant->node) != 0) {
		rc = fenced_since(grant->by, grant->by_fencings, grant->since_ms, deadline,
				  &ret->orphaned, &last_s, err);
	}
	return rc;
}
