/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SNAP_FILE_H
#define LUNMASK_SNAP_FILE_H

#include "driver/core/fault.h"

/*
 * Snapshots of LUNs that are files of a folder: each is a file beside them, LUN@NAME, which shares
 * its blocks with the LUN (reflink.h). No LUN has a name with '@'.
 *
 *	snap_file_probe()      before anything is recorded: can it be made?
 *	snap_file_make()       of each LUN of a set; it takes a moment
 *	snap_file_sync()       then it is durable
 *	snap_file_remove()     until it succeeds
 *
 * A LUN goes back in two parts, so that several can do it together:
 *
 *	snap_file_ready()      what the LUN is to be is beside it, LUN@@restore, durable
 *	snap_file_swap()       it takes the place of the LUN; may be repeated
 */
int snap_file_probe(const char *folder, const char *lun, struct fault *fault);
int snap_file_make(const char *folder, const char *lun, const char *name, struct fault *fault);
int snap_file_sync(const char *folder, const char *lun, const char *name, struct fault *fault);
int snap_file_remove(const char *folder, const char *lun, const char *name, struct fault *fault);

int snap_file_ready(const char *folder, const char *lun, const char *name, struct fault *fault);
int snap_file_swap(const char *folder, const char *lun, struct fault *fault);
void snap_file_unready(const char *folder, const char *lun);

/* Makes the file of a LUN, durable, which must not exist. */
int snap_file_clone(const char *folder, const char *lun, const char *name, const char *to,
		    struct fault *fault);

#endif
