/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NOTIFY_H
#define LUNMASK_DAEMON_NOTIFY_H

#include <stdint.h>

/*
 * What systemd is told (sd_notify(3)): "READY=1", "WATCHDOG=1", "STATUS=...", "STOPPING=1". Without
 * systemd nothing happens. 0 or -errno; nobody can do anything about a failure, systemd finds out
 * by itself.
 */
int notify_send(const char *text);

/* How often WATCHDOG=1 is to be sent: half of what systemd wants; 0: not. */
uint64_t notify_watchdog_ms(void);

#endif
