/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/core_internal.h"

/* Time allowed for a proposal of any node, in ranks. */
#define PROPOSAL_RANKS 4
#define ATTEMPTS_MAX 6u

static bool reachable(const struct core *core, uint32_t node)
{
	const struct peer *peer = core_peer_find(core, node);

	return peer != NULL && peer->member && peer->in_quorum;
}

/* Number of reachable voters with a node id lower than `below`. */
static size_t voters_reachable(const struct core *core, uint64_t below)
{
	size_t n = 0;

	for (size_t i = 0; i < core->voters.n; i++) {
		uint32_t node = core->voters.voter[i].node;

		n += node < below && reachable(core, node);
	}
	return n;
}

static int64_t propose_after(const struct core *core, unsigned int ranks)
{
	size_t rank = voters_reachable(core, core->config.node);

	return core->now_ms + RANK_MS / 8 + RANK_MS * (int64_t)(ranks + rank);
}

/* Ends any view. Entries that were collected but not sent are dropped. */
static void view_end(struct core *core)
{
	if (core->phase == PHASE_LEAD) {
		log_truncate(&core->log, core->sent);
	}
	core->phase = PHASE_SYNC;
	/* A node that is to continue alone retries. A blank one checks again that all are. */
	if (core_is_blank(core)) {
		core->alone.n = 0;
	}
	core_append_scan(core);
	core->view_index = 0;
	core->give_up_ms = core->gather_ms = core->prepare_resend_ms = NEVER;
	core->heartbeat_ms = core->silence_ms = NEVER;
	core_fetch_end(core);
	core_client_view_lost(core);
	if (core->hello_ms == NEVER) {
		core->hello_ms = core->now_ms + HEARTBEAT_MS;
	}
}

void core_view_restart(struct core *core)
{
	view_end(core);
	/* Each failed attempt leaves the other nodes more time to try. */
	core->propose_ms = propose_after(core, core->attempts * (unsigned int)core->voters.n);
}

/* Proposing */

/* The promise never to use the ballot again is on disk before the ballot is used. */
static void ballot_take(struct core *core)
{
	struct core_persist persist = {0};

	view_end(core);
	core->promised = (struct ballot){++core->max_counter, core->config.node};
	core->phase = PHASE_PREPARE;
	core->state_owed = false;
	core->propose_ms = NEVER;
	core->give_up_ms = core->now_ms + PROPOSAL_RANKS * RANK_MS + GATHER_MS;
	core_persist(core, &persist);
}

void core_view_alone(struct core *core, const struct voters *voters)
{
	ballot_take(core);
	core->alone = *voters;
}

static void propose(struct core *core)
{
	core->propose_ms = core->now_ms + SILENCE_MS;
	if (core->alone.n > 0) {
		ballot_take(core);
		return;
	}
	if (!core_is_voter(core) ||
	    voters_reachable(core, UINT64_MAX) < voters_majority(&core->voters)) {
		return;
	}
	core->attempts = MIN(core->attempts + 1, ATTEMPTS_MAX);
	ballot_take(core);
}

static void prepare_send(struct core *core)
{
	struct message message = core_message(core, MESSAGE_PREPARE, 0);

	core_seen_add(&message, core);
	core_send(core, &message);
	core->prepare_resend_ms = core->now_ms + RESEND_MS;
}

static void state_send(struct core *core)
{
	struct message message = core_message(core, MESSAGE_STATE, core->promised.node);

	message.position = core_durable_position(core);
	(void)log_chain_at(&core->log, message.position.index, &message.chain);
	message.request = core->promised_to;
	core_seen_add(&message, core);
	core_send(core, &message);
	core->state_owed = false;
}

static bool stated(const struct core *core, const struct peer *peer)
{
	return ballot_compare(peer->stated, core->promised) == 0;
}

/* Does any node remember a newer state of this peer's disk than the peer reports? */
static bool set_back(const struct core *core, const struct peer *peer)
{
	const struct seen said = {peer->node, peer->disk, peer->boot, peer->state};

	if (seen_exceeds(core->seen, core->n_seen, &said)) {
		return true;
	}
	for (size_t i = 0; i < core->n_peers; i++) {
		const struct peer *other = &core->peers[i];

		if (stated(core, other) && seen_exceeds(other->seen, other->n_seen, &said)) {
			return true;
		}
	}
	return false;
}

/* Counts this ballot's promises, with this node's. *ret_best has the best log; NULL: this node. */
static size_t promises(const struct core *core, const struct peer **ret_best)
{
	struct position best = log_last(&core->log);
	size_t n = 0;

	*ret_best = NULL;
	for (size_t i = 0; i < core->voters.n; i++) {
		const struct voter *voter = &core->voters.voter[i];
		const struct peer *peer = core_voter_peer(core, voter);
		bool counts = peer != NULL && stated(core, peer) && !peer->failed &&
			      !set_back(core, peer);

		n += core_voter_is_self(core, voter) || counts;
		if (counts && position_compare(peer->state, best) > 0) {
			best = peer->state;
			*ret_best = peer;
		}
	}
	return n;
}

static bool promised_by_majority(const struct core *core, const struct peer **ret_best)
{
	return core_is_voter(core) && core->voters.n > 0 &&
	       promises(core, ret_best) >= voters_majority(&core->voters);
}

static void adopt(struct core *core, const struct peer *best)
{
	core->phase = PHASE_ADOPT;
	core_view_adopting(core);
	core_fetch_begin(core, best->node, &best->disk, &best->state, &best->state_chain);
}

void core_view_adopting(struct core *core)
{
	if (core->phase == PHASE_ADOPT) {
		core->give_up_ms = core->now_ms + SILENCE_MS;
	}
}

/* For a new cluster. Earlier messages may be old, so every node must confirm that it is blank. */
static bool all_are_blank(const struct core *core)
{
	for (size_t i = 0; i < core->alone.n; i++) {
		const struct voter *voter = &core->alone.voter[i];
		const struct peer *peer = core_voter_peer(core, voter);

		if (!core_voter_is_self(core, voter) &&
		    (peer == NULL || !stated(core, peer) || !peer->blank || peer->failed ||
		     peer->state.index != 0)) {
			return false;
		}
	}
	return true;
}

/* Begins this ballot; its promise is on disk. One transaction: the log from `first`, then VIEW. */
static void lead_behind(struct core *core, const struct voters *voters,
			struct core_persist *persist, uint64_t first)
{
	uint8_t list[VOTERS_BYTES_MAX];

	core->phase = PHASE_LEAD;
	core->give_up_ms = core->gather_ms = core->prepare_resend_ms = NEVER;
	core->heartbeat_ms = core->now_ms + HEARTBEAT_MS;
	if (id128_is_zero(&core->cluster)) {
		core->cluster = core->config.fresh;
	}
	core_append_entry(core, ENTRY_VIEW, NULL, NULL, 0);
	if (voters != NULL) {
		core_append_entry(core, ENTRY_VOTERS, NULL, list, voters_encode(voters, list));
	}
	core->alone.n = 0;
	core->sent = log_last(&core->log).index;
	core_append_persist(core, persist, first);
	core_append_send(core, core->view_index);
}

static void lead(struct core *core, const struct voters *voters)
{
	struct core_persist persist = {0};

	lead_behind(core, voters, &persist, log_last(&core->log).index + 1);
}

static void choose(struct core *core)
{
	const struct peer *best;

	if (core->phase != PHASE_PREPARE || core->prepare_resend_ms == NEVER) {
		return; /* PREPARE is not sent yet */
	}
	if (core->alone.n > 0 && core_is_blank(core)) {
		if (all_are_blank(core)) {
			lead(core, &core->alone);
		}
		return;
	}
	if (!promised_by_majority(core, &best)) {
		return;
	}
	/* The others may have a better log, know of a reset disk, or lack less later. */
	if (core->gather_ms != NEVER &&
	    promises(core, &best) < voters_reachable(core, UINT64_MAX)) {
		return;
	}
	if (best == NULL) {
		lead(core, NULL);
	} else {
		adopt(core, best);
	}
}

void core_view_adopted(struct core *core)
{
	struct core_persist persist = {0};
	const struct peer *best = NULL;
	uint64_t first;
	bool majority;

	if (!core_fetch_install(core, &persist, &first)) {
		return; /* a reset was requested */
	}
	/* The better log defines the voters, and so the logs to compare. */
	majority = promised_by_majority(core, &best);
	if (majority && best == NULL) {
		lead_behind(core, NULL, &persist, first);
		return;
	}
	core_append_persist(core, &persist, first);
	if (majority) {
		adopt(core, best);
	} else {
		core_view_restart(core);
	}
}

/* Ballots of other nodes */

void core_view_promised(struct core *core)
{
	if (ballot_compare(core->promised_durable, core->promised) != 0) {
		return;
	}
	if (core->phase == PHASE_PREPARE && core->alone.n > 0 && !core_is_blank(core)) {
		lead(core, &core->alone);
	} else if (core->phase == PHASE_PREPARE && core->prepare_resend_ms == NEVER) {
		prepare_send(core);
		core->gather_ms = core->now_ms + GATHER_MS;
		choose(core);
	} else if (core->state_owed) {
		state_send(core);
	}
}

void core_view_on_prepare(struct core *core, const struct message *message)
{
	struct core_persist persist = {0};
	int order = ballot_compare(message->ballot, core->promised);

	if (message->ballot.node != message->from || order < 0) {
		return;
	}
	if (order == 0) {
		/* If the log has entries of this ballot, this PREPARE is late. */
		if (core->phase == PHASE_SYNC &&
		    ballot_compare(log_last(&core->log).ballot, core->promised) != 0 &&
		    id128_equal(&core->promised_to, &message->disk)) {
			/* The proposer may still be fetching the best log, which may be long. */
			core->propose_ms = propose_after(core, PROPOSAL_RANKS);
			core->state_owed = true;
			core_view_promised(core);
		}
		return;
	}
	view_end(core);
	core->alone.n = 0;
	/* From here on this node knows that there is a cluster. */
	core_cluster_learn(core, message);
	core->promised = message->ballot;
	core->promised_to = message->disk;
	core->state_owed = true;
	core->propose_ms = propose_after(core, PROPOSAL_RANKS);
	core_persist(core, &persist);
}

void core_view_on_state(struct core *core, const struct message *message)
{
	struct peer *peer = core_peer(core, message->from);

	if (core->phase != PHASE_PREPARE || peer == NULL ||
	    ballot_compare(message->ballot, core->promised) != 0 ||
	    !id128_equal(&message->request, &core->config.disk)) {
		return;
	}
	peer->stated = message->ballot;
	peer->state = message->position;
	peer->state_chain = message->chain;
	peer->n_seen = message->n_seen;
	memcpy(peer->seen, message->seen, message->n_seen * sizeof(peer->seen[0]));
	choose(core);
}

void core_view_follow(struct core *core, struct ballot ballot)
{
	if (core->phase != PHASE_FOLLOW || ballot_compare(core->promised, ballot) != 0) {
		view_end(core);
		core->alone.n = 0;
		core->promised = ballot;
		core->state_owed = false;
		core->phase = PHASE_FOLLOW;
		core_append_scan(core);
	}
	core->propose_ms = NEVER;
	core->silence_ms = core->now_ms + SILENCE_MS;
}

/* Time */

void core_view_on_time(struct core *core)
{
	if (core->now_ms >= core->prepare_resend_ms) {
		prepare_send(core);
	}
	if (core->now_ms >= core->gather_ms) {
		core->gather_ms = NEVER;
		choose(core);
	}
	if (core->now_ms >= core->give_up_ms || core->now_ms >= core->silence_ms) {
		core_view_restart(core);
	}
	if (core->now_ms >= core->propose_ms) {
		propose(core);
	}
}

int64_t core_view_deadline(const struct core *core)
{
	int64_t deadline_ms = MIN(core->prepare_resend_ms, core->gather_ms);

	deadline_ms = MIN(deadline_ms, core->give_up_ms);
	deadline_ms = MIN(deadline_ms, core->silence_ms);
	return MIN(deadline_ms, core->propose_ms);
}
