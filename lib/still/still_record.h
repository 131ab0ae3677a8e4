/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STILL_RECORD_H
#define LUNMASK_STILL_RECORD_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * What is being done to a guest so that it stands still, in a file below /run, from before it is
 * done until it is undone. The process that does it holds a lock on the file. Where nobody does, it
 * has died, and the guest may stand still for ever: whoever finds the file lets it go on.
 *
 *	rc = still_record_begin(vm, &record, err);           -EBUSY: another process does it
 *	record.pause = true; still_record_store(&record, err);      before it is done
 *	rc = still_undo(&record, deadline, err);             until it succeeds
 *	still_record_end(&record);
 */
#define STILL_DIRECTORY "/run/lunmask/still"
/* Another directory, for tests. */
#define STILL_VARIABLE "LUNMASK_STILL"
#define STILL_URI_MAX 255

struct still_record {
	char vm[128];
	char uri[STILL_URI_MAX + 1];
	bool freeze, pause; /* what has been begun */
	int fd;             /* -1: none */
};

int still_record_begin(const char *vm, const char *uri, struct still_record *ret, struct err *err);
int still_record_store(const struct still_record *record, struct err *err);
/* undone: the file is removed. Otherwise it stays, for others. */
void still_record_end(struct still_record *record, bool undone);

/* The guest goes on, or there is none any more: 0. */
int still_undo(const struct still_record *record, struct deadline deadline, struct err *err);

/*
 * Lets the guest go on if a process that has died has left it frozen or paused. 0 also if there is
 * nothing to do, which costs one look at a file.
 */
int still_mend(const char *vm, struct deadline deadline, struct err *err);

#endif
