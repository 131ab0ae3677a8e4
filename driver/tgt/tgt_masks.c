/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_masks.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "driver/tgtd/tgt_admin.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_snapshot.h"

#define CUT_LOOK_MS 20

/*
 * A login that was in progress at the unbind can still become a session, also if the initiator had
 * none. So the masks are read once more after this time.
 */
#define CUT_SETTLE_MS 100

static int no_such_lun(const char *lun, struct fault *fault)
{
	fault_about(fault, lun, NULL);
	return fault_set(fault, ARRAY_ERROR_NO_SUCH_LUN,
			 "there is no LUN '%s' on this array; nothing was changed", lun);
}

static int mask_fill(struct mask *mask, const struct tgt_target *target)
{
	int rc = 0;

	for (size_t i = 0; target != NULL && i < target->n_acl && rc == 0; i++) {
		rc = mask_add_initiator(mask, target->acl[i]);
	}
	for (size_t i = 0; target != NULL && i < target->n_connections && rc == 0; i++) {
		rc = mask_add_nexus(mask, target->connections[i].initiator,
				    target->connections[i].address);
	}
	return rc;
}

static int mask_put(const struct tgt *tgt, const struct tgt_show *show, const char *lun,
		    struct masks *ret, struct fault *fault)
{
	struct tgt_target_name name = tgt_target_name(tgt, lun);
	struct mask *mask;

	if (tgt_table_find(&tgt->table, lun) == NULL) {
		return no_such_lun(lun, fault);
	}
	mask = masks_add(ret, lun);
	if (mask == NULL || mask_fill(mask, tgt_show_find(show, name.text)) != 0) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "LUN '%s' has too many holders", lun);
	}
	return 0;
}

int tgt_masks_read(void *backend, const char *const *luns, size_t n_luns, struct deadline deadline,
		   struct masks *ret, struct fault *fault)
{
	const struct tgt *tgt = backend;
	size_t count = n_luns > 0 ? n_luns : tgt->table.n_luns;
	struct tgt_show show;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
				fault);

	*ret = (struct masks){0};
	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = mask_put(tgt, &show, n_luns > 0 ? luns[i] : tgt->table.luns[i].name, ret,
			      fault);
	}
	tgt_show_release(&show);
	if (rc != 0) {
		masks_release(ret);
	}
	return rc;
}

int tgt_masks_grant(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		    struct deadline deadline, struct fault *fault)
{
	struct tgt *tgt = backend;
	struct tgt_show show;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	rc = rc != 0 ? rc : tgt_pool_ensure_targets(tgt, luns, n_luns, deadline, &show, fault);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < n_luns && rc == 0; i++) {
		struct tgt_target_name name = tgt_target_name(tgt, luns[i]);
		const struct tgt_target *target = tgt_show_find(&show, name.text);

		rc = tgt_admin_bind(tgt->config.control_port, target->tid, initiator, deadline,
				    fault);
		if (rc != 0) {
			fault_about(fault, luns[i], initiator);
		}
	}
	tgt_show_release(&show);
	return rc;
}

static int target_unbind(const struct tgt *tgt, const struct tgt_target *target,
			 const char *initiator, struct deadline deadline, struct fault *fault)
{
	for (size_t i = 0; i < target->n_acl; i++) {
		if (strcmp(target->acl[i], initiator) == 0) {
			return tgt_admin_unbind(tgt->config.control_port, target->tid, initiator,
						deadline, fault);
		}
	}
	return 0;
}

static int target_cut(const struct tgt *tgt, const struct tgt_target *target, const char *initiator,
		      struct deadline deadline, size_t *ret_seen, struct fault *fault)
{
	int rc = 0;

	for (size_t i = 0; i < target->n_connections && rc == 0; i++) {
		if (strcmp(target->connections[i].initiator, initiator) == 0) {
			(*ret_seen)++;
			rc = tgt_admin_cut(tgt->config.control_port, target->tid,
					   &target->connections[i], deadline, fault);
		}
	}
	return rc;
}

/* Reads the LUNs' targets once, removes the initiator's grants and cuts its sessions. */
static int sweep(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		 const char *initiator, struct deadline deadline, size_t *ret_sessions,
		 struct fault *fault)
{
	struct tgt_show show;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
				fault);

	*ret_sessions = 0;
	if (rc != 0) {
		return rc;
	}
	for (int cutting = 0; cutting < 2; cutting++) {
		for (size_t i = 0; i < n_luns && rc == 0; i++) {
			struct tgt_target_name name = tgt_target_name(tgt, luns[i]);
			const struct tgt_target *target = tgt_show_find(&show, name.text);

			if (target == NULL) {
				continue; /* without a target there is no path */
			}
			rc = cutting ? target_cut(tgt, target, initiator, deadline, ret_sessions,
						  fault)
				     : target_unbind(tgt, target, initiator, deadline, fault);
			if (rc != 0) {
				fault_about(fault, luns[i], initiator);
			}
		}
	}
	tgt_show_release(&show);
	return rc;
}

int tgt_masks_revoke(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		     struct deadline deadline, struct fault *fault)
{
	const struct tgt *tgt = backend;
	bool settled = false;

	for (;;) {
		size_t sessions;
		int rc = sweep(tgt, luns, n_luns, initiator, deadline, &sessions, fault);

		if (rc != 0 || (sessions == 0 && settled)) {
			return rc;
		}
		if (deadline_passed(deadline)) {
			fault_about(fault, luns[0], initiator);
			return fault_set(
				fault, ARRAY_ERROR_INTERNAL,
				"sessions of '%s' were still open at the deadline, although "
				"its grants are removed; try again",
				initiator);
		}
		settled = sessions == 0;
		(void)poll(NULL, 0, settled ? CUT_SETTLE_MS : CUT_LOOK_MS);
	}
}
