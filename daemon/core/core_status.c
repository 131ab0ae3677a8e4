/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/core_internal.h"

const char *core_role_to_str(enum core_role role)
{
	static const char *const texts[] = {
		[CORE_BLANK] = "blank",         [CORE_LEARNER] = "learner",
		[CORE_FOLLOWER] = "follower",   [CORE_PROPOSER] = "proposer",
		[CORE_SEQUENCER] = "sequencer",
	};

	return texts[role];
}

bool core_is_voter(const struct core *core)
{
	return voters_find(&core->voters, core->config.node, &core->config.disk) >= 0;
}

bool core_voter_is_self(const struct core *core, const struct voter *voter)
{
	return voter->node == core->config.node && id128_equal(&voter->disk, &core->config.disk);
}

const struct peer *core_voter_peer(const struct core *core, const struct voter *voter)
{
	const struct peer *peer = core_peer_find(core, voter->node);

	return peer != NULL && peer->known && id128_equal(&peer->disk, &voter->disk) ? peer : NULL;
}

uint64_t core_voter_acked(const struct core *core, const struct voter *voter)
{
	const struct peer *peer = core_voter_peer(core, voter);

	if (core_voter_is_self(core, voter)) {
		return ballot_compare(core->promised_durable, core->promised) == 0 ? core->durable
										   : 0;
	}
	return peer != NULL && ballot_compare(peer->acked.ballot, core->promised) == 0
		       ? peer->acked.index
		       : 0;
}

bool core_in_view(const struct core *core)
{
	return (core->phase == PHASE_FOLLOW || core->phase == PHASE_LEAD) && core->view_index != 0;
}

bool core_view_held(const struct core *core)
{
	return core_in_view(core) && ballot_compare(core->promised_durable, core->promised) == 0;
}

bool core_active(const struct core *core)
{
	return !core->dead && core_in_view(core) && core->commit >= core->view_index;
}

bool core_gate(const struct core *core)
{
	return core_active(core) && core->quorate &&
	       core->cpg_ring.node == core->quorum_ring.node &&
	       core->cpg_ring.sequence == core->quorum_ring.sequence;
}

static enum core_role role_of(const struct core *core)
{
	if (core->phase == PHASE_LEAD) {
		return CORE_SEQUENCER;
	}
	if (core->phase == PHASE_PREPARE || core->phase == PHASE_ADOPT) {
		return CORE_PROPOSER;
	}
	if (log_last(&core->log).index == 0) {
		return CORE_BLANK;
	}
	return core_is_voter(core) ? CORE_FOLLOWER : CORE_LEARNER;
}

void core_status_get(const struct core *core, struct core_status *ret)
{
	*ret = (struct core_status){
		.cluster = core->cluster,
		.role = role_of(core),
		.active = core_active(core),
		.gate = core_gate(core),
		.quorate = core->quorate,
		.ballot = core->promised,
		.last = log_last(&core->log),
		.durable = core->durable,
		.commit = core->commit,
		.applied = core->applied,
		.snapshot_index = core->snapshot_position.index,
		.voters = core->voters,
	};
	for (size_t i = 0; i < ret->voters.n; i++) {
		ret->voter_acked[i] = core_voter_acked(core, &ret->voters.voter[i]);
	}
}
