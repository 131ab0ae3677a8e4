/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_volume.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "driver/tgtd/tgt_admin.h"
#include "driver/tgt/tgt_backing.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_snapshot.h"
#include "names/lun.h"

#define CLASSES_TEXT_MAX 128

static int table_store(const struct tgt *tgt, struct fault *fault)
{
	return tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
}

/* Removal */

static int unused_check(const struct tgt_target *target, const char *lun, struct fault *fault)
{
	const char *holder = target->n_acl > 0           ? target->acl[0]
			     : target->n_connections > 0 ? target->connections[0].initiator
							 : NULL;

	if (holder == NULL) {
		return 0;
	}
	fault_about(fault, lun, holder);
	return fault_set(fault, ARRAY_ERROR_IN_USE,
			 "LUN '%s' is held by '%s' and is not removed: revoke it first", lun,
			 holder);
}

static int target_remove(const struct tgt *tgt, const char *lun, struct deadline deadline,
			 struct fault *fault)
{
	struct tgt_target_name name = tgt_target_name(tgt, lun);
	const struct tgt_target *target;
	struct tgt_show show;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
				fault);

	if (rc != 0) {
		return rc;
	}
	target = tgt_show_find(&show, name.text);
	if (target != NULL) {
		rc = unused_check(target, lun, fault);
		rc = rc != 0 ? rc
			     : tgt_admin_target_delete(tgt->config.control_port, target->tid,
						       deadline, fault);
	}
	tgt_show_release(&show);
	return rc;
}

/* A removal that has died is brought to its end first. */
static int removal_end(struct tgt *tgt, const char *name, struct deadline deadline,
		       struct fault *fault)
{
	const struct tgt_unfinished *row = tgt_table_unfinished_find(&tgt->table, name);
	const struct tgt_pool *pool;
	int rc = tgt_pool_get(tgt, &row->lun, &pool, fault);

	rc = rc != 0 ? rc : tgt_backing_remove(pool, &row->lun, deadline, fault);
	if (rc != 0) {
		return rc;
	}
	tgt_table_unfinished_remove(&tgt->table, name);
	return table_store(tgt, fault);
}

/* What is asked for */

int tgt_volume_id(char ret[TGT_TABLE_ID_DIGITS + 1], struct fault *fault)
{
	unsigned char bytes[TGT_TABLE_ID_DIGITS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot read random numbers");
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	}
	return 0;
}

static int class_unknown(const struct tgt *tgt, const char *class, struct fault *fault)
{
	char legal[CLASSES_TEXT_MAX] = "";
	const char *one;

	for (size_t i = 0; (one = tgt_config_class_at(&tgt->config, i)) != NULL; i++) {
		text_list_add(legal, sizeof(legal), one);
	}
	return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			 "no pool of this array gives the reliability '%s'; those that it can "
			 "give: %s",
			 class, legal[0] != '\0' ? legal : "none at all");
}

/* Without a wish, the one with the least redundancy. */
static int class_choose(const struct tgt *tgt, const char *wish, const char **ret,
			struct fault *fault)
{
	*ret = wish != NULL ? wish : tgt_config_class_at(&tgt->config, 0);
	return *ret != NULL && tgt_config_pool_of(&tgt->config, *ret) != NULL
		       ? 0
		       : class_unknown(tgt, *ret != NULL ? *ret : "", fault);
}

static int volume_check(const struct tgt *tgt, const struct driver_volume *volume,
			struct fault *fault)
{
	struct tgt_target_name target = tgt_target_name(tgt, volume->name);

	fault_about(fault, volume->name, NULL);
	return iscsi_name_valid(target.text)
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				   "'%s' would not be a legal iSCSI target name: a LUN of this "
				   "array is named with lower-case letters, digits, '.' and '-'",
				   target.text);
}

/* What is there, or was begun, is what is wanted. */
static int same_check(const struct tgt_lun *old, const struct driver_volume *volume,
		      struct fault *fault)
{
	if (old->size_bytes != volume->size_bytes) {
		return fault_set(fault, ARRAY_ERROR_EXISTS,
				 "LUN '%s' exists already and has %" PRIu64 " bytes, not %" PRIu64,
				 volume->name, old->size_bytes, volume->size_bytes);
	}
	return volume->reliability == NULL || strcmp(old->class, volume->reliability) == 0
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_EXISTS,
				   "LUN '%s' exists already and has the reliability %s, not %s",
				   volume->name, old->class, volume->reliability);
}

/* Nothing is made before it is known that it can be, and before it is recorded. */
static int volume_begin(struct tgt *tgt, const struct driver_volume *volume,
			struct deadline deadline, struct fault *fault)
{
	struct tgt_unfinished row = {.lun = {.size_bytes = volume->size_bytes}};
	const struct tgt_pool *pool;
	const char *class;
	int rc = class_choose(tgt, volume->reliability, &class, fault);

	rc = rc != 0 ? rc : tgt_volume_id(row.lun.id, fault);
	if (rc != 0) {
		return rc;
	}
	pool = tgt_config_pool_of(&tgt->config, class);
	(void)snprintf(row.lun.name, sizeof(row.lun.name), "%s", volume->name);
	(void)snprintf(row.lun.pool, sizeof(row.lun.pool), "%s", pool->name);
	(void)snprintf(row.lun.class, sizeof(row.lun.class), "%s", class);
	rc = tgt_backing_plan(pool, &row.lun, deadline, fault);
	rc = rc != 0 ? rc : tgt_table_unfinished_add(&tgt->table, &row, fault);
	return rc != 0 ? rc : table_store(tgt, fault);
}

static int filling(const struct tgt_unfinished *row, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_UNFINISHED,
			 "LUN '%s' is being filled with zeros: %" PRIu64 " of %" PRIu64
			 " MiB; the same request goes on with it",
			 row->lun.name, row->filled_bytes >> 20, row->lun.size_bytes >> 20);
}

/* After an error of its own, the row stays: the same request goes on, and a delete removes it. */
static int volume_go_on(struct tgt *tgt, struct tgt_unfinished *row, struct deadline deadline,
			struct fault *fault)
{
	const struct tgt_pool *pool;
	struct tgt_unfinished before = *row;
	int rc = tgt_pool_get(tgt, &row->lun, &pool, fault);

	rc = rc != 0 ? rc : tgt_backing_make(pool, row, deadline, fault);
	/* Before it is filled, it is recorded which one it is. */
	if (rc == 0 && strcmp(before.lun.volume, row->lun.volume) != 0) {
		rc = table_store(tgt, fault);
	}
	if (rc == 0 && row->filled_bytes < row->lun.size_bytes) {
		rc = tgt_backing_fill(pool, row, deadline, fault);
	}
	if (rc == 0 && row->filled_bytes < row->lun.size_bytes) {
		rc = table_store(tgt, fault);
		rc = rc != 0 ? rc : filling(row, fault);
	}
	return rc;
}

/* Takes back what was recorded, and what was made. If that fails too, a delete does it. */
static void volume_give_up(struct tgt *tgt, const char *name, struct deadline deadline)
{
	struct fault ignored = FAULT_INIT;

	if (tgt_table_unfinished_find(&tgt->table, name) != NULL &&
	    target_remove(tgt, name, deadline, &ignored) == 0) {
		(void)removal_end(tgt, name, deadline, &ignored);
	}
}

/*
 * The LUN leaves the list of the unfinished in the moment in which it is one. A crash before that
 * leaves a target that is granted to no host, and that the next try finds.
 */
static int volume_finish(struct tgt *tgt, const char *name, struct deadline deadline,
			 struct fault *fault)
{
	struct tgt_unfinished row = *tgt_table_unfinished_find(&tgt->table, name);
	struct tgt_show show;
	int rc;

	tgt_table_unfinished_remove(&tgt->table, name);
	rc = tgt_table_add(&tgt->table, &row.lun, fault);
	rc = rc != 0 ? rc : tgt_pool_ensure_targets(tgt, &name, 1, deadline, &show, fault);
	if (rc == 0) {
		tgt_show_release(&show);
		rc = table_store(tgt, fault);
	}
	if (rc != 0) {
		struct fault ignored = FAULT_INIT;

		tgt_table_remove(&tgt->table, name);
		(void)tgt_table_unfinished_add(&tgt->table, &row, &ignored);
	}
	return rc;
}

static int volume_make(struct tgt *tgt, const struct driver_volume *volume,
		       struct deadline deadline, struct fault *fault)
{
	struct tgt_unfinished *row = tgt_table_unfinished_find(&tgt->table, volume->name);
	bool begun = row != NULL;
	int rc = begun ? same_check(&row->lun, volume, fault)
		       : volume_begin(tgt, volume, deadline, fault);

	if (rc != 0) {
		return rc;
	}
	row = tgt_table_unfinished_find(&tgt->table, volume->name);
	rc = volume_go_on(tgt, row, deadline, fault);
	rc = rc != 0 ? rc : volume_finish(tgt, volume->name, deadline, fault);
	if (rc != 0 && !begun && fault->code != ARRAY_ERROR_UNFINISHED &&
	    fault->code != ARRAY_ERROR_UNREACHABLE) {
		volume_give_up(tgt, volume->name, deadline);
	}
	return rc;
}

int tgt_volume_create(void *backend, const struct driver_volume *volume, struct deadline deadline,
		      bool *ret_created, struct fault *fault)
{
	struct tgt *tgt = backend;
	const struct tgt_lun *old = tgt_table_find(&tgt->table, volume->name);
	const struct tgt_unfinished *left = tgt_table_unfinished_find(&tgt->table, volume->name);
	const struct tgt_pool *pool;
	int rc = volume_check(tgt, volume, fault);

	*ret_created = old == NULL;
	if (rc == 0 && old != NULL) {
		rc = same_check(old, volume, fault);
		rc = rc != 0 ? rc : tgt_pool_get(tgt, old, &pool, fault);
		return rc != 0 ? rc : tgt_backing_check(pool, old, fault);
	}
	if (rc == 0 && left != NULL && left->removed) {
		rc = removal_end(tgt, volume->name, deadline, fault);
	}
	return rc != 0 ? rc : volume_make(tgt, volume, deadline, fault);
}

/* Clones */

static int clone_begin(struct tgt *tgt, const struct snap *snap, const char *name,
		       struct deadline deadline, struct fault *fault)
{
	const struct tgt_lun *from = tgt_table_find(&tgt->table, snap->lun);
	struct tgt_unfinished row = {.lun = *from};
	const struct tgt_pool *pool;
	int rc = tgt_volume_id(row.lun.id, fault);

	(void)snprintf(row.lun.name, sizeof(row.lun.name), "%s", name);
	row.lun.size_bytes = snap->size_bytes;
	row.lun.read_only = false;
	rc = rc != 0 ? rc : tgt_pool_get(tgt, from, &pool, fault);
	rc = rc != 0 ? rc : tgt_backing_plan(pool, &row.lun, deadline, fault);
	rc = rc != 0 ? rc : tgt_table_unfinished_add(&tgt->table, &row, fault);
	return rc != 0 ? rc : table_store(tgt, fault);
}

/* What is there of it is what the snapshot has; what a process that died has left is not. */
int tgt_volume_clone(void *backend, const char *lun, const char *snapshot, const char *name,
		     struct deadline deadline, bool *ret_created, struct fault *fault)
{
	struct tgt *tgt = backend;
	struct driver_volume volume = {.name = name};
	const struct snap *snap;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	*ret_created = tgt_table_find(&tgt->table, name) == NULL;
	rc = rc != 0 ? rc : volume_check(tgt, &volume, fault);
	rc = rc != 0 ? rc : tgt_snapshot_find(tgt, lun, snapshot, &snap, fault);
	if (rc == 0 && !*ret_created) {
		volume.size_bytes = snap->size_bytes;
		return same_check(tgt_table_find(&tgt->table, name), &volume, fault);
	}
	if (rc == 0 && tgt_table_unfinished_find(&tgt->table, name) != NULL) {
		rc = removal_end(tgt, name, deadline, fault);
	}
	rc = rc != 0 ? rc : clone_begin(tgt, snap, name, deadline, fault);
	if (rc != 0) {
		return rc;
	}
	rc = tgt_snapshot_clone(tgt, snap, name, fault);
	rc = rc != 0 ? rc : volume_finish(tgt, name, deadline, fault);
	if (rc != 0) {
		volume_give_up(tgt, name, deadline);
	}
	return rc;
}

/*
 * The order is target, table, backing: a crash leaves a LUN that is granted to no host, or one that
 * is recorded as being removed.
 */
int tgt_volume_delete(void *backend, const char *lun, struct deadline deadline, bool *ret_deleted,
		      struct fault *fault)
{
	struct tgt *tgt = backend;
	const struct tgt_lun *old = tgt_table_find(&tgt->table, lun);
	struct tgt_unfinished row = {.removed = true};
	int rc;

	*ret_deleted = old != NULL || tgt_table_unfinished_find(&tgt->table, lun) != NULL;
	if (!*ret_deleted) {
		return 0;
	}
	rc = tgt_snapshot_none(tgt, lun, fault);
	rc = rc != 0 ? rc : target_remove(tgt, lun, deadline, fault);
	if (rc == 0 && old != NULL) {
		row.lun = *old;
		tgt_table_remove(&tgt->table, lun);
		rc = tgt_table_unfinished_add(&tgt->table, &row, fault);
		rc = rc != 0 ? rc : table_store(tgt, fault);
	}
	return rc != 0 ? rc : removal_end(tgt, lun, deadline, fault);
}
