/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PIDFILE_H
#define LUNMASK_DAEMON_PIDFILE_H

#include "base/err.h"

/*
 * Makes sure that only one process runs. The file is locked as long as its fd is open. It contains
 * the pid for administrators. The file remains after the process has exited, unlocked: only the
 * lock counts.
 */

/* An fd for the caller to keep open, or -errno. -EBUSY: another process; err names its pid. */
int pidfile_lock(const char *path, struct err *err);

#endif
