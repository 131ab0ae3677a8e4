/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_LOG_TARGET_H
#define LUNMASK_DAEMON_LOG_TARGET_H

#include <stdbool.h>

/*
 * Where what a daemon says with qb_log() goes: to syslog, from a thread of its own, since
 * syslog(3) may wait for its daemon; or to standard error, with the time if stamped. level is
 * syslog's. qb_log_fini() ends it.
 */
void log_target_start(const char *name, bool to_stderr, bool stamped, int level);

#endif
