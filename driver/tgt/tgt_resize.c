/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_resize.h"

#include <inttypes.h>

#include "driver/core/masks.h"
#include "driver/tgt/tgt_backing.h"
#include "driver/tgt/tgt_masks.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_snapshot.h"
#include "names/lun.h"

#define GIVE_MS 10000

/* Rules that admit more than one initiator cannot be given back by name. */
static int holders_check(const struct mask *mask, struct fault *fault)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		if (!iscsi_name_valid(mask->initiators[i])) {
			fault_about(fault, mask->lun, NULL);
			return fault_set(fault, ARRAY_ERROR_IN_USE,
					 "LUN '%s' is open to '%s', which is no initiator: take "
					 "this rule away first",
					 mask->lun, mask->initiators[i]);
		}
	}
	return 0;
}

static int paths_cut(struct tgt *tgt, const struct mask *mask, struct deadline deadline,
		     struct fault *fault)
{
	const char *lun = mask->lun;
	int rc = 0;

	for (size_t i = 0; i < mask->n_initiators && rc == 0; i++) {
		rc = tgt_masks_revoke(tgt, &lun, 1, mask->initiators[i], deadline, fault);
	}
	for (size_t i = 0; i < mask->n_nexuses && rc == 0; i++) {
		if (!mask_holds(mask, mask->nexuses[i].initiator)) {
			rc = tgt_masks_revoke(tgt, &lun, 1, mask->nexuses[i].initiator, deadline,
					      fault);
		}
	}
	return rc;
}

/* What the table says of it, in memory, has been changed before. */
static int target_renew(struct tgt *tgt, const char *lun, struct deadline deadline,
			struct fault *fault)
{
	struct tgt_show show;
	int rc = tgt_pool_drop_target(tgt, lun, deadline, fault);

	rc = rc != 0 ? rc : tgt_pool_ensure_targets(tgt, &lun, 1, deadline, &show, fault);
	if (rc == 0) {
		tgt_show_release(&show);
	}
	return rc;
}

/* Also after a failure, which is rc, and after the deadline. */
static int grants_give(struct tgt *tgt, const struct mask *mask, int rc, struct fault *fault)
{
	struct deadline deadline = deadline_in(GIVE_MS);
	const char *lun = mask->lun;

	for (size_t i = 0; i < mask->n_initiators; i++) {
		struct fault own = FAULT_INIT;

		if (tgt_masks_grant(tgt, &lun, 1, mask->initiators[i], deadline, &own) != 0) {
			fault_about(fault, lun, mask->initiators[i]);
			rc = fault_set(fault, ARRAY_ERROR_NOT_UNDONE,
				       "LUN '%s' could not be granted to '%s' again: %s", lun,
				       mask->initiators[i], err_text(&own.err));
		}
	}
	return rc;
}

static int grow(struct tgt *tgt, const struct mask *mask, uint64_t size_bytes,
		struct deadline deadline, struct fault *fault)
{
	int rc = paths_cut(tgt, mask, deadline, fault);

	if (rc == 0) {
		(void)tgt_table_resize(&tgt->table, mask->lun, size_bytes);
		rc = target_renew(tgt, mask->lun, deadline, fault);
	}
	rc = grants_give(tgt, mask, rc, fault);
	return rc != 0 ? rc : tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
}

int tgt_resize(void *backend, const char *lun, uint64_t size_bytes, struct deadline deadline,
	       bool *ret_resized, struct fault *fault)
{
	struct tgt *tgt = backend;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);
	const struct tgt_lun *row = tgt_table_find(&tgt->table, lun);
	const struct tgt_pool *pool;
	struct masks masks = {0};

	fault_about(fault, lun, NULL);
	if (rc != 0) {
		return rc;
	}
	*ret_resized = row != NULL && row->size_bytes != size_bytes;
	if (row != NULL && size_bytes < row->size_bytes) {
		return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				 "LUN '%s' has %" PRIu64 " bytes: it can only grow, and %" PRIu64
				 " are fewer; nothing was changed",
				 lun, row->size_bytes, size_bytes);
	}
	rc = tgt_masks_read(tgt, &lun, 1, deadline, &masks, fault);
	if (rc != 0 || !*ret_resized) {
		masks_release(&masks);
		return rc;
	}
	rc = holders_check(&masks.masks[0], fault);
	rc = rc != 0 ? rc : tgt_pool_get(tgt, row, &pool, fault);
	rc = rc != 0 ? rc : tgt_backing_grow(pool, row, size_bytes, fault);
	rc = rc != 0 ? rc : grow(tgt, &masks.masks[0], size_bytes, deadline, fault);
	masks_release(&masks);
	return rc;
}
