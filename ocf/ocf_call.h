/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_CALL_H
#define LUNMASK_OCF_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "ocf/ocf_agent.h"

/*
 * One call of an agent: the values in its environment, checked and within limits.
 *
 * All strings belong to the environment and live as long as the process.
 */
#define OCF_VALUE_MAX 4096 /* bytes of one value */

/* The default of the cluster manager if no timeout is set (Pacemaker Explained, "Operations"). */
#define OCF_TIMEOUT_DEFAULT_MS 20000

struct ocf_call {
	const struct ocf_agent *agent;
	const struct ocf_action *action;
	int check_level; /* the highest depth of the action that is not above OCF_CHECK_LEVEL */
	int64_t interval_ms;
	bool is_probe; /* a monitor that is not recurring */
	int64_t timeout_ms;
	struct deadline deadline;   /* timeout_ms from now, minus ocf_call_reserve_ms() */
	const char *instance;       /* the id of the resource, or "" */
	const char *node;           /* the cluster's name of this node, or NULL */
	const char *migrate_source; /* a node name, or NULL */
	const char *migrate_target;
};

/*
 * Reads CRM_meta_timeout, CRM_meta_interval, CRM_meta_on_node, CRM_meta_migrate_source and
 * _target, OCF_CHECK_LEVEL and OCF_RESOURCE_INSTANCE. -EINVAL names the first variable that is
 * wrong. Even then *ret is valid: the wrong variables have their defaults.
 */
int ocf_call_read(const struct ocf_agent *agent, const struct ocf_action *action,
		  struct ocf_call *ret, struct err *err);

/*
 * The part of a timeout that is reserved for a clean exit: a tenth, at least 1 s and at most 10 s,
 * but never more than half.
 */
int64_t ocf_call_reserve_ms(int64_t timeout_ms);

#endif
