/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_BACKING_H
#define LUNMASK_ARRAY_TGT_BACKING_H

#include <stdbool.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgt/tgt_config.h"
#include "driver/tgt/tgt_table.h"
#include "array/lun_health.h"

/*
 * What a LUN's data is in: a file of a directory, or a logical volume. Each call takes the pool of
 * the LUN.
 *
 *	tgt_backing_plan()     before anything is recorded: can it be made?
 *	tgt_backing_make()     until it succeeds; what is there of an earlier try, is taken
 *	tgt_backing_fill()     until row->filled_bytes is the size: then all of it is zeros
 *	tgt_backing_check()    before it is given to tgtd
 *	tgt_backing_remove()   until it succeeds
 *
 * Errors are faults as in lunmask-array(7).
 */
#define TGT_BACKING_PATH_MAX 1023

struct tgt_backing_path {
	char text[TGT_BACKING_PATH_MAX + 1];
};

/* What tgtd opens. */
struct tgt_backing_path tgt_backing_path(const struct tgt_pool *pool, const struct tgt_lun *lun);

/* Changes nothing. "exists": something of this name is there, and is not of a LUN. */
int tgt_backing_plan(const struct tgt_pool *pool, const struct tgt_lun *lun,
		     struct deadline deadline, struct fault *fault);

/* May set row->lun.volume and row->filled_bytes. */
int tgt_backing_make(const struct tgt_pool *pool, struct tgt_unfinished *row,
		     struct deadline deadline, struct fault *fault);

/* Goes on for a second or two. */
int tgt_backing_fill(const struct tgt_pool *pool, struct tgt_unfinished *row,
		     struct deadline deadline, struct fault *fault);

/* It is there, is the LUN's, and has its size. */
int tgt_backing_check(const struct tgt_pool *pool, const struct tgt_lun *lun, struct fault *fault);

/* lun is as before. "unsupported": this type cannot. May be repeated. */
int tgt_backing_grow(const struct tgt_pool *pool, const struct tgt_lun *lun, uint64_t size_bytes,
		     struct fault *fault);

int tgt_backing_remove(const struct tgt_pool *pool, const struct tgt_lun *lun,
		       struct deadline deadline, struct fault *fault);

/*
 * The health of LUNs, one after the other. What LVM says about a group is asked for once:
 *
 *	look = tgt_backing_look_new(&config, deadline);
 *	... tgt_backing_condition(look, lun)
 *	tgt_backing_look_free(look);
 *
 * What cannot be found out is LUN_HEALTH_UNKNOWN, with the reason why.
 */
struct tgt_backing_look;
struct tgt_backing_look *tgt_backing_look_new(const struct tgt_config *config,
					      struct deadline deadline);
struct lun_condition tgt_backing_condition(struct tgt_backing_look *look,
					   const struct tgt_lun *lun);
void tgt_backing_look_free(struct tgt_backing_look *look);

#endif
