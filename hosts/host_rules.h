/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_RULES_H
#define LUNMASK_HOST_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * lunmask rules: commands for crm(8) and pcs(8) that keep a VM away from nodes without a path to
 *its array. Nothing is executed, and no more than the cluster's configuration is read.
 *
 *	rc = host_rules_get("web1", deadline, &rules, err);
 *	host_rules_print(&rules, HOST_RULES_CRM, stdout);
 *	host_rules_release(&rules);
 */
struct host_rules {
	char *resource;
	char *array;
	char *prefix; /* of the node attributes; NULL: the cluster has no ocf:lunmask:ArrayPaths */
};

enum host_rules_shell { HOST_RULES_CRM, HOST_RULES_PCS };

/*
 * -ENOENT: the cluster has no such VM. -EINVAL: its array is not known, or a name has characters
 * that a shell would not leave alone. -ENOTCONN, -ETIMEDOUT: the configuration could not be read.
 */
int host_rules_get(const char *vm, struct deadline deadline, struct host_rules *ret,
		   struct err *err);
void host_rules_release(struct host_rules *rules);

/* The commands, one after the other, as a shell takes them. */
void host_rules_print(const struct host_rules *rules, enum host_rules_shell shell, FILE *file);

#endif
