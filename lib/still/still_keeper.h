/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STILL_KEEPER_H
#define LUNMASK_STILL_KEEPER_H

#include "base/deadline.h"
#include "base/err.h"

/*
 * A guest stands still for a moment: its file systems are frozen, if its agent answers, and no vCPU
 * runs, so that all its drives are of one instant. A process of its own does that, and lets the
 * guest go on when it is told to, when the time is over, and when the caller has died.
 *
 *	rc = still_keeper_start(&keeper, err);           while the caller has no threads
 *	rc = still_keeper_hold(keeper, vm, uri, 10000, deadline, &how, err);
 *	... something that takes less than that
 *	rc = still_keeper_release(keeper, deadline, err);
 *	still_keeper_end(keeper);
 *
 * If that process dies, too, still_mend() lets the guest go on.
 */
struct still_keeper;

enum still_how {
	STILL_WAS,    /* it did not run, and does not run afterwards */
	STILL_PAUSED, /* no agent answers */
	STILL_FROZEN,
};

int still_keeper_start(struct still_keeper **ret, struct err *err);

/*
 * From when it returns 0, for at most limit_ms. After an error, the guest goes on. -EBUSY: it is in
 * a state between, or after an I/O error.
 */
int still_keeper_hold(struct still_keeper *keeper, const char *vm, const char *uri, int limit_ms,
		      struct deadline deadline, enum still_how *ret, struct err *err);

/*
 * 0: it stood still all the time. -ETIME: it has gone on before. Any other error: it is not known
 * whether it goes on, or whether it stood still; the text says what to do.
 */
int still_keeper_release(struct still_keeper *keeper, struct deadline deadline, struct err *err);

/* Lets the guest go on, if it was not released. NULL is allowed. */
void still_keeper_end(struct still_keeper *keeper);

#endif
