/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/realtime.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t realtime_now_ms(void)
{
	return g_get_real_time() / 1000;
}

const char *realtime_to_str(int64_t ms, char ret[REALTIME_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(ret, REALTIME_TEXT, "%Y-%m-%d %H:%M:%S", &local) == 0) {
		(void)snprintf(ret, REALTIME_TEXT, "%" PRId64 " ms", ms);
	}
	return ret;
}
