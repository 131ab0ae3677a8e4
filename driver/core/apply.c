/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/apply.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct luns {
	const char *names[APPLY_LUNS_MAX];
	size_t count;
};

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool holder_legal(const struct apply *apply, const char *holder)
{
	if (same(holder, apply->grant) || same(holder, apply->revoke)) {
		return true;
	}
	for (size_t i = 0; i < apply->n_allowed; i++) {
		if (same(holder, apply->allowed[i])) {
			return true;
		}
	}
	return false;
}

static int held(const struct mask *mask, const char *holder, const char *how, struct fault *fault)
{
	fault_about(fault, mask->lun, holder);
	return fault_set(fault, ARRAY_ERROR_HELD,
			 "LUN '%s' %s '%s', which this request does not allow; nothing was "
			 "changed",
			 mask->lun, how, holder);
}

/*
 * Every initiator with a path counts, with a grant or without: a session may outlive its grant. A
 * batch that only revokes, or whose LUNs nobody can write to, cannot add a second writer, so other
 * holders do not matter to it.
 */
static int holders_check(const struct apply *apply, const struct masks *masks, struct fault *fault)
{
	if (apply->grant == NULL || apply->read_only) {
		return 0;
	}
	for (size_t i = 0; i < masks->count; i++) {
		const struct mask *mask = &masks->masks[i];

		for (size_t k = 0; k < mask->n_initiators; k++) {
			if (!holder_legal(apply, mask->initiators[k])) {
				return held(mask, mask->initiators[k], "is granted to", fault);
			}
		}
		for (size_t k = 0; k < mask->n_nexuses; k++) {
			if (!holder_legal(apply, mask->nexuses[k].initiator)) {
				return held(mask, mask->nexuses[k].initiator,
					    "has an open session of", fault);
			}
		}
	}
	return 0;
}

static bool has_path(const struct mask *mask, const char *initiator)
{
	return initiator != NULL &&
	       (mask_holds(mask, initiator) || mask_has_nexus(mask, initiator));
}

static void lun_put(struct luns *luns, const char *name)
{
	luns->names[luns->count++] = name;
}

/*
 * Grants what is not granted, and revokes from every LUN: a login that this reading does not show
 * may be in progress, from before an earlier revoke.
 */
static int change(const struct mask_ops *ops, void *backend, const struct apply *apply,
		  const struct masks *before, struct deadline deadline, struct fault *fault)
{
	struct luns give = {.count = 0};
	int rc = 0;

	for (size_t i = 0; i < before->count; i++) {
		if (apply->grant != NULL && !mask_holds(&before->masks[i], apply->grant)) {
			lun_put(&give, before->masks[i].lun);
		}
	}
	if (apply->revoke != NULL) {
		rc = ops->revoke(backend, apply->luns, apply->n_luns, apply->revoke, deadline,
				 fault);
	}
	if (rc == 0 && give.count > 0) {
		rc = ops->grant(backend, give.names, give.count, apply->grant, deadline, fault);
	}
	return rc;
}

static int wanted_check(const struct apply *apply, const struct masks *after, struct fault *fault)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct mask *mask = &after->masks[i];

		if (apply->grant != NULL && !mask_holds(mask, apply->grant)) {
			fault_about(fault, mask->lun, apply->grant);
			return fault_set(fault, ARRAY_ERROR_INTERNAL,
					 "LUN '%s' is not granted to '%s' when read back",
					 mask->lun, apply->grant);
		}
		if (has_path(mask, apply->revoke)) {
			fault_about(fault, mask->lun, apply->revoke);
			return fault_set(fault, ARRAY_ERROR_INTERNAL,
					 "LUN '%s' still has a path of '%s' when read back",
					 mask->lun, apply->revoke);
		}
	}
	return holders_check(apply, after, fault);
}

/* Lists the LUNs whose masks this batch may have changed since before. */
static void differences(const struct apply *apply, const struct masks *before,
			const struct masks *now, struct luns *added, struct luns *taken)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct mask *was = &before->masks[i];
		const struct mask *is = &now->masks[i];

		if (apply->grant != NULL && mask_holds(is, apply->grant) &&
		    !mask_holds(was, apply->grant)) {
			lun_put(added, was->lun);
		}
		if (apply->revoke != NULL && mask_holds(was, apply->revoke) &&
		    !mask_holds(is, apply->revoke)) {
			lun_put(taken, was->lun);
		}
	}
}

static int look(const struct mask_ops *ops, void *backend, const struct apply *apply,
		const struct masks *before, struct deadline deadline, struct luns *added,
		struct luns *taken, struct fault *fault)
{
	struct masks now = {0};
	int rc = ops->read(backend, apply->luns, apply->n_luns, deadline, &now, fault);

	*added = (struct luns){.count = 0};
	*taken = (struct luns){.count = 0};
	if (rc == 0) {
		differences(apply, before, &now, added, taken);
	}
	masks_release(&now);
	return rc;
}

static bool gives_back(const struct mask_ops *ops, const void *backend, const struct apply *apply)
{
	return apply->revoke != NULL && !ops->is_fenced(backend, apply->revoke);
}

/* Revokes first, then grants, then reads the masks again. */
static int undo(const struct mask_ops *ops, void *backend, const struct apply *apply,
		const struct masks *before, struct deadline deadline, struct fault *fault)
{
	struct luns added;
	struct luns taken;
	bool back = gives_back(ops, backend, apply);
	int rc = look(ops, backend, apply, before, deadline, &added, &taken, fault);

	taken.count = back ? taken.count : 0;
	if (rc == 0 && added.count > 0) {
		rc = ops->revoke(backend, added.names, added.count, apply->grant, deadline, fault);
	}
	if (rc == 0 && taken.count > 0) {
		rc = ops->grant(backend, taken.names, taken.count, apply->revoke, deadline, fault);
	}
	if (rc == 0 && added.count + taken.count > 0) {
		rc = look(ops, backend, apply, before, deadline, &added, &taken, fault);
		taken.count = back ? taken.count : 0;
		if (rc == 0 && added.count + taken.count > 0) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL,
				       "LUN '%s' is not as it was when read back",
				       added.count > 0 ? added.names[0] : taken.names[0]);
		}
	}
	return rc;
}

static struct deadline later(struct deadline a, struct deadline b)
{
	return a.at_ms > b.at_ms ? a : b;
}

static int fail(const struct mask_ops *ops, void *backend, const struct apply *apply,
		const struct masks *before, struct deadline deadline, struct fault *fault)
{
	struct fault more = FAULT_INIT;
	struct err cause = fault->err;
	int rc;

	if (apply->grant == NULL) {
		return fault_set(fault, fault->code,
				 "%.600s; what this request has removed stays removed: repeat it",
				 cause.text);
	}
	rc = undo(ops, backend, apply, before, later(deadline, deadline_in(APPLY_UNDO_MS)), &more);
	if (rc == 0 && apply->revoke != NULL && !gives_back(ops, backend, apply)) {
		return fault_set(fault, fault->code,
				 "%.400s; nothing is granted; what was removed from '%s' stays "
				 "removed, because it is fenced",
				 cause.text, apply->revoke);
	}
	if (rc == 0) {
		return fault_set(fault, fault->code, "%.600s; nothing is changed", cause.text);
	}
	return fault_set(fault, ARRAY_ERROR_NOT_UNDONE,
			 "%.400s; and undoing it failed: %.400s; read the masks of these LUNs "
			 "before anything else",
			 cause.text, more.err.text);
}

static void result_fill(const struct apply *apply, const struct masks *before,
			struct apply_result *ret)
{
	for (size_t i = 0; i < before->count; i++) {
		if (apply->grant != NULL && !mask_holds(&before->masks[i], apply->grant)) {
			ret->granted[ret->n_granted++] = apply->luns[i];
		}
		if (apply->revoke != NULL && mask_holds(&before->masks[i], apply->revoke)) {
			ret->revoked[ret->n_revoked++] = apply->luns[i];
		}
	}
}

static int fenced_check(const struct mask_ops *ops, const void *backend, const struct apply *apply,
			struct fault *fault)
{
	if (apply->grant == NULL || !ops->is_fenced(backend, apply->grant)) {
		return 0;
	}
	fault_about(fault, apply->luns[0], apply->grant);
	return fault_set(fault, ARRAY_ERROR_FENCED,
			 "initiator '%s' is fenced and is granted nothing until it is unfenced; "
			 "nothing was changed",
			 apply->grant);
}

/* The class is what protects a LUN with many holders, so it must be what the caller believes. */
static int class_check(const struct mask_ops *ops, const void *backend, const struct apply *apply,
		       struct fault *fault)
{
	for (size_t i = 0; apply->grant != NULL && i < apply->n_luns; i++) {
		const char *lun = apply->luns[i];
		bool is = ops->is_read_only != NULL && ops->is_read_only(backend, lun);

		if (is != apply->read_only) {
			fault_about(fault, lun, apply->grant);
			return fault_set(
				fault, ARRAY_ERROR_READ_ONLY,
				is ? "name LUN '%s' with :ro: it is read-only, for many hosts; "
				     "nothing was changed"
				   : "protect LUN '%s' on the array first: hosts can write to it, "
				     "so "
				     "only one may have it; nothing was changed",
				lun);
		}
	}
	return 0;
}

int apply_run(const struct mask_ops *ops, void *backend, const struct apply *apply,
	      struct deadline deadline, struct apply_result *ret, struct fault *fault)
{
	struct masks before = {0};
	int rc = fenced_check(ops, backend, apply, fault);

	rc = rc != 0 ? rc
		     : ops->read(backend, apply->luns, apply->n_luns, deadline, &before, fault);
	ret->n_granted = 0;
	ret->n_revoked = 0;
	ret->after = (struct masks){0};
	rc = rc != 0 ? rc : class_check(ops, backend, apply, fault);
	rc = rc != 0 ? rc : holders_check(apply, &before, fault);
	if (rc != 0) {
		goto out;
	}
	rc = change(ops, backend, apply, &before, deadline, fault);
	rc = rc != 0 ? rc
		     : ops->read(backend, apply->luns, apply->n_luns, deadline, &ret->after, fault);
	rc = rc != 0 ? rc : wanted_check(apply, &ret->after, fault);
	if (rc != 0) {
		masks_release(&ret->after);
		rc = fail(ops, backend, apply, &before, deadline, fault);
	} else {
		result_fill(apply, &before, ret);
	}
out:
	masks_release(&before);
	return rc;
}
