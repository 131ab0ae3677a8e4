/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_REALTIME_H
#define LUNMASK_REALTIME_H

#include <stdint.h>

/* Points in time, in ms of CLOCK_REALTIME: for people, and compared with care. */

int64_t realtime_now_ms(void);

/* "2026-11-23 07:11:22", local. */
#define REALTIME_TEXT 32
const char *realtime_to_str(int64_t ms, char ret[REALTIME_TEXT]);

#endif
