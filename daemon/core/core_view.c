/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/core_internal.h"

/* Time that a proposal, or somebody else's, is given; in ranks. */
#define PROPOSAL_RANKS 4
#define ATTEMPTS_MAX 6u

static bool reachable(const struct core *core, uint32_t node)
{
	const struct peer *peer = core_peer_find(core, node);

	return peer != NULL && peer->member && peer->in_quorum;
}

/* How many voters there are to talk to, of those whose node id is lower than that. */
static size_t voters_reachable(const struct core *core, uint64_t below)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < core->voters.n; i++) {
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

/* The view, whatever it was, is over. What was collected and never sent is forgotten. */
static void view_end(struct core *core)
{
	if (core->phase == PHASE_LEAD) {
		log_truncate(&core->log, core->sent);
	}
	core->phase = PHASE_SYNC;
	/* Who was told to go on alone tries again; whether all are blank is looked at again. */
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
	/* Whoever fails again and again leaves the others more and more time to try. */
	core->propose_ms = propose_after(core, core->attempts * (unsigned int)core->voters.n);
}

/* Proposing */

/* No ballot is used before the promise not to use it again is on disk. */
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

/* Does anybody remember more of this peer's disk than it says itself? */
static bool set_back(const struct core *core, const struct peer *peer)
{
	const struct seen said = {peer->node, peer->disk, peer->boot, peer->state};
	size_t i;

	if (seen_exceeds(core->seen, core->n_seen, &said)) {
		return true;
	}
	for (i = 0; i < core->n_peers; i++) {
		const struct peer *other = &core->peers[i];

		if (stated(core, other) && seen_exceeds(other->seen, other->n_seen, &said)) {
			return true;
		}
	}
	return false;
}

/* Voters that have promised this ballot, this node among them; the best log's owner is *ret_best,
 * or NULL when it is this node's own. */
static size_t promises(const struct core *core, const struct peer **ret_best)
{
	struct position best = log_last(&core->log);
	size_t n = 0;
	size_t i;

	*ret_best = NULL;
	for (i = 0; i < core->voters.n; i++) {
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

/* A new cluster: what was heard earlier may be old, so that everyone says again to be blank. */
static bool all_are_blank(const struct core *core)
{
	size_t i;

	for (i = 0; i < core->alone.n; i++) {
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

/*
 * Begins the own ballot, which is on disk here since it was asked for: behind the log, and in the
 * transaction that has the log from `first` on.
 */
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
		return; /* not asked yet */
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
	/* Others that are about to answer may know more, or may lack less later. */
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
		return; /* and it has asked to be reset */
	}
	/* Who votes, and so whose log is to be compared, is what the better log says. */
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

/* Others' ballots */

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
		/* Where the log has entries of it, it has long been answered: this one is late. */
		if (core->phase == PHASE_SYNC &&
		    ballot_compare(log_last(&core->log).ballot, core->promised) != 0 &&
		    id128_equal(&core->promised_to, &message->disk)) {
			/* It is still at it, which takes as long as the best log is long. */
			core->propose_ms = propose_after(core, PROPOSAL_RANKS);
			core->state_owed = true;
			core_view_promised(core);
		}
		return;
	}
	view_end(core);
	core->alone.n = 0;
	/* From here on this node knows that there is a journal. */
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
