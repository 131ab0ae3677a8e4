/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/lun_health.h"

#include <stddef.h>
#include <string.h>

static const char *const words[LUN_HEALTH_MAX] = {
	[LUN_HEALTH_UNKNOWN] = "unknown",
	[LUN_HEALTHY] = "healthy",
	[LUN_DEGRADED] = "degraded",
	[LUN_FAILED] = "failed",
};

const char *lun_health_to_str(enum lun_health health)
{
	return (unsigned int)health < LUN_HEALTH_MAX ? words[health] : "unknown";
}

bool lun_health_from_str(const char *text, enum lun_health *ret)
{
	for (int i = 0; text != NULL && i < LUN_HEALTH_MAX; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret = (enum lun_health)i;
			return true;
		}
	}
	return false;
}

bool lun_health_is_worse(enum lun_health health, enum lun_health than)
{
	static const int rank[LUN_HEALTH_MAX] = {
		[LUN_HEALTHY] = 0, [LUN_HEALTH_UNKNOWN] = 1, [LUN_DEGRADED] = 2, [LUN_FAILED] = 3};

	return rank[health] > rank[than];
}
