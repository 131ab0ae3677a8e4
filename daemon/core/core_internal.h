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
 *	core.c           life, events, time
 *	core_view.c      membership, ballots, choosing a sequencer
 *	core_append.c    entries from the sequencer to the others; acknowledging, committing
 *	core_fetch.c     entries and snapshots for those that lack them
 *	core_apply.c     committed entries into the machine; snapshots of it
 *	core_client.c    requests and reads of this node
 *	core_voters.c    who votes: the first list, changes, going on alone
 *	core_status.c    what it says of itself
 */
#define HEARTBEAT_MS 1000 /* the sequencer's */
#define SILENCE_MS 4000   /* without one: the sequencer is taken for lost */
#define RESEND_MS 250     /* of what got no answer */
#define GATHER_MS 100     /* wait for more than a majority's STATE */
#define RANK_MS 400       /* the next in rank proposes this much later */

#define CORE_PEERS_MAX 64
#define CORE_UNCOMMITTED_MAX 512 /* entries; beyond it a sequencer takes no requests */
#define CORE_BURST_MAX 8         /* messages in answer to one FETCH */
#define CORE_CHUNK_BYTES (48 * 1024)
#define CORE_SNAPSHOT_BYTES_MAX (64 * 1024 * 1024)

enum phase {
	PHASE_SYNC,    /* no sequencer known */
	PHASE_PREPARE, /* proposing: collecting promises */
	PHASE_ADOPT,   /* proposing: fetching the best log */
	PHASE_FOLLOW,
	PHASE_LEAD,
};

/* Another node, or this one: whatever was told of it. */
struct peer {
	uint32_t node;
	bool member;     /* of the CPG group */
	bool in_quorum;  /* of quorum's list */
	bool configured; /* of the cluster's node list */

	bool known; /* it has spoken; what follows is from its messages */
	struct id128 disk;
	uint64_t boot;
	bool blank;
	bool failed;

	struct position acked; /* ballot: of the view */

	struct ballot stated; /* it answered this ballot's PREPARE with what follows */
	struct position state;
	struct id128 state_chain;
	size_t n_seen;
	struct seen seen[JOURNAL_VOTERS_MAX];

	uint64_t echoed; /* nonce */
};

/* A transaction that is not known to be durable yet. */
struct pending {
	uint64_t sequence;
	struct ballot promised;
	struct position last;
};

/* What was fetched, until it can be installed in one transaction. It ends with the view. */
struct staging {
	bool open;
	uint32_t from;
	struct id128 disk;     /* of from: by mistake another machine may have its id */
	struct position until; /* ADOPT: where the best log ends */
	struct id128 until_chain;
	bool based; /* log.base is settled */
	struct log log;
	uint8_t *snapshot;
	size_t snapshot_total;
	size_t snapshot_have;
	struct position snapshot_position;
	struct id128 snapshot_chain;
	bool snapshot_used; /* log is based on it */
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
	bool echoed;    /* a majority did: answer when `index` is applied */
	uint64_t index;
};

struct core {
	struct core_config config;
	const struct core_ops *ops;
	void *shell;
	const struct machine_ops *machine_ops;
	void *machine;
	int64_t now_ms;
	bool dead; /* reset was asked for, or the store failed: nothing is done any more */

	/* As on disk, or on its way there. */
	struct id128 cluster;
	struct ballot promised;
	struct log log;
	struct voters voters;         /* the last list in the log */
	struct voters voters_applied; /* the last committed one */
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;

	/* What is known to be on disk. */
	GQueue pending; /* of struct pending */
	uint64_t sequence;
	struct ballot promised_durable;
	struct ballot born;               /* promised when this core was started */
	uint64_t durable;                 /* index in log */
	struct position durable_position; /* the best ever reached */

	enum phase phase;
	uint64_t view_index; /* of VIEW(promised) in log; 0: not there */
	uint64_t sent;       /* LEAD: entries up to it were handed to the store and sent */
	uint64_t max_counter;
	struct id128 promised_to; /* promised, to that disk; zero: before this life */
	bool state_owed;          /* to the proposer of promised, when that is durable */
	unsigned int attempts;    /* to become sequencer, since the last view */
	struct voters alone;      /* PREPARE: nobody is asked; these are the voters from now on */
	bool needed; /* one or two voters: nothing was committed without this core since it was
			active */
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
	uint64_t barrier_led; /* where the sequencer's log ended; UINT64_MAX: it has not said */
	int64_t barrier_resend_ms;

	/* When; INT64_MAX: not. */
	int64_t propose_ms;
	int64_t give_up_ms; /* PREPARE, ADOPT */
	int64_t gather_ms;  /* PREPARE: a majority is enough from then on */
	int64_t prepare_resend_ms;
	int64_t heartbeat_ms; /* LEAD */
	int64_t silence_ms;   /* FOLLOW */
	int64_t hello_ms;
};

#define NEVER INT64_MAX

/* core.c */
void core_reset(struct core *core, const char *why);
struct peer *core_peer(struct core *core, uint32_t node); /* made if it is not there; NULL: full */
const struct peer *core_peer_find(const struct core *core, uint32_t node);
struct message core_message(const struct core *core, enum message_kind kind, uint32_t to);
void core_send(struct core *core, const struct message *message);
/* Fills in the rest and hands it to the store. */
void core_persist(struct core *core, struct core_persist *persist);
/* The promised ballot's VIEW is in the log; and the promise is on disk, too: it may be told. */
bool core_in_view(const struct core *core);
bool core_view_held(const struct core *core);
bool core_active(const struct core *core);
bool core_gate(const struct core *core);
bool core_is_voter(const struct core *core);
/* Is this node, with its disk, that voter? */
bool core_voter_is_self(const struct core *core, const struct voter *voter);
/* The other node, if the voter's disk is what was heard of there last; or NULL. */
const struct peer *core_voter_peer(const struct core *core, const struct voter *voter);
/* Up to where the voter is known to have acknowledged the promised ballot; 0: nothing of it. */
uint64_t core_voter_acked(const struct core *core, const struct voter *voter);
bool core_is_blank(const struct core *core);
/* Whoever takes anything into its log, or promises, knows from then on which cluster's it is. */
void core_cluster_learn(struct core *core, const struct message *message);
void core_seen_add(struct message *message, const struct core *core);
/* Position of the durable part of the log. */
struct position core_durable_position(const struct core *core);

/* core_view.c */
void core_view_restart(struct core *core);
void core_view_follow(struct core *core, struct ballot ballot);
void core_view_adopting(struct core *core); /* a part of the best log has come */
void core_view_adopted(struct core *core);  /* the best log is staged */
/* Takes a ballot that needs nobody's promise, and with it these voters. */
void core_view_alone(struct core *core, const struct voters *voters);
void core_view_promised(struct core *core); /* a promise became durable */
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
/* Looks for VIEW(promised) in the log, and for the last VOTERS. */
void core_append_scan(struct core *core);
/* The log has `previous`; what it has behind it and the sequencer has not is dropped. */
void core_append_entries(struct core *core, const struct message *message);
/* All entries of the log from first on. */
void core_append_persist(struct core *core, struct core_persist *persist, uint64_t first);
void core_append_send(struct core *core, uint64_t first);
/* As many entries as a message takes, from first to last, and what they follow. */
void core_append_fill(const struct core *core, struct message *message, uint64_t first,
		      uint64_t last);
/* Puts one entry of the own ballot into the log; core_append_flush() sends it. */
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
 * Makes the staged log the own one, in memory; ends the staging. Fills in what is to be written,
 * but for the entries: those from *ret_first on. false: it contradicts what is committed here.
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
void core_client_work(struct core *core); /* sends and answers what can be */
int64_t core_client_deadline(const struct core *core);

/* core_voters.c */
void core_voters_work(struct core *core); /* makes a cluster, changes voters */

#endif
