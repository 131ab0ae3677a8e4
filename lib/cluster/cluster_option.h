/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_OPTION_H
#define LUNMASK_CLUSTER_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * The cluster's options about fencing, as the administrator has set them. Pacemaker 3.0.2 gave them
 * new names (fencing-enabled instead of stonith-enabled); the old ones still count, unless the new
 * one is set too. A message uses the name that is in the configuration.
 */
enum cluster_option {
	CLUSTER_FENCING_ENABLED,
	CLUSTER_FENCING_ACTION,
	CLUSTER_FENCING_TIMEOUT,
	CLUSTER_FENCING_WATCHDOG_TIMEOUT,
	CLUSTER_OPTIONS,
};

#define CLUSTER_OPTION_NAME_MAX 31
#define CLUSTER_OPTION_VALUE_MAX 127

struct cluster_option_setting {
	bool set;                                 /* false: Pacemaker's default is in force */
	char name[CLUSTER_OPTION_NAME_MAX + 1];   /* as it is set; "": it is not set */
	char value[CLUSTER_OPTION_VALUE_MAX + 1]; /* cut off if it is longer */
};

int cluster_option_get(enum cluster_option option, struct deadline deadline,
		       struct cluster_option_setting *ret, struct err *err);

/*
 * From the text of <crm_config>. Of several sets, the first that has the option counts; rules are
 * not evaluated. -EINVAL: not such a text.
 */
int cluster_option_parse(const char *xml, size_t bytes, enum cluster_option option,
			 struct cluster_option_setting *ret, struct err *err);

/* Is it set to what Pacemaker reads as no? */
bool cluster_option_is_off(const struct cluster_option_setting *setting);

#endif
