/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NOTIFY_H
#define LUNMASK_DAEMON_NOTIFY_H

#include <stdint.h>

/*
 * Sends a state to systemd (sd_notify(3)): "READY=1", "WATCHDOG=1", "STATUS=..." or "STOPPING=1".
 * Does nothing if the process was not started by systemd. 0 or -errno. Callers ignore failures:
 * systemd notices a missing notification itself.
 */
int notify_send(const char *text);

/* The interval in ms of WATCHDOG=1: half of what systemd allows. 0: no watchdog. */
uint64_t notify_watchdog_ms(void);

#endif
