/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NODE_H
#define LUNMASK_DAEMON_NODE_H

#include <stdbool.h>

#include <qb/qbloop.h>

#include "base/err.h"
#include "node/settings.h"
#include "paths/paths_round.h"
#include "service/exit_status.h"

/*
 * The shell around the core. It passes events from corosync, the store, the clients and the clock
 * to the core and carries out the core's actions. It writes the log; the modules that it uses do
 * not.
 *
 *	node_new(&options, &node, &err);     checks and opens everything
 *	node_start(node, &err);              joins; from here on it works from the loop
 *	qb_loop_run(loop);                   until node_stop(), or until the node ends itself
 *	node_exit_status(node); node_free(node);
 *
 * The caller owns the loop and everything that options points to; they must outlive the node.
 *
 * Time is CLOCK_MONOTONIC, as in the loop's timers and in corosync. This clock stops while the
 * machine is suspended. That is safe: no safety property depends on time, and corosync reports the
 * loss of the other nodes afterwards.
 */
struct node;

struct node_options {
	qb_loop_t *loop;
	const struct settings *settings;
	const char *state_directory;
	const char *key_file;
	const char *fenced_program;
	struct program paths;
	struct program answer;
};

/* -errno as exit_status_of() maps it. options are borrowed. */
int node_new(const struct node_options *options, struct node **ret, struct err *err);
int node_start(struct node *node, struct err *err);
void node_stop(struct node *node); /* ends the node with EXIT_STATUS_OK */
/* True if the node has ended, perhaps already in node_start(): then do not run the loop. */
bool node_ended(const struct node *node);
enum exit_status node_exit_status(const struct node *node);
/* Writes the queued transactions. After EXIT_STATUS_RESET it also replaces the store. */
void node_free(struct node *node);

/* For --check: the checks that node_new() makes before it changes anything. */
int node_check(const struct node_options *options, struct err *err);

#endif
