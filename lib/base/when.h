/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_WHEN_H
#define LUNMASK_WHEN_H

#include <stdint.h>

/* Points in time, in ms of CLOCK_REALTIME: for people, and compared with care. */

int64_t when_now_ms(void);

/* "2026-11-23 07:11:22", local. */
#define WHEN_TEXT 32
const char *when_to_str(int64_t ms, char ret[WHEN_TEXT]);

#endif
