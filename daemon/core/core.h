/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CORE_H
#define LUNMASK_DAEMON_CORE_H

#include "core/message.h"
#include "core/types.h"

/*
 * The replication core: a pure state machine. Events go in by one of the core_on_*() functions,
 * each with the time; what is to be done comes out through core_ops, called from inside them. No
 * I/O, no clock, no randomness, no threads. docs/journal.md is the protocol.
 *
 *	core = core_new(&config, &durable, &ops, shell, &machine_ops, machine);
 *	core_on_members(); core_on_quorum(); core_on_nodes();      as the cluster changes
 *	core_on_message();                                         as messages come
 *	core_on_persisted();                                       as writes become durable
 *	core_on_request(), core_on_read();                         as clients ask
 *	core_on_time() when core_deadline_ms() has come
 *
 * ops functions must not call back into the core. What they are given is valid during the call.
 */
struct core;

/* Outcome of a request, a part of the replicated state. */
struct outcome {
	int32_t status;    /* the machine's own: 0 or -errno */
	uint64_t revision; /* the machine's own */
};

/* What the entries are applied to. Deterministic: the same entries give the same state. */
struct machine_ops {
	void (*apply)(void *machine, uint64_t index, const uint8_t *data, size_t bytes,
		      struct outcome *ret);
	/* The whole state; the core frees *ret_data with free(). 0 or -ENOMEM. */
	int (*save)(void *machine, uint8_t **ret_data, size_t *ret_bytes);
	/* Replaces the state; with bytes 0 by the empty one. 0, -EBADMSG or -ENOMEM. */
	int (*load)(void *machine, const uint8_t *data, size_t bytes);
};

/* What is on disk, as the store read it. The core copies it. */
struct core_durable {
	struct id128 cluster; /* zero: blank */
	struct ballot promised;
	uint64_t commit;      /* known to be committed; a hint, may be old */
	struct position base; /* entries start behind it */
	struct id128 base_chain;
	const struct entry *entries;
	size_t n_entries;
	const uint8_t *snapshot; /* as core_persist gave it; NULL: none */
	size_t snapshot_bytes;
	uint64_t snapshot_index;
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;
};

/* One transaction. All of it, or nothing, is there after a crash; transactions keep their order. */
struct core_persist {
	uint64_t sequence; /* for core_on_persisted() */
	struct id128 cluster;
	struct ballot promised;
	uint64_t commit;
	const struct seen *seen;
	size_t n_seen;
	bool truncate; /* drop entries with index > truncate_after first */
	uint64_t truncate_after;
	const struct entry *entries; /* then append these */
	size_t n_entries;
	const uint8_t *snapshot; /* NULL: the old one stays */
	size_t snapshot_bytes;
	uint64_t snapshot_index;
	bool rebase; /* then drop entries with index <= base.index */
	struct position base;
	struct id128 base_chain;
};

enum core_verdict {
	CORE_COMMITTED, /* durable on a majority and applied here; outcome says with what result */
	CORE_NO_QUORUM, /* never sent: it has no effect and never will */
	CORE_UNKNOWN,   /* may or may not take effect; ask again with the same request id */
	CORE_BUSY,      /* too many requests in flight; no effect */
	CORE_READY,     /* of a read: everything committed before it was asked is applied here */
};

struct core_answer {
	enum core_verdict verdict;
	struct outcome outcome; /* COMMITTED */
	uint64_t index;         /* COMMITTED: of its entry; READY: applied so far */
};

struct core_ops {
	void (*send)(void *shell, const struct message *message);
	void (*persist)(void *shell, const struct core_persist *persist);
	void (*answer)(void *shell, uint64_t token, const struct core_answer *answer);
	/*
	 * This disk was set back, or contradicts what is committed: leave at once, and come back
	 * with a new store and disk uuid, as a learner. Nothing may be sent any more.
	 */
	void (*reset)(void *shell, const char *why);
};

struct core_config {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	struct id128 fresh;      /* random: a new cluster's uuid, if this node comes to make one */
	uint32_t snapshot_every; /* entries between two snapshots */
};

#define CORE_SNAPSHOT_EVERY 256
#define CORE_REQUESTS_MAX 256 /* of this node's clients, in flight; reads too */

/* NULL when out of memory or when durable contradicts itself (*ret_why says how). */
struct core *core_new(const struct core_config *config, const struct core_durable *durable,
		      const struct core_ops *ops, void *shell,
		      const struct machine_ops *machine_ops, void *machine, const char **ret_why);
/* What was asked and is open is not answered any more. */
void core_free(struct core *core);

/* A totem ring. */
struct ring {
	uint32_t node;
	uint64_t sequence;
};

/* CPG: the nodes of the group, and on which ring. Nodes ascending, each once. */
void core_on_members(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes,
		     struct ring ring);
/* votequorum. */
void core_on_quorum(struct core *core, int64_t now_ms, bool quorate, const uint32_t *nodes,
		    size_t n_nodes, struct ring ring);
/* The cluster's configured node list: who should be a voter. */
void core_on_nodes(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes);

/* Decoded and authenticated. */
void core_on_message(struct core *core, int64_t now_ms, const struct message *message);

/* All transactions up to sequence are durable. */
void core_on_persisted(struct core *core, int64_t now_ms, uint64_t sequence);

/* The store failed. Tells the others; the shell then leaves. */
void core_on_store_failed(struct core *core, int64_t now_ms);

/*
 * A client's request; the answer comes by ops->answer(token), at the latest when deadline_ms has
 * come. gated: not sent unless the gate is open (for what widens access). A second request with the
 * same id takes the first one's place.
 */
void core_on_request(struct core *core, int64_t now_ms, uint64_t token, const struct id128 *id,
		     const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms);
/* A linearizable read. Answered READY, NO_QUORUM or BUSY. */
void core_on_read(struct core *core, int64_t now_ms, uint64_t token, int64_t deadline_ms);
/* The client is gone: no answer is wanted. */
void core_on_cancel(struct core *core, uint64_t token);

/*
 * Go on alone. SOLO_FENCED: Pacemaker has fenced `peer`; refused unless there are two voters, this
 * one was active with the peer when it was lost and has been up since, and wait_for_all is set.
 * SOLO_FORCED: the operator's word, at any number of voters; refused while active.
 * 0, -EPERM with *ret_why, or -EALREADY.
 */
enum solo_reason { SOLO_FENCED, SOLO_FORCED };
int core_on_solo(struct core *core, int64_t now_ms, enum solo_reason reason, uint32_t peer,
		 bool wait_for_all, const char **ret_why);
/* Why SOLO_FENCED would be refused now, were the peer gone. NULL: it would not. */
const char *core_solo_refused(const struct core *core, uint32_t peer, bool wait_for_all);

void core_on_time(struct core *core, int64_t now_ms);
/* When core_on_time() wants to be called; INT64_MAX: never. */
int64_t core_deadline_ms(const struct core *core);

enum core_role { CORE_BLANK, CORE_LEARNER, CORE_FOLLOWER, CORE_PROPOSER, CORE_SEQUENCER };
const char *core_role_to_str(enum core_role role);

struct core_status {
	struct id128 cluster;
	enum core_role role;
	bool active;          /* commits are possible, as far as this node knows */
	bool gate;            /* active, quorate, and CPG's ring is quorum's */
	bool quorate;         /* corosync's word */
	struct ballot ballot; /* promised */
	struct position last; /* of the log in memory */
	uint64_t durable;
	uint64_t commit;
	uint64_t applied;
	uint64_t snapshot_index;
	struct voters voters;
	uint64_t voter_acked[JOURNAL_VOTERS_MAX]; /* in this ballot; 0: not heard of */
};

void core_status_get(const struct core *core, struct core_status *ret);

/* For tests: NULL if index is not in the log. */
const struct entry *core_entry(const struct core *core, uint64_t index);

#endif
