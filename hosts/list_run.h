/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LIST_RUN_H
#define LUNMASK_LIST_RUN_H

#include <stdio.h>

#include "hosts/host_list.h"
#include "hosts/host_rules.h"
#include "hosts/path_list.h"

/*
 * The commands of this room as a whole: ask, then print to file. Each returns 0 or -errno with
 * text: the errors of what it asks, -ENOMEM or -EIO.
 */
enum list_format { LIST_TEXT, LIST_JSON, LIST_XML };

int list_run_paths(const struct path_filter *filter, enum list_format format,
		   struct deadline deadline, FILE *file, struct err *err);

/* node NULL: every node. -ENOENT also: the cluster has no such node. */
int list_run_hosts(const char *vm, const char *node, enum list_format format,
		   struct deadline deadline, FILE *file, enum host_answer *ret, struct err *err);

/* The commands for crm, or for pcs, or for both. */
int list_run_rules(const char *vm, bool crm, bool pcs, struct deadline deadline, FILE *file,
		   struct err *err);

#endif
