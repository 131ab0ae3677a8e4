/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_TABLE_H
#define LUNMASK_ARRAY_TGT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/core/fault.h"
#include "driver/snap/snap_list.h"
#include "driver/tgt/tgt_config.h"

/*
 * The data that tgtd loses when it exits, stored in STATE_DIR/luns.json: the LUNs, each with its
 * permanent identity, the fenced initiators, and the hosts of initiators. Grants are not stored:
 *after a restart no LUN is granted to a host, which is the safe state.
 *
 *	tgt_table_load(dir, &table, &fault);
 *	tgt_table_add(), tgt_table_fence()...     in memory
 *	tgt_table_store(dir, &table, &fault);
 *	tgt_table_release(&table);
 *
 * A LUN that is being made, or removed, is in a list of its own, from before anything of it is on
 * the disks until nothing is missing, or left. Nobody sees it there, and nothing of it is
 *forgotten.
 *
 * The file is replaced as a whole and is durable before tgt_table_store() returns. Changes require
 * the array's lock; reading does not. The caller owns the table.
 */
#define TGT_TABLE_FILE "luns.json"
#define TGT_TABLE_LUNS_MAX 4096
#define TGT_TABLE_FENCED_MAX 1024
#define TGT_TABLE_HOSTS_MAX 1024
#define TGT_TABLE_ID_DIGITS 24
#define TGT_VOLUME_MAX 79

struct tgt_lun {
	char name[LUN_NAME_MAX + 1];
	uint64_t size_bytes;
	char id[TGT_TABLE_ID_DIGITS + 1]; /* random hexadecimal digits */
	bool read_only;                   /* no initiator can write to it, so many may have it */
	char pool[TGT_POOL_NAME_MAX + 1];
	char class[TGT_CLASS_NAME_MAX + 1];
	char volume[TGT_VOLUME_MAX + 1]; /* UUID of its logical volume; "": it has none */
};

struct tgt_unfinished {
	struct tgt_lun lun;
	bool removed;          /* it is being removed; otherwise, made */
	uint64_t filled_bytes; /* of its volume: so many have become zeros */
};

struct tgt_fenced {
	char initiator[ISCSI_NAME_MAX + 1];
	int64_t fencing; /* the number of the latest fencing of this initiator */
};

/* An initiator was granted LUNs for this host. */
struct tgt_host {
	char initiator[ISCSI_NAME_MAX + 1];
	char host[HOST_ID_MAX + 1];
};

struct tgt_table {
	struct tgt_lun *luns;
	size_t n_luns;
	struct tgt_unfinished *unfinished;
	size_t n_unfinished;
	struct tgt_fenced *fenced;
	size_t n_fenced;
	struct tgt_host *hosts;
	size_t n_hosts;
	struct snap_list snapshots;
	int64_t fencings; /* number of fencings so far; it only grows */
};

/* If the file does not exist, the table is empty. "internal": the file is unreadable or damaged. */
int tgt_table_load(const char *dir, struct tgt_table *ret, struct fault *fault);
int tgt_table_store(const char *dir, const struct tgt_table *table, struct fault *fault);
void tgt_table_release(struct tgt_table *table);

/* NULL: not found. Valid until the table changes. */
const struct tgt_lun *tgt_table_find(const struct tgt_table *table, const char *name);

/* These change the table in memory only. "no-space": the table is full. */
int tgt_table_add(struct tgt_table *table, const struct tgt_lun *lun, struct fault *fault);
void tgt_table_remove(struct tgt_table *table, const char *name);
/* These two: false: there is no such LUN. */
bool tgt_table_protect(struct tgt_table *table, const char *name, bool read_only);
bool tgt_table_resize(struct tgt_table *table, const char *name, uint64_t size_bytes);

/* NULL: not found. Valid until the table changes. */
struct tgt_unfinished *tgt_table_unfinished_find(const struct tgt_table *table, const char *name);
int tgt_table_unfinished_add(struct tgt_table *table, const struct tgt_unfinished *row,
			     struct fault *fault);
void tgt_table_unfinished_remove(struct tgt_table *table, const char *name);

bool tgt_table_is_fenced(const struct tgt_table *table, const char *initiator);
/* True if the initiator is fenced, by a fencing with a higher number than this one. */
bool tgt_table_is_fenced_since(const struct tgt_table *table, const char *initiator,
			       int64_t fencing);
/*
 * Records the initiator as fenced by the fencing number table->fencings. "no-space": the table is
 * full.
 */
int tgt_table_fence(struct tgt_table *table, const char *initiator, struct fault *fault);
void tgt_table_unfence(struct tgt_table *table, const char *initiator);

bool tgt_table_knows_host(const struct tgt_table *table, const char *initiator, const char *host);
/* "no-space": the table is full. */
int tgt_table_add_host(struct tgt_table *table, const char *initiator, const char *host,
		       struct fault *fault);
void tgt_table_remove_host(struct tgt_table *table, size_t index);

#endif
