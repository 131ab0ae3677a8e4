/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STORE_VFS_H
#define LUNMASK_STORE_VFS_H

#include <stdbool.h>

/*
 * A disk that fails when told to: SQLite's default VFS with a counter in front of every write, sync
 * and truncation. It has no shared memory: a connection that is not exclusive does not get a WAL.
 */
enum vfs_fault {
	VFS_IOERR,
	VFS_FULL,          /* of writes only */
	VFS_DATABASE_SYNC, /* I/O error of a sync of a database, not of its log */
};

void vfs_register(void);

/* The nth operation from now fails, 1 being the next; and with forever all that follow. */
void vfs_arm(int nth, bool forever, enum vfs_fault fault);
/* Whether it came to that. */
bool vfs_fired(void);
/* Operations are counted on, and do not fail. */
void vfs_disarm(void);
/* Syncs since the last vfs_arm(). */
int vfs_syncs(void);
/* Operations on logs since their last sync. */
int vfs_unsynced(void);

/* While held, syncs wait. */
void vfs_hold(void);
void vfs_let_go(void);

#endif
