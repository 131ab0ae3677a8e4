/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_CALL_H
#define LUNMASK_OCF_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "ocf/ocf_agent.h"

/*
 * One call of an agent: what the environment says about it, checked and bounded.
 *
 * All strings are the environment's and live as long as the process.
 */
#define OCF_VALUE_MAX 4096 /* bytes of one value */

/* The resource manager's default when it sets no timeout (Pacemaker Explained, "Operations"). */
#define OCF_TIMEOUT_DEFAULT_MS 20000

struct ocf_call {
	const struct ocf_agent *agent;
	const struct ocf_action *action;
	int check_level; /* a depth that the action has: OCF_CHECK_LEVEL or the next lower one */
	int64_t interval_ms;
	bool is_probe; /* a monitor that is not recurring */
	int64_t timeout_ms;
	struct deadline deadline;   /* the timeout, less what ending cleanly needs */
	const char *instance;       /* the resource's id, or "" */
	const char *node;           /* this node's cluster name, or NULL */
	const char *migrate_source; /* a node, or NULL */
	const char *migrate_target;
};

/*
 * Reads CRM_meta_timeout, CRM_meta_interval, CRM_meta_on_node, CRM_meta_migrate_source and
 * _target, OCF_CHECK_LEVEL and OCF_RESOURCE_INSTANCE. -EINVAL names the variable that is wrong;
 * everything that is right is filled in then, and the rest has its default.
 */
int ocf_call_read(const struct ocf_agent *agent, const struct ocf_action *action,
		  struct ocf_call *ret, struct err *err);

/* What is kept back of a timeout: a tenth, at least 1 s, at most 10 s, never more than half. */
int64_t ocf_call_reserve_ms(int64_t timeout_ms);

#endif
