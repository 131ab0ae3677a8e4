/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NODE_H
#define LUNMASK_DAEMON_NODE_H

#include <stdbool.h>

#include <qb/qbloop.h>

#include "base/err.h"
#include "node/settings.h"
#include "service/exit_status.h"

/*
 * What stands around the core: it carries events from corosync, the store, the clients and the
 *clock to it, and does what it says. It logs; the parts it is made of do not.
 *
 *	node_new(&options, &node, &err);     checks everything, opens everything
 *	node_start(node, &err);              joins; from here on it works from the loop
 *	qb_loop_run(loop);                   until node_stop(), or an end of its own
 *	node_exit_status(node); node_free(node);
 *
 * Time is CLOCK_MONOTONIC, as the loop's timers and corosync's. It stands still while the machine
 *is suspended: no safety rests on time, and corosync tells of the others' loss afterwards.
 */
struct node;

struct node_options {
	qb_loop_t *loop;
	const struct settings *settings;
	const char *state_directory;
	const char *key_file;
	const char *fenced_program;
};

/* -errno as exit_status_of() knows them. options are borrowed. */
int node_new(const struct node_options *options, struct node **ret, struct err *err);
int node_start(struct node *node, struct err *err);
void node_stop(struct node *node); /* as asked to */
/* Of itself, perhaps already in node_start(): then the loop is not to be run. */
bool node_ended(const struct node *node);
enum exit_status node_exit_status(const struct node *node);
/* Writes what is queued. */
void node_free(struct node *node);

/* For --check: what node_new() looks at before it changes anything. */
int node_check(const struct node_options *options, struct err *err);

#endif
