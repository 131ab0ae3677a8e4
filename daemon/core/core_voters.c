/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "core/core_internal.h"

/* A node that lacks at most this many entries may become a voter. */
#define LAG_MAX 16

/*
 * A voter that never votes. A list with it comes between two voters and three: this list needs both
 * voters, so that neither can continue alone any more when the third one counts.
 */
static const struct voter NOBODY = {0};

static bool configured(const struct core *core, uint32_t node)
{
	const struct peer *peer = core_peer_find(core, node);

	return peer != NULL && peer->configured;
}

/* A new cluster */

/* All nodes of the list are here and never wrote anything: nothing is lost. The lowest begins. */
static bool all_blank(const struct core *core, struct voters *ret)
{
	*ret = (struct voters){0};
	for (size_t i = 0; i < core->n_peers; i++) {
		const struct peer *peer = &core->peers[i];
		struct voter voter = {peer->node, peer->disk};

		if (!peer->configured) {
			continue;
		}
		if (peer->node < core->config.node || !peer->member) {
			return false;
		}
		if (peer->node == core->config.node) {
			voter.disk = core->config.disk;
		} else if (!peer->known || !peer->blank || peer->failed) {
			return false;
		}
		if (!voters_add(ret, &voter)) {
			return false;
		}
	}
	return voters_find(ret, core->config.node, NULL) >= 0;
}

static void cluster_make(struct core *core)
{
	struct voters voters;

	if (core_is_blank(core) && core->phase == PHASE_SYNC && all_blank(core, &voters)) {
		core_view_alone(core, &voters);
	}
}

/* Changes by the sequencer, one at a time */

static bool peer_acks(const struct core *core, const struct voter *voter)
{
	const struct peer *peer = core_voter_peer(core, voter);
	uint64_t acked = core_voter_acked(core, voter);

	return core_voter_is_self(core, voter) || (peer != NULL && peer->member && !peer->failed &&
						   acked > 0 && acked + LAG_MAX >= core->commit);
}

/* Could these voters commit now? */
static bool can_commit(const struct core *core, const struct voters *voters)
{
	size_t n = 0;

	for (size_t i = 0; i < voters->n; i++) {
		n += peer_acks(core, &voters->voter[i]);
	}
	return voters->n > 0 && n >= voters_majority(voters);
}

/* Has left the node list, has reported that its store failed, or has another disk. */
static bool is_gone(const struct core *core, const struct voter *voter)
{
	const struct peer *peer = core_peer_find(core, voter->node);

	if (voter->node == core->config.node) {
		return !configured(core, voter->node);
	}
	if (peer != NULL && peer->known &&
	    (peer->failed || !id128_equal(&peer->disk, &voter->disk))) {
		return true;
	}
	/* With two voters, a node removed from the list might unknowingly continue alone. */
	return core->voters.n > 2 && voter->node != NOBODY.node && !configured(core, voter->node);
}

static bool node_list_known(const struct core *core)
{
	for (size_t i = 0; i < core->n_peers; i++) {
		if (core->peers[i].configured) {
			return true;
		}
	}
	return false;
}

static void nobody_remove(struct voters *voters)
{
	int at = voters_find(voters, NOBODY.node, NULL);

	if (at >= 0) {
		voters_remove(voters, (size_t)at);
	}
}

static bool one_less(const struct core *core, struct voters *voters)
{
	for (size_t i = 0; i < voters->n; i++) {
		struct voters less = *voters;

		voters_remove(&less, i);
		nobody_remove(&less);
		if (is_gone(core, &voters->voter[i]) && can_commit(core, &less)) {
			*voters = less;
			return true;
		}
	}
	return false;
}

static bool newcomer_find(const struct core *core, struct voter *ret)
{
	for (size_t i = 0; i < core->n_peers; i++) {
		const struct peer *peer = &core->peers[i];

		*ret = (struct voter){peer->node, peer->disk};
		if (peer->node != core->config.node && peer->known && peer->configured &&
		    voters_find(&core->voters, peer->node, NULL) < 0 && peer_acks(core, ret)) {
			return true;
		}
	}
	return false;
}

static bool one_more(const struct core *core, struct voters *voters)
{
	bool prepared = voters_find(voters, NOBODY.node, NULL) >= 0;
	struct voter voter;
	bool found = newcomer_find(core, &voter);

	if (voters->n == 2 && found) {
		return can_commit(core, voters) && voters_add(voters, &NOBODY);
	}
	nobody_remove(voters);
	return (found && voters_add(voters, &voter)) || prepared;
}

static void voters_change(struct core *core)
{
	struct voters voters = core->voters;
	uint8_t list[VOTERS_BYTES_MAX];
	uint64_t index;

	/* An entry of this ballot and the previous change must be committed. */
	if (core->phase != PHASE_LEAD || !core_active(core) || !node_list_known(core)) {
		return;
	}
	for (index = core->commit + 1; index <= log_last(&core->log).index; index++) {
		if (log_at(&core->log, index)->kind == ENTRY_VOTERS) {
			return;
		}
	}
	if (one_less(core, &voters) || one_more(core, &voters)) {
		core_append_entry(core, ENTRY_VOTERS, NULL, list, voters_encode(&voters, list));
	}
}

/* Continuing alone */

static void solo(struct core *core)
{
	struct voters alone = {0};
	struct voter self = {core->config.node, core->config.disk};

	(void)voters_add(&alone, &self);
	core_view_alone(core, &alone);
}

const char *core_solo_refused(const struct core *core, uint32_t peer, bool wait_for_all)
{
	if (core->voters.n != 2 || !core_is_voter(core) || peer == core->config.node ||
	    voters_find(&core->voters, peer, NULL) < 0) {
		return "there are not two voters, this node and that one";
	}
	if (!core->needed) {
		return "this node has not been active with the other one since it was started";
	}
	if (!core->quorate) {
		return "this partition has no quorum";
	}
	return wait_for_all ? NULL : "wait_for_all is not set in corosync.conf";
}

static const char *solo_refused(const struct core *core, uint32_t peer, bool wait_for_all)
{
	const struct peer *other = core_peer_find(core, peer);
	const char *why = core_solo_refused(core, peer, wait_for_all);

	if (why == NULL && other != NULL && other->member) {
		why = "the other node is still a member of the group";
	}
	return why;
}

int core_on_solo(struct core *core, int64_t now_ms, enum solo_reason reason, uint32_t peer,
		 bool wait_for_all, const char **ret_why)
{
	const char *why = NULL;

	core->now_ms = MAX(core->now_ms, now_ms);
	if (core_active(core)) {
		*ret_why = "the journal is active";
		return -EALREADY;
	}
	if (core->dead) {
		why = "this node's store has failed";
	} else if (reason == SOLO_FENCED) {
		why = solo_refused(core, peer, wait_for_all);
	}
	if (why != NULL) {
		*ret_why = why;
		return -EPERM;
	}
	solo(core);
	core_on_time(core, now_ms);
	return 0;
}

/* One of two voters has reported that its disk has failed: it will never vote again. */
static bool other_failed(const struct core *core)
{
	/* The other may have committed entries alone, unless `needed`; they would be lost. */
	if (core->voters.n != 2 || !core_is_voter(core) || !core->needed) {
		return false;
	}
	for (size_t i = 0; i < core->voters.n; i++) {
		const struct peer *peer = core_voter_peer(core, &core->voters.voter[i]);

		if (peer != NULL && peer->failed) {
			return true;
		}
	}
	return false;
}

void core_voters_work(struct core *core)
{
	cluster_make(core);
	if (!core_active(core) && other_failed(core)) {
		solo(core);
	}
	voters_change(core);
}
