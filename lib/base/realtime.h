/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_REALTIME_H
#define LUNMASK_REALTIME_H

#include <stdint.h>

/* ms of CLOCK_REALTIME, for display: it can be set, and it may differ between hosts. */

int64_t realtime_now_ms(void);

/* "2026-11-23 07:11:22" in local time, or "N ms" if it cannot be converted. Returns ret. */
#define REALTIME_TEXT 32
const char *realtime_to_str(int64_t ms, char ret[REALTIME_TEXT]);

#endif
