/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/realtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t realtime_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
