/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_TABLE_H
#define LUNMASK_ARRAY_TGT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/core/fault.h"

/*
 * What tgtd forgets when it ends, kept in STATE_DIR/luns.json: which LUNs there are, with the
 * identity each carries for ever, and which initiators are fenced. Grants are not in it: after a
 * restart every LUN is masked, which is the safe state.
 *
 * The file is replaced as a whole and is durable before tgt_table_store() returns. Changes are made
 * under the array's lock; a reader needs none.
 */
#define TGT_TABLE_FILE "luns.json"
#define TGT_TABLE_LUNS_MAX 4096
#define TGT_TABLE_FENCED_MAX 1024
#define TGT_TABLE_ID_DIGITS 24

struct tgt_lun {
	char name[LUN_NAME_MAX + 1];
	uint64_t size_bytes;
	char id[TGT_TABLE_ID_DIGITS + 1]; /* random hexadecimal digits */
};

struct tgt_fenced {
	char initiator[ISCSI_NAME_MAX + 1];
	int64_t fencing; /* the number of the one that fenced it last */
};

struct tgt_table {
	struct tgt_lun *luns;
	size_t n_luns;
	struct tgt_fenced *fenced;
	size_t n_fenced;
	int64_t fencings; /* how many there were; it only grows */
};

/* No file is an empty table. */
int tgt_table_load(const char *dir, struct tgt_table *ret, struct fault *fault);
int tgt_table_store(const char *dir, const struct tgt_table *table, struct fault *fault);
void tgt_table_release(struct tgt_table *table);

/* NULL when there is none. Valid until the table changes. */
const struct tgt_lun *tgt_table_find(const struct tgt_table *table, const char *name);

/* In memory only. */
int tgt_table_add(struct tgt_table *table, const struct tgt_lun *lun, struct fault *fault);
void tgt_table_remove(struct tgt_table *table, const char *name);

bool tgt_table_is_fenced(const struct tgt_table *table, const char *initiator);
/* Also by a fencing with a higher number than this one? */
bool tgt_table_is_fenced_since(const struct tgt_table *table, const char *initiator,
			       int64_t fencing);
/* By the fencing that has the number table->fencings. */
int tgt_table_fence(struct tgt_table *table, const char *initiator, struct fault *fault);
void tgt_table_unfence(struct tgt_table *table, const char *initiator);

#endif
