/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/core.h"

#include <string.h>

#include "core/core_internal.h"

/* Creation */

static void request_free(void *data)
{
	struct request *request = data;

	g_free(request->data);
	g_free(request);
}

static bool log_load(struct core *core, const struct core_durable *durable)
{
	log_init(&core->log, durable->base, &durable->base_chain);
	for (size_t i = 0; i < durable->n_entries; i++) {
		const struct entry *theirs = &durable->entries[i];
		const struct entry *mine = log_append(&core->log, theirs);

		if (mine->index != theirs->index || !id128_equal(&mine->chain, &theirs->chain)) {
			return false;
		}
	}
	return true;
}

static const char *durable_load(struct core *core, const struct core_durable *durable)
{
	uint64_t hint;

	core->cluster = durable->cluster;
	core->promised = durable->promised;
	core->promised_durable = durable->promised;
	core->born = durable->promised;
	core->max_counter = durable->promised.counter;
	if (!log_load(core, durable)) {
		return "the log's chain is broken";
	}
	if (log_last(&core->log).index > 0 && id128_is_zero(&core->cluster)) {
		return "there is a log, and no cluster that it is of";
	}
	memcpy(core->seen, durable->seen, durable->n_seen * sizeof(core->seen[0]));
	core->n_seen = durable->n_seen;
	core->durable = log_last(&core->log).index;
	core->durable_position = log_last(&core->log);
	if (durable->snapshot != NULL &&
	    !core_snapshot_load(core, durable->snapshot, durable->snapshot_bytes)) {
		return "the snapshot cannot be read";
	}
	if (core->applied < core->log.base.index || core->applied > core->durable) {
		return "the snapshot and the log do not meet";
	}
	core_append_scan(core);
	core->view_index = 0;
	hint = MIN(durable->commit, core->durable);
	core->commit = MAX(core->applied, hint);
	core_apply(core);
	return NULL;
}

struct core *core_new(const struct core_config *config, const struct core_durable *durable,
		      const struct core_ops *ops, void *shell,
		      const struct machine_ops *machine_ops, void *machine, const char **ret_why)
{
	struct core *core = g_new0(struct core, 1);
	const char *why;

	core->config = *config;
	core->ops = ops;
	core->shell = shell;
	core->machine_ops = machine_ops;
	core->machine = machine;
	/* Answers to a previous run of this node must not match this run. */
	memcpy(&core->nonce, config->fresh.bytes, sizeof(core->nonce));
	core->dedup = dedup_new();
	core->requests = g_ptr_array_new_with_free_func(request_free);
	core->reads = g_ptr_array_new_with_free_func(g_free);
	g_queue_init(&core->pending);
	core->propose_ms = core->give_up_ms = core->gather_ms = core->prepare_resend_ms = NEVER;
	core->heartbeat_ms = core->silence_ms = core->hello_ms = NEVER;
	why = machine_ops->load(machine, NULL, 0) == 0 ? NULL : "no memory";
	if (why == NULL) {
		why = durable_load(core, durable);
	}
	if (why != NULL) {
		*ret_why = why;
		core_free(core);
		return NULL;
	}
	return core;
}

void core_free(struct core *core)
{
	if (core == NULL) {
		return;
	}
	core_fetch_end(core);
	g_ptr_array_free(core->requests, TRUE);
	g_ptr_array_free(core->reads, TRUE);
	g_queue_clear_full(&core->pending, g_free);
	dedup_free(core->dedup);
	log_release(&core->log);
	g_free(core->snapshot);
	g_free(core);
}

void core_reset(struct core *core, const char *why)
{
	if (!core->dead) {
		core->dead = true;
		core->ops->reset(core->shell, why);
	}
}

/* Peers */

const struct peer *core_peer_find(const struct core *core, uint32_t node)
{
	for (size_t i = 0; i < core->n_peers; i++) {
		if (core->peers[i].node == node) {
			return &core->peers[i];
		}
	}
	return NULL;
}

struct peer *core_peer(struct core *core, uint32_t node)
{
	struct peer *peer = (struct peer *)core_peer_find(core, node);

	if (peer == NULL && core->n_peers < CORE_PEERS_MAX) {
		peer = &core->peers[core->n_peers++];
		*peer = (struct peer){.node = node};
	}
	return peer;
}

/* A peer with another disk or boot is a new one: drop what the previous one said. */
static void peer_heard(struct peer *peer, const struct message *message)
{
	if (!peer->known || !id128_equal(&peer->disk, &message->disk) ||
	    peer->boot != message->boot) {
		peer->known = true;
		peer->disk = message->disk;
		peer->boot = message->boot;
		peer->failed = false;
		peer->acked = (struct position){0};
		peer->stated = (struct ballot){0};
		peer->echoed = 0;
	}
	peer->blank = message->kind == MESSAGE_HELLO
			      ? (message->flags & MESSAGE_BLANK) != 0
			      : peer->blank && id128_is_zero(&message->cluster);
}

/* Sending and writing */

struct position core_durable_position(const struct core *core)
{
	struct position position = {0};

	(void)log_position_at(&core->log, core->durable, &position);
	return position;
}

struct message core_message(const struct core *core, enum message_kind kind, uint32_t to)
{
	return (struct message){
		.kind = kind,
		.cluster = core->cluster,
		.from = core->config.node,
		.disk = core->config.disk,
		.boot = core->config.boot,
		.to = to,
		.ballot = core->promised,
	};
}

void core_send(struct core *core, const struct message *message)
{
	if (!core->dead) {
		core->ops->send(core->shell, message);
	}
}

void core_seen_add(struct message *message, const struct core *core)
{
	memcpy(message->seen, core->seen, core->n_seen * sizeof(core->seen[0]));
	message->n_seen = core->n_seen;
}

void core_persist(struct core *core, struct core_persist *persist)
{
	struct pending *pending = g_new(struct pending, 1);

	persist->sequence = ++core->sequence;
	persist->cluster = core->cluster;
	persist->promised = core->promised;
	persist->commit = core->commit;
	persist->seen = core->seen;
	persist->n_seen = core->n_seen;
	pending->sequence = persist->sequence;
	pending->promised = core->promised;
	pending->last = log_last(&core->log);
	/* Entries that are collected but not sent are not part of it. */
	if (core->phase == PHASE_LEAD) {
		(void)log_position_at(&core->log, core->sent, &pending->last);
	}
	g_queue_push_tail(&core->pending, pending);
	core->ops->persist(core->shell, persist);
}

bool core_is_blank(const struct core *core)
{
	return log_last(&core->log).index == 0 && id128_is_zero(&core->cluster);
}

void core_cluster_learn(struct core *core, const struct message *message)
{
	if (id128_is_zero(&core->cluster)) {
		core->cluster = message->cluster;
	}
}

static void hello(struct core *core)
{
	struct message message = core_message(core, MESSAGE_HELLO, 0);

	message.flags = core_is_blank(core) ? MESSAGE_BLANK : 0;
	core_seen_add(&message, core);
	core_send(core, &message);
	core->hello_ms = core->now_ms + HEARTBEAT_MS;
}

/* Events */

static bool enter(struct core *core, int64_t now_ms)
{
	core->now_ms = MAX(core->now_ms, now_ms);
	return !core->dead;
}

/* After every event: does all that it has made possible. */
static void leave(struct core *core)
{
	if (!core->dead) {
		core_voters_work(core);
		core_client_work(core);
		core_append_flush(core);
	}
}

static void nodes_mark(struct core *core, const uint32_t *nodes, size_t n_nodes, size_t offset)
{
	for (size_t i = 0; i < core->n_peers; i++) {
		*(bool *)((char *)&core->peers[i] + offset) = false;
	}
	for (size_t i = 0; i < n_nodes; i++) {
		struct peer *peer = core_peer(core, nodes[i]);

		if (peer != NULL) {
			*(bool *)((char *)peer + offset) = true;
		}
	}
}

void core_on_members(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes,
		     struct ring ring)
{
	if (enter(core, now_ms)) {
		core->cpg_ring = ring;
		nodes_mark(core, nodes, n_nodes, offsetof(struct peer, member));
		core_view_restart(core);
		hello(core);
		leave(core);
	}
}

void core_on_quorum(struct core *core, int64_t now_ms, bool quorate, const uint32_t *nodes,
		    size_t n_nodes, struct ring ring)
{
	if (enter(core, now_ms)) {
		core->quorate = quorate;
		core->quorum_ring = ring;
		nodes_mark(core, nodes, n_nodes, offsetof(struct peer, in_quorum));
		core_view_restart(core);
		leave(core);
	}
}

void core_on_nodes(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes)
{
	if (enter(core, now_ms)) {
		nodes_mark(core, nodes, n_nodes, offsetof(struct peer, configured));
		leave(core);
	}
}

/* Does the message show a state of this disk that is newer than the disk itself? */
static bool set_back(const struct core *core, const struct message *message)
{
	const struct seen self = {core->config.node, core->config.disk, core->config.boot,
				  core->durable_position};

	return seen_exceeds(message->seen, message->n_seen, &self);
}

typedef void message_handler(struct core *core, const struct message *message);

static void on_hello(struct core *core, const struct message *message)
{
	const struct peer *peer = core_peer_find(core, message->from);

	/* A node that promised a higher ballot and cannot propose would wait for ever. */
	if (core->phase == PHASE_LEAD && peer != NULL && peer->configured &&
	    ballot_compare(message->ballot, core->promised) > 0) {
		core_view_restart(core);
	}
}

static void on_failed(struct core *core, const struct message *message)
{
	struct peer *peer = core_peer(core, message->from);

	if (peer != NULL) {
		peer->failed = true;
	}
}

static message_handler *const handlers[MESSAGE_KIND_MAX] = {
	[MESSAGE_HELLO] = on_hello,
	[MESSAGE_PREPARE] = core_view_on_prepare,
	[MESSAGE_STATE] = core_view_on_state,
	[MESSAGE_FETCH] = core_fetch_on_fetch,
	[MESSAGE_ENTRIES] = core_fetch_on_entries,
	[MESSAGE_SNAPSHOT] = core_fetch_on_snapshot,
	[MESSAGE_APPEND] = core_append_on_append,
	[MESSAGE_ACK] = core_append_on_ack,
	[MESSAGE_REQUEST] = core_client_on_request,
	[MESSAGE_BARRIER] = core_client_on_barrier,
	[MESSAGE_ECHO] = core_client_on_echo,
	[MESSAGE_FAILED] = on_failed,
};

static bool message_is_for_us(const struct core *core, const struct message *message)
{
	return message->from != core->config.node &&
	       (message->to == 0 || message->to == core->config.node) &&
	       (unsigned int)message->kind < MESSAGE_KIND_MAX && handlers[message->kind] != NULL &&
	       (id128_is_zero(&message->cluster) || id128_is_zero(&core->cluster) ||
		id128_equal(&message->cluster, &core->cluster));
}

void core_on_message(struct core *core, int64_t now_ms, const struct message *message)
{
	struct peer *peer;

	if (!enter(core, now_ms) || !message_is_for_us(core, message)) {
		return;
	}
	peer = core_peer(core, message->from);
	/* Ignore a process that a later one on the same disk has replaced. */
	if (peer == NULL || (peer->known && id128_equal(&peer->disk, &message->disk) &&
			     message->boot < peer->boot)) {
		return;
	}
	peer_heard(peer, message);
	core->max_counter = MAX(core->max_counter, message->ballot.counter);
	if (set_back(core, message)) {
		core_reset(core, "this disk was set back: others remember more of it than it does");
		return;
	}
	handlers[message->kind](core, message);
	leave(core);
}

static void pending_done(struct core *core, const struct pending *pending)
{
	struct position here;

	if (position_compare(pending->last, core->durable_position) > 0) {
		core->durable_position = pending->last;
	}
	core->promised_durable = pending->promised;
	/* If this was truncated meanwhile, a later transaction covers it. */
	if (log_position_at(&core->log, pending->last.index, &here) &&
	    position_compare(here, pending->last) == 0) {
		core->durable = pending->last.index;
	}
}

void core_on_persisted(struct core *core, int64_t now_ms, uint64_t sequence)
{
	struct pending *pending;

	if (!enter(core, now_ms)) {
		return;
	}
	while ((pending = g_queue_peek_head(&core->pending)) != NULL &&
	       pending->sequence <= sequence) {
		pending_done(core, pending);
		g_free(g_queue_pop_head(&core->pending));
	}
	core_view_promised(core);
	core_append_ack(core);
	core_append_commit(core);
	leave(core);
}

void core_on_store_failed(struct core *core, int64_t now_ms)
{
	struct message message = core_message(core, MESSAGE_FAILED, 0);

	if (enter(core, now_ms)) {
		core_send(core, &message);
		core->dead = true;
	}
}

void core_on_time(struct core *core, int64_t now_ms)
{
	if (!enter(core, now_ms)) {
		return;
	}
	core_view_on_time(core);
	core_fetch_on_time(core);
	if (core->phase == PHASE_LEAD && core->now_ms >= core->heartbeat_ms) {
		core_append_heartbeat(core);
	}
	if (core->now_ms >= core->hello_ms) {
		core->hello_ms = NEVER;
		if (!core_active(core)) {
			hello(core);
		}
	}
	leave(core);
}

int64_t core_deadline_ms(const struct core *core)
{
	int64_t deadline_ms = core->hello_ms;

	if (core->dead) {
		return NEVER;
	}
	deadline_ms = MIN(deadline_ms, core_view_deadline(core));
	deadline_ms = MIN(deadline_ms, core_fetch_deadline(core));
	deadline_ms = MIN(deadline_ms, core_client_deadline(core));
	return core->phase == PHASE_LEAD ? MIN(deadline_ms, core->heartbeat_ms) : deadline_ms;
}

const struct entry *core_entry(const struct core *core, uint64_t index)
{
	return log_at(&core->log, index);
}
