/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_LOG_TARGET_H
#define LUNMASK_DAEMON_LOG_TARGET_H

#include <stdbool.h>

/*
 * Starts logging with qb_log(): to syslog, written by a separate thread because syslog(3) may
 * block; or to standard error, with the time if stamped. level is one of syslog's. qb_log_fini()
 * stops it.
 */
void log_target_start(const char *name, bool to_stderr, bool stamped, int level);

#endif
