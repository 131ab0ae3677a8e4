/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CORE_INTERNAL_H
#define LUNMASK_DAEMON_CORE_INTERNAL_H

#include <glib.h>

#include "core/core.h"
#include "core/dedup.h"
#include "core/log.h"

/*
 * The core's state, shared by its files:
 *
 *	core.c           creation, events, time
 *	core_view.c      membership, ballots, choosing a sequencer
 *	core_append.c    entries from the sequencer to the others; acknowledging, committing
 *	core_fetch.c     entries and snapshots for nodes that lack them
 *	core_apply.c     committed entries into the machine; snapshots of the machine
 *	core_client.c    requests and reads of this node
 *	core_voters.c    the list of voters: creation, changes, continuing alone
 *	core_status.c    the core's status
 */
#define HEARTBEAT_MS 1000 /* of the sequencer */
#define SILENCE_MS 4000   /* without a heartbeat: the sequencer is considered lost */
#define RESEND_MS 250     /* of messages without an answer */
#define GATHER_MS 100     /* time to collect STATE from more than a majority */
#define RANK_MS 400       /* delay of a proposal per rank */

#define CORE_PEERS_MAX 64
#define CORE_UNCOMMITTED_MAX 512 /* entries; at this number a sequencer takes no more requests */
#define CORE_BURST_MAX 8         /* messages per answer to a FETCH */
#define CORE_CHUNK_BYTES (48 * 1024)
#define CORE_SNAPSHOT_BYTES_MAX (64 * 1024 * 1024)

enum phase {
	PHASE_SYNC,    /* no sequencer known */
	PHASE_PREPARE, /* proposing: collecting promises */
	PHASE_ADOPT,   /* proposing: fetching the best log */
	PHASE_FOLLOW,
	PHASE_LEAD,
};

/* What this node knows of a node, itself included. */
struct peer {
	uint32_t node;
	bool member;     /* in the CPG group */
	bool in_quorum;  /* in the quorum list */
	bool configured; /* in the cluster's node list */

	bool known; /* has sent a message; the fields below are from its messages */
	struct id128 disk;
	uint64_t boot;
	bool blank;
	bool failed;

	struct position acked; /* ballot: of the view */

	struct ballot stated; /* ballot of its last STATE, which gave the fields below */
	struct position state;
	struct id128 state_chain;
	size_t n_seen;
	struct seen seen[JOURNAL_VOTERS_MAX];

	uint64_t echoed; /* nonce */
};

/* A transaction that may not be durable yet. */
struct pending {
	uint64_t sequence;
	struct ballot promised;
	struct position last;
};

/* Fetched data, kept until one transaction can install them. The end of the view drops them. */
struct staging {
	bool open;
	uint32_t from;
	struct id128 disk;     /* disk of `from`: by mistake, two machines may share a node id */
	struct position until; /* ADOPT: end of the best log */
	struct id128 until_chain;
	bool based; /* log.base is set */
	struct log log;
	uint8_t *snapshot;
	size_t snapshot_total;
	size_t snapshot_have;
	struct position snapshot_position;
	struct id128 snapshot_chain;
	bool snapshot_used; /* log starts after the snapshot */
	int64_t resend_ms;
};

struct request {
	uint64_t token;
	struct id128 id;
	uint8_t *data;
	size_t bytes;
	bool gated;
	bool sent;
	int64_t deadline_ms;
	int64_t resend_ms;
};

struct read {
	uint64_t token;
	int64_t deadline_ms;
	uint64_t nonce; /* 0: waits for the next barrier */
	bool echoed;    /* by a majority: answer when `index` is applied */
	uint64_t index;
};

struct core {
	struct core_config config;
	const struct core_ops *ops;
	void *shell;
	const struct machine_ops *machine_ops;
	void *machine;
	int64_t now_ms;
	bool dead; /* reset was requested or the store failed: the core does nothing any more */

	/* On disk, or on the way to it. */
	struct id128 cluster;
	struct ballot promised;
	struct log log;
	struct voters voters;         /* the last list in the log */
	struct voters voters_applied; /* the last committed one */
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;

	/* Known to be on disk. */
	GQueue pending; /* of struct pending */
	uint64_t sequence;
	struct ballot promised_durable;
	struct ballot born;               /* the promise at the start of this core */
	uint64_t durable;                 /* index in log */
	struct position durable_position; /* the best one ever durable */

	enum phase phase;
	uint64_t view_index; /* index of VIEW(promised) in log; 0: not in it */
	uint64_t sent;       /* LEAD: last entry passed to the store and sent */
	uint64_t max_counter;
	struct id128 promised_to; /* disk that has the promise; zero: promised in an earlier run */
	bool state_owed;          /* send STATE to the proposer once `promised` is durable */
	unsigned int attempts;    /* to become sequencer, since the last view */
	struct voters alone;      /* PREPARE: voters to begin with; only a blank node asks them */
	bool needed; /* one or two voters: since this core was active, every commit has needed it */
	struct staging staging;

	uint64_t commit;
	uint64_t applied;
	struct dedup *dedup;
	uint8_t *snapshot;
	size_t snapshot_bytes;
	struct position snapshot_position;

	struct peer peers[CORE_PEERS_MAX];
	size_t n_peers;
	bool quorate;
	struct ring cpg_ring;
	struct ring quorum_ring;

	GPtrArray *requests; /* of struct request */
	GPtrArray *reads;    /* of struct read */
	uint64_t nonce;      /* of the last barrier */
	bool barrier_open;
	struct ballot barrier_ballot;
	uint64_t barrier_index;
	uint64_t barrier_led; /* end of the sequencer's log; UINT64_MAX: not known */
	int64_t barrier_resend_ms;

	/* Times; INT64_MAX: never. */
	int64_t propose_ms;
	int64_t give_up_ms; /* PREPARE, ADOPT */
	int64_t gather_ms;  /* PREPARE: from then on a majority is enough */
	int64_t prepare_resend_ms;
	int64_t heartbeat_ms; /* LEAD */
	int64_t silence_ms;   /* FOLLOW */
	int64_t hello_ms;
};

#define NEVER INT64_MAX

/* core.c */
void core_reset(struct core *core, const char *why);
struct peer *core_peer(struct core *core, uint32_t node); /* creates it if missing; NULL: full */
const struct peer *core_peer_find(const struct core *core, uint32_t node);
struct message core_message(const struct core *core, enum message_kind kind, uint32_t to);
void core_send(struct core *core, const struct message *message);
/* Fills in the other fields and passes it to the store. */
void core_persist(struct core *core, struct core_persist *persist);
/* in_view: VIEW(promised) is in the log. held: and the promise is durable, so it may be sent. */
bool core_in_view(const struct core *core);
bool core_view_held(const struct core *core);
bool core_active(const struct core *core);
bool core_gate(const struct core *core);
bool core_is_voter(const struct core *core);
/* Is the voter this node, with its disk? */
bool core_voter_is_self(const struct core *core, const struct voter *voter);
/* The peer of the voter, if the peer's latest message came from the voter's disk; or NULL. */
const struct peer *core_voter_peer(const struct core *core, const struct voter *voter);
/* Last index that the voter is known to have acknowledged in the promised ballot; 0: none. */
uint64_t core_voter_acked(const struct core *core, const struct voter *voter);
bool core_is_blank(const struct core *core);
/* Called for all that is logged or promised: takes the cluster's UUID from the message. */
void core_cluster_learn(struct core *core, const struct message *message);
void core_seen_add(struct message *message, const struct core *core);
/* End of the durable part of the log. */
struct position core_durable_position(const struct core *core);

/* core_view.c */
void core_view_restart(struct core *core);
void core_view_follow(struct core *core, struct ballot ballot);
void core_view_adopting(struct core *core); /* a part of the best log has arrived */
void core_view_adopted(struct core *core);  /* the best log is staged */
/* Takes a ballot that begins with these voters, unpromised. A blank node first asks them all. */
void core_view_alone(struct core *core, const struct voters *voters);
void core_view_promised(struct core *core); /* after a promise became durable */
void core_view_on_prepare(struct core *core, const struct message *message);
void core_view_on_state(struct core *core, const struct message *message);
void core_view_on_time(struct core *core);
int64_t core_view_deadline(const struct core *core);

/* core_append.c */
void core_append_flush(struct core *core);
void core_append_heartbeat(struct core *core);
void core_append_on_append(struct core *core, const struct message *message);
void core_append_on_ack(struct core *core, const struct message *message);
void core_append_ack(struct core *core);
void core_append_commit(struct core *core);
/* Finds VIEW(promised) and the last VOTERS in the log. */
void core_append_scan(struct core *core);
/* The log must have `previous`. Entries after it that the sequencer does not have are dropped. */
void core_append_entries(struct core *core, const struct message *message);
/* Persists the log from first on. */
void core_append_persist(struct core *core, struct core_persist *persist, uint64_t first);
void core_append_send(struct core *core, uint64_t first);
/* Fills in as many entries from first to last as fit, and the position before them. */
void core_append_fill(const struct core *core, struct message *message, uint64_t first,
		      uint64_t last);
/* Appends one entry of this node's ballot; core_append_flush() sends it. */
void core_append_entry(struct core *core, enum entry_kind kind, const struct id128 *request,
		       const uint8_t *data, size_t bytes);

/* core_fetch.c */
void core_fetch_begin(struct core *core, uint32_t from, const struct id128 *disk,
		      const struct position *until, const struct id128 *until_chain);
void core_fetch_end(struct core *core);
void core_fetch_on_fetch(struct core *core, const struct message *message);
void core_fetch_on_entries(struct core *core, const struct message *message);
void core_fetch_on_snapshot(struct core *core, const struct message *message);
void core_fetch_on_time(struct core *core);
int64_t core_fetch_deadline(const struct core *core);
/*
 * Adds the staged log to the log in memory and ends the staging. Fills in persist except for the
 * entries, which are those from *ret_first on. false: core_reset() was called.
 */
bool core_fetch_install(struct core *core, struct core_persist *persist, uint64_t *ret_first);

/* core_apply.c */
void core_apply(struct core *core);
bool core_snapshot_load(struct core *core, const uint8_t *data, size_t bytes);

/* core_client.c */
void core_client_on_request(struct core *core, const struct message *message);
void core_client_on_barrier(struct core *core, const struct message *message);
void core_client_on_echo(struct core *core, const struct message *message);
void core_client_applied(struct core *core, const struct applied *applied);
void core_client_view_lost(struct core *core);
void core_client_work(struct core *core); /* sends and answers what it can */
int64_t core_client_deadline(const struct core *core);

/* core_voters.c */
void core_voters_work(struct core *core); /* creates a cluster, changes voters */

#endif
