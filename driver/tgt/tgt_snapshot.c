/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_snapshot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "driver/snap/snap_file.h"
#include "driver/tgt/tgt_backing.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_volume.h"

static int table_store(const struct tgt *tgt, struct fault *fault)
{
	return tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
}

/* The folder with the file of the LUN, and with its snapshots. */
static int folder_of(const struct tgt *tgt, const char *name, const char **ret, struct fault *fault)
{
	const struct tgt_pool *pool;
	const struct tgt_lun *lun;
	int rc = tgt_pool_lun(tgt, name, &lun, fault);

	rc = rc != 0 ? rc : tgt_pool_get(tgt, lun, &pool, fault);
	if (rc != 0) {
		return rc;
	}
	*ret = pool->path;
	if (pool->type == TGT_POOL_DIRECTORY) {
		return 0;
	}
	fault_about(fault, name, NULL);
	return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			 "LUN '%s' is a logical volume of pool '%s', and this driver makes no "
			 "snapshots of those; nothing was changed",
			 name, pool->name);
}

/* What is there */

static int snap_gone(struct tgt *tgt, const char *lun, const char *name, struct fault *fault)
{
	const char *folder;
	int rc = folder_of(tgt, lun, &folder, fault);

	rc = rc != 0 ? rc : snap_file_remove(folder, lun, name, fault);
	if (rc == 0) {
		snap_file_unready(folder, lun);
		snap_list_remove(&tgt->table.snapshots, lun, name);
	}
	return rc;
}

/* Of those of the request: what a process that has died was making or removing. */
static int leftovers_end(struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		const struct snap *snap =
			snap_list_find(&tgt->table.snapshots, wish->luns[i], wish->name);

		if (snap != NULL && snap->state != SNAP_WHOLE) {
			rc = snap_gone(tgt, wish->luns[i], wish->name, fault);
			any = true;
		}
	}
	return rc != 0 || !any ? rc : table_store(tgt, fault);
}

/* Each LUN of the request has it, made together, and no other has one of that set. */
static bool is_made(const struct tgt *tgt, const struct driver_snapshot *wish)
{
	const struct snap_list *list = &tgt->table.snapshots;
	const struct snap *first = snap_list_find(list, wish->luns[0], wish->name);
	size_t of_set = 0;

	if (first == NULL) {
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		of_set += strcmp(list->snaps[i].set, first->set) == 0 ? 1 : 0;
	}
	for (size_t i = 0; i < wish->n_luns; i++) {
		const struct snap *snap = snap_list_find(list, wish->luns[i], wish->name);

		if (snap == NULL || strcmp(snap->set, first->set) != 0) {
			return false;
		}
	}
	return of_set == wish->n_luns;
}

static int none_check(const struct tgt *tgt, const struct driver_snapshot *wish,
		      struct fault *fault)
{
	for (size_t i = 0; i < wish->n_luns; i++) {
		if (snap_list_find(&tgt->table.snapshots, wish->luns[i], wish->name) != NULL) {
			fault_about(fault, wish->luns[i], NULL);
			return fault_set(
				fault, ARRAY_ERROR_EXISTS,
				"LUN '%s' has a snapshot '%s' already, which was made with "
				"others than these; nothing was changed",
				wish->luns[i], wish->name);
		}
	}
	return 0;
}

/* Make */

/* A resize that has died may have made the file larger. */
static int lun_check(const struct tgt *tgt, const char *name, struct fault *fault)
{
	const struct tgt_lun *lun = tgt_table_find(&tgt->table, name);

	return tgt_backing_check(tgt_config_pool_find(&tgt->config, lun->pool), lun, fault);
}

static int probe(const struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	const char *folder;
	int rc = 0;

	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		rc = folder_of(tgt, wish->luns[i], &folder, fault);
		rc = rc != 0 ? rc : lun_check(tgt, wish->luns[i], fault);
		rc = rc != 0 ? rc : snap_file_probe(folder, wish->luns[i], fault);
	}
	return rc;
}

static int rows_add(struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	char set[TGT_TABLE_ID_DIGITS + 1];
	int rc = tgt_volume_id(set, fault);

	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		const struct tgt_lun *lun = tgt_table_find(&tgt->table, wish->luns[i]);
		struct snap snap = {.size_bytes = lun->size_bytes,
				    .taken_s = (int64_t)time(NULL),
				    .state = SNAP_MAKING};

		(void)snprintf(snap.lun, sizeof(snap.lun), "%s", lun->name);
		(void)snprintf(snap.name, sizeof(snap.name), "%s", wish->name);
		(void)snprintf(snap.set, sizeof(snap.set), "%s", set);
		rc = snap_list_add(&tgt->table.snapshots, &snap, fault);
	}
	return rc != 0 ? rc : table_store(tgt, fault);
}

/* All in a row first: that they are durable may take its time afterwards. */
static int files_make(struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	const char *folder;
	int rc = 0;

	for (int syncing = 0; syncing < 2; syncing++) {
		for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
			const char *lun = wish->luns[i];

			rc = folder_of(tgt, lun, &folder, fault);
			rc = rc != 0   ? rc
			     : syncing ? snap_file_sync(folder, lun, wish->name, fault)
				       : snap_file_make(folder, lun, wish->name, fault);
		}
	}
	return rc;
}

static int note_store(struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	for (size_t i = 0; i < wish->n_luns; i++) {
		struct snap *snap =
			snap_list_find(&tgt->table.snapshots, wish->luns[i], wish->name);

		snap->state = SNAP_WHOLE;
		if (wish->note != NULL) {
			(void)snprintf(snap->note, sizeof(snap->note), "%s", wish->note);
		}
	}
	return table_store(tgt, fault);
}

int tgt_snapshot_make(void *backend, const struct driver_snapshot *wish, bool dry_run,
		      struct deadline deadline, bool *ret_created, struct fault *fault)
{
	struct tgt *tgt = backend;
	struct fault ignored = FAULT_INIT;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	rc = rc != 0 ? rc : leftovers_end(tgt, wish, fault);
	*ret_created = false;
	if (rc == 0 && is_made(tgt, wish)) {
		return dry_run || wish->note == NULL ? 0 : note_store(tgt, wish, fault);
	}
	rc = rc != 0 ? rc : none_check(tgt, wish, fault);
	rc = rc != 0 ? rc : probe(tgt, wish, fault);
	if (rc != 0 || dry_run) {
		return rc;
	}
	rc = rows_add(tgt, wish, fault);
	rc = rc != 0 ? rc : files_make(tgt, wish, fault);
	if (rc != 0) {
		(void)leftovers_end(tgt, wish, &ignored);
		return rc;
	}
	*ret_created = true;
	return note_store(tgt, wish, fault);
}

/* List */

static json_t *snap_encode(const struct snap *snap)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:b}", "lun", snap->lun, "name",
			 snap->name, "set", snap->set, "size_bytes", (json_int_t)snap->size_bytes,
			 "taken", (json_int_t)snap->taken_s, "note", snap->note, "unfinished",
			 snap->state == SNAP_MAKING || snap->state == SNAP_REMOVING);
}

static bool is_wanted(const struct snap *snap, const char *const *luns, size_t n_luns)
{
	bool wanted = n_luns == 0;

	for (size_t i = 0; i < n_luns && !wanted; i++) {
		wanted = strcmp(luns[i], snap->lun) == 0;
	}
	return wanted;
}

int tgt_snapshot_list(void *backend, const char *const *luns, size_t n_luns, json_t *list,
		      struct fault *fault)
{
	const struct tgt *tgt = backend;
	const struct tgt_lun *lun;
	int rc = 0;

	for (size_t i = 0; i < n_luns && rc == 0; i++) {
		rc = tgt_pool_lun(tgt, luns[i], &lun, fault);
	}
	for (size_t i = 0; i < tgt->table.snapshots.count && rc == 0; i++) {
		const struct snap *snap = &tgt->table.snapshots.snaps[i];

		if (is_wanted(snap, luns, n_luns) &&
		    json_array_append_new(list, snap_encode(snap)) != 0) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
		}
	}
	return rc;
}

/* Remove */

int tgt_snapshot_remove(void *backend, const struct driver_snapshot *wish, struct deadline deadline,
			bool *ret_deleted, struct fault *fault)
{
	struct tgt *tgt = backend;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	*ret_deleted = false;
	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		struct snap *snap =
			snap_list_find(&tgt->table.snapshots, wish->luns[i], wish->name);

		if (snap != NULL) {
			snap->state = SNAP_REMOVING;
			*ret_deleted = true;
		}
	}
	if (rc != 0 || !*ret_deleted) {
		return rc;
	}
	rc = table_store(tgt, fault);
	return rc != 0 ? rc : leftovers_end(tgt, wish, fault);
}

/* Restore */

int tgt_snapshot_find(const struct tgt *tgt, const char *lun, const char *name,
		      const struct snap **ret, struct fault *fault)
{
	const struct tgt_lun *row;
	int rc = tgt_pool_lun(tgt, lun, &row, fault);

	if (rc != 0) {
		return rc;
	}
	*ret = snap_list_find(&tgt->table.snapshots, lun, name);
	if (*ret != NULL && (*ret)->state == SNAP_WHOLE) {
		return 0;
	}
	fault_about(fault, lun, NULL);
	return fault_set(fault, ARRAY_ERROR_NO_SUCH_SNAPSHOT,
			 "LUN '%s' has no snapshot '%s'; nothing was changed", lun, name);
}

static int all_ready(const struct tgt *tgt, const struct driver_snapshot *wish, struct fault *fault)
{
	const char *folder;
	int rc = 0;

	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		rc = folder_of(tgt, wish->luns[i], &folder, fault);
		rc = rc != 0 ? rc : snap_file_ready(folder, wish->luns[i], wish->name, fault);
	}
	return rc;
}

static void none_ready(const struct tgt *tgt, const struct driver_snapshot *wish)
{
	struct fault ignored = FAULT_INIT;
	const char *folder;

	for (size_t i = 0; i < wish->n_luns; i++) {
		if (folder_of(tgt, wish->luns[i], &folder, &ignored) == 0) {
			snap_file_unready(folder, wish->luns[i]);
		}
	}
}

/* tgtd has the file open that is no longer to be the LUN's. */
static int lun_swap(struct tgt *tgt, const struct snap *snap, struct deadline deadline,
		    struct fault *fault)
{
	const char *folder;
	int rc = folder_of(tgt, snap->lun, &folder, fault);

	rc = rc != 0 ? rc : tgt_pool_drop_target(tgt, snap->lun, deadline, fault);
	rc = rc != 0 ? rc : snap_file_swap(folder, snap->lun, fault);
	if (rc == 0) {
		(void)tgt_table_resize(&tgt->table, snap->lun, snap->size_bytes);
	}
	return rc;
}

int tgt_snapshot_settle(struct tgt *tgt, struct deadline deadline, struct fault *fault)
{
	struct snap_list *list = &tgt->table.snapshots;
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < list->count && rc == 0; i++) {
		if (list->snaps[i].state == SNAP_RESTORING) {
			rc = lun_swap(tgt, &list->snaps[i], deadline, fault);
			any = true;
		}
	}
	if (rc != 0 || !any) {
		return rc;
	}
	/* All of them are what they were to become: only now can one of them be used. */
	for (size_t i = 0; i < list->count; i++) {
		if (list->snaps[i].state == SNAP_RESTORING) {
			list->snaps[i].state = SNAP_WHOLE;
		}
	}
	return table_store(tgt, fault);
}

int tgt_snapshot_restore(void *backend, const struct driver_snapshot *wish,
			 struct deadline deadline, struct fault *fault)
{
	struct tgt *tgt = backend;
	const struct snap *snap;
	struct tgt_show show;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	for (size_t i = 0; i < wish->n_luns && rc == 0; i++) {
		rc = tgt_snapshot_find(tgt, wish->luns[i], wish->name, &snap, fault);
	}
	if (rc != 0) {
		return rc;
	}
	rc = all_ready(tgt, wish, fault);
	if (rc != 0) {
		none_ready(tgt, wish);
		return rc;
	}
	for (size_t i = 0; i < wish->n_luns; i++) {
		snap_list_find(&tgt->table.snapshots, wish->luns[i], wish->name)->state =
			SNAP_RESTORING;
	}
	rc = table_store(tgt, fault);
	rc = rc != 0 ? rc : tgt_snapshot_settle(tgt, deadline, fault);
	rc = rc != 0 ? rc
		     : tgt_pool_ensure_targets(tgt, wish->luns, wish->n_luns, deadline, &show,
					       fault);
	if (rc == 0) {
		tgt_show_release(&show);
	}
	return rc;
}

int tgt_snapshot_none(const struct tgt *tgt, const char *lun, struct fault *fault)
{
	const struct snap *snap = snap_list_of(&tgt->table.snapshots, lun);

	if (snap == NULL) {
		return 0;
	}
	fault_about(fault, lun, NULL);
	return fault_set(fault, ARRAY_ERROR_IN_USE,
			 "LUN '%s' has a snapshot '%s' and is not removed: remove that first", lun,
			 snap->name);
}

int tgt_snapshot_clone(const struct tgt *tgt, const struct snap *snap, const char *to,
		       struct fault *fault)
{
	const char *folder;
	int rc = folder_of(tgt, snap->lun, &folder, fault);

	return rc != 0 ? rc : snap_file_clone(folder, snap->lun, snap->name, to, fault);
}
