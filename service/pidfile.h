/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PIDFILE_H
#define LUNMASK_DAEMON_PIDFILE_H

#include "base/err.h"

/*
 * One process at a time: the file is locked as long as its fd is open, and has the pid for people.
 * It stays after the process, unlocked; the file says nothing, the lock does.
 */

/* An fd to keep. -EBUSY with the other's pid. */
int pidfile_lock(const char *path, struct err *err);

#endif
