/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NODE_INTERNAL_H
#define LUNMASK_DAEMON_NODE_INTERNAL_H

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "core/core.h"
#include "ipc/ipc_server.h"
#include "node/node.h"
#include "ring/cluster_cpg.h"
#include "ring/wire.h"
#include "store/store.h"
#include "tasks/tasks.h"
#include "watch/domains.h"
#include "watch/fencing_watch.h"

/*
 * The shell's state, shared by its files:
 *
 *	node.c           life: checks, opening, closing
 *	node_core.c      what the core wants done, and what it is told of time and of the store
 *	node_cluster.c   what corosync tells
 *	node_solo.c      two nodes: what Pacemaker tells of the other
 *	node_client.c    what clients ask
 *	node_domains.c   what libvirt says of this host's domains
 */
#define MS_NS UINT64_C(1000000)

struct node {
	struct node_options options;
	struct wire_key key;
	struct wire_sender sender;
	struct wire_receiver receiver;
	uint64_t rival_messages; /* of other processes of this node */

	struct cluster_cpg *cluster;
	struct store *store;
	int store_fd; /* polled, or -1 */
	struct tasks *tasks;
	struct core *core;
	struct ipc_server *ipc;
	struct fencing_watch *watch;
	struct domains *domains; /* NULL: not watched */
	bool domains_polled;

	uint32_t members[JOURNAL_VOTERS_MAX * 2];
	size_t n_members;
	bool ready; /* joined, and told systemd */

	/* What the core said, done when it has returned. */
	bool changed;
	bool store_failed;
	struct err store_err;
	bool reset;
	char reset_why[128];

	struct core_status told;
	bool state_told;
	uint64_t applied;
	const char *solo_why; /* the last reason that was logged */
	uint64_t dropped_told;
	qb_loop_timer_handle core_timer;
	bool core_armed;
	int64_t core_ms;
	qb_loop_timer_handle counters_timer;
	bool counters_armed;

	bool ended;
	enum exit_status exit_status;

	uint8_t buffer[WIRE_BYTES_MAX];
	struct entry entries[MESSAGE_ENTRIES_MAX];
};

/* node_core.c */
extern const struct core_ops node_core_ops;
/* After every call of a core function: does what had to wait until it returned. */
void node_settle(struct node *node);
void node_end(struct node *node, enum exit_status status);
int32_t node_on_store(int32_t fd, int32_t revents, void *data);

/* node_cluster.c */
extern const struct cluster_cpg_ops node_cluster_ops;
void node_on_config(void *user, const struct cluster_config *config);

/* node_solo.c */
extern const struct fencing_watch_ops node_watch_ops;
/* The other of two voters, if there are two, is watched from now on. */
void node_solo_watch(struct node *node, const struct core_status *status);
/* What a status says of that: now, whatever the watch's next question. */
void node_solo_status(const struct node *node, const struct core_status *status,
		      struct journal_status *ret);

/* node_client.c */
extern const struct ipc_server_ops node_ipc_ops;
/* Messages that were not believed. */
uint64_t node_dropped(const struct node *node);
/* Logs now and then how many, if there are more; a function for a timer. */
void node_on_counters(void *data);

/* node_domains.c */
void node_domains_start(struct node *node);
void node_domains_stop(struct node *node);
enum journal_domain node_on_domain(void *shell, const char *vm);

#endif
