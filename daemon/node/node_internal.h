/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_NODE_INTERNAL_H
#define LUNMASK_DAEMON_NODE_INTERNAL_H

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "ask/answers.h"
#include "ask/asks.h"
#include "core/core.h"
#include "ipc/ipc_glance.h"
#include "ipc/ipc_server.h"
#include "node/node.h"
#include "paths/paths_peers.h"
#include "paths/paths_watch.h"
#include "ring/cluster_cpg.h"
#include "ring/wire.h"
#include "store/store.h"
#include "tasks/tasks.h"
#include "watch/domains.h"
#include "watch/fencing_watch.h"

/*
 * The shell's state, shared by its files:
 *
 *	node.c           checks, opening, closing
 *	node_core.c      the core's actions, timers and the store
 *	node_cluster.c   events from corosync
 *	node_solo.c      two nodes: Pacemaker's fencing of the peer
 *	node_client.c    requests of clients
 *	node_domains.c   libvirt's events of this host's domains
 *	node_note.c      what nodes tell each other besides the journal, by its kind
 *	node_paths.c     this host's paths to the arrays, and those of the others
 *	node_ask.c       questions to other nodes, and theirs
 */
#define MS_NS UINT64_C(1000000)
#define NODE_NEWER                                                                                 \
	"the journal was written by a newer lunmaskd: upgrade lunmask on this node; its store is " \
	"kept as it is"

struct node {
	struct node_options options;
	struct wire_key key;
	struct wire_sender sender;
	struct wire_receiver receiver;
	uint64_t rival_messages; /* messages from other processes of this node */

	struct cluster_cpg *cluster;
	struct store *store;
	int store_fd; /* -1 while it is not polled */
	struct tasks *tasks;
	struct core *core;
	struct ipc_server *ipc;
	struct ipc_glance *glance; /* NULL: monitors cannot ask */
	struct fencing_watch *watch;
	struct domains *domains; /* NULL: libvirt is not watched */
	bool domains_polled;
	struct paths_watch *paths; /* NULL: the paths are not measured */
	struct paths_peers *peers; /* what the other nodes say of theirs; NULL likewise */
	uint32_t announcements;
	struct asks *asks;       /* questions of this node's clients to other nodes */
	struct answers *answers; /* to those of other nodes */
	qb_loop_timer_handle asks_timer;
	bool asks_armed;
	int64_t asks_ms;

	uint32_t members[JOURNAL_VOTERS_MAX * 2];
	size_t n_members;
	bool ready; /* joined, and READY=1 sent to systemd */

	/* Requests of the core that are carried out when it has returned. */
	bool store_failed;
	struct err store_err;
	bool reset;
	char reset_why[128];

	struct core_status told;
	bool state_told;
	uint64_t applied;
	const char *solo_why; /* the last reason logged */
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
/* After every call of a core function: carries out what had to wait until the core returned. */
void node_run_deferred(struct node *node);
void node_end(struct node *node, enum exit_status status);
int32_t node_on_store(int32_t fd, int32_t revents, void *data);

/* node_cluster.c */
extern const struct cluster_cpg_ops node_cluster_ops;
void node_on_config(void *user, const struct cluster_config *config);

/* node_solo.c */
extern const struct fencing_watch_ops node_watch_ops;
/* If there are two voters, watches the other one from now on. */
void node_solo_watch(struct node *node, const struct core_status *status);
/* Fills in the solo fields of a status, as of now and not of the watch's last answer. */
void node_solo_status(const struct node *node, const struct core_status *status,
		      struct journal_status *ret);

/* node_client.c */
extern const struct ipc_server_ops node_ipc_ops;
/* Number of messages that were dropped because they were not authentic or not legal. */
uint64_t node_dropped(const struct node *node);
/* A timer function: logs these numbers once a minute if they have grown. */
void node_on_counters(void *data);

/* node_domains.c */
void node_domains_start(struct node *node);
void node_domains_stop(struct node *node);
enum journal_domain node_on_domain(void *shell, const char *vm);

/* node_note.c */
void node_note_send(struct node *node, enum wire_note_kind kind, const uint8_t *data, size_t bytes);
/* A note of another process. */
void node_on_note(struct node *node, uint32_t from, const struct wire_note *note);

/* node_ask.c */
void node_ask_start(struct node *node);
void node_ask_stop(struct node *node);
/* Tells the other nodes what this one answers. */
void node_ask_announce(struct node *node);
/* node->members has changed. */
void node_ask_members(struct node *node);
/* Notes of another node: 0, or -EBADMSG. */
int node_ask_ready(struct node *node, uint32_t from, const struct wire_note *note);
int node_ask_question(struct node *node, uint32_t from, const struct wire_note *note);
int node_ask_answer(struct node *node, uint32_t from, const struct wire_note *note);
int node_on_ask(void *shell, uint64_t token, const struct ipc_question *question,
		const char **ret_why);

/* node_paths.c */
int node_paths_start(struct node *node, struct err *err);
void node_paths_stop(struct node *node);
/* Tells the other nodes what is known of this host's paths. */
void node_paths_announce(struct node *node);
/* node->members has changed. */
void node_paths_members(struct node *node);
/* A note of another node. -EBADMSG, -ENOSPC. */
int node_paths_take(struct node *node, uint32_t from, const struct wire_note *note);
bool node_on_path(void *shell, size_t i, struct journal_path *ret);
const char *node_on_path_state(void *shell, uint64_t *ret_generation);

#endif
