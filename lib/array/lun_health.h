/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_HEALTH_H
#define LUNMASK_LUN_HEALTH_H

#include <stdbool.h>

/*
 * The health of a LUN, in the words of lunmask-array(7): does it have the redundancy that its class
 * promises, and its data? What is not known is not healthy.
 */
enum lun_health {
	LUN_HEALTH_UNKNOWN = 0,
	LUN_HEALTHY,
	LUN_DEGRADED, /* the data is there, with less redundancy than the class promises */
	LUN_FAILED,   /* data cannot be read or written */
	LUN_HEALTH_MAX
};

#define LUN_HEALTH_REASON_MAX 255

struct lun_condition {
	enum lun_health health;
	char reason[LUN_HEALTH_REASON_MAX + 1]; /* "" if there is nothing to be told */
};

/* "unknown", "healthy", "degraded", "failed". */
const char *lun_health_to_str(enum lun_health health);
/* false: it is no such word. */
bool lun_health_from_str(const char *text, enum lun_health *ret);

/* What is not known is worse than healthy, and better than degraded. */
bool lun_health_is_worse(enum lun_health health, enum lun_health than);

#endif
