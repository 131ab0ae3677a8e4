/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_ATTRIBUTE_H
#define LUNMASK_CLUSTER_ATTRIBUTE_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Transient attributes of this node, which rules in constraints may use.
 *
 * Pacemaker has no public C interface for them: pcmk__attrd_api_update() is internal, and its
 * header is installed by some releases only (docs/decisions/0027). So this runs attrd_updater(8),
 * as ocf:pacemaker:ping does, which is the interface that all releases have.
 *
 * -ENOENT: attrd_updater is not installed. -ENOTCONN: it failed. -ETIMEDOUT. All with text.
 */

/* The node attribute of an array is this, or the agent's own prefix, before the array's name. */
#define CLUSTER_ATTRIBUTE_PREFIX "lunmask-"

/*
 * dampen, as "5000ms": how long the attribute manager waits for further changes before it tells the
 * cluster. It is set if the attribute is new, or if renew is true.
 */
int cluster_attribute_set(const char *name, const char *value, const char *dampen, bool renew,
			  struct deadline deadline, struct err *err);

/* Afterwards the attribute is not defined. */
int cluster_attribute_clear(const char *name, struct deadline deadline, struct err *err);

#endif
