/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CORE_H
#define LUNMASK_DAEMON_CORE_H

#include "core/message.h"
#include "core/types.h"

/*
 * The replication core is a pure state machine. Each core_on_*() function takes one event and its
 * time. The core acts by calling core_ops from inside these functions. It does no I/O and has no
 * clock, no randomness and no threads. docs/journal.md describes the protocol.
 *
 *	core = core_new(&config, &durable, &ops, shell, &machine_ops, machine);
 *	core_on_members(); core_on_quorum(); core_on_nodes();      when the cluster changes
 *	core_on_message();                                         when a message arrives
 *	core_on_persisted();                                       when a write is durable
 *	core_on_request(), core_on_read();                         when a client asks
 *	core_on_time()                                             at core_deadline_ms()
 *
 * The ops functions must not call the core. Their arguments are valid only during the call.
 */
struct core;

/* Outcome of a request; part of the replicated state. */
struct outcome {
	int32_t status;    /* defined by the machine: 0 or -errno */
	uint64_t revision; /* defined by the machine */
};

/* The core applies entries to it. Deterministic: the same entries give the same state. */
struct machine_ops {
	void (*apply)(void *machine, uint64_t index, const uint8_t *data, size_t bytes,
		      struct outcome *ret);
	/* Saves the whole state; the core frees *ret_data with free(). 0 or -ENOMEM. */
	int (*save)(void *machine, uint8_t **ret_data, size_t *ret_bytes);
	/* Replaces the state; bytes 0: by the empty state. 0, or -errno: the old one is kept. */
	int (*load)(void *machine, const uint8_t *data, size_t bytes);
};

/* The contents of the disk, as the store read them. The core copies them. */
struct core_durable {
	struct id128 cluster; /* zero: blank */
	struct ballot promised;
	uint64_t commit;      /* hint: committed up to here at least */
	struct position base; /* position before the first entry */
	struct id128 base_chain;
	const struct entry *entries;
	size_t n_entries;
	const uint8_t *snapshot; /* as core_persist gave it; NULL: none */
	size_t snapshot_bytes;
	uint64_t snapshot_index;
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;
};

/* One transaction, atomic in a crash. Transactions keep their order. */
struct core_persist {
	uint64_t sequence; /* for core_on_persisted() */
	struct id128 cluster;
	struct ballot promised;
	uint64_t commit;
	const struct seen *seen;
	size_t n_seen;
	bool truncate; /* first drop entries with index > truncate_after */
	uint64_t truncate_after;
	const struct entry *entries; /* then append these */
	size_t n_entries;
	const uint8_t *snapshot; /* NULL: keep the old one */
	size_t snapshot_bytes;
	uint64_t snapshot_index;
	bool rebase; /* then drop entries with index <= base.index */
	struct position base;
	struct id128 base_chain;
};

enum core_verdict {
	CORE_COMMITTED, /* durable on a majority and applied here, with this outcome */
	CORE_NO_QUORUM, /* never sent: has no effect and never will */
	CORE_UNKNOWN,   /* may or may not take effect; repeat it with the same request id */
	CORE_BUSY,      /* too many requests and reads in flight; no effect */
	CORE_READY,     /* read: all that was committed before it is applied here */
};

struct core_answer {
	enum core_verdict verdict;
	struct outcome outcome; /* COMMITTED */
	uint64_t index;         /* COMMITTED: of its entry; READY: last one applied */
};

struct core_ops {
	void (*send)(void *shell, const struct message *message);
	void (*persist)(void *shell, const struct core_persist *persist);
	void (*answer)(void *shell, uint64_t token, const struct core_answer *answer);
	/*
	 * This disk was reset to an older state, or contradicts what is committed. The shell must
	 * leave at once, send nothing, and return as a learner with a new store and disk UUID.
	 */
	void (*reset)(void *shell, const char *why);
};

struct core_config {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	struct id128 fresh;      /* random: UUID of a new cluster, if this node creates it */
	uint32_t snapshot_every; /* entries from one snapshot to the next */
};

#define CORE_SNAPSHOT_EVERY 256
#define CORE_REQUESTS_MAX 256 /* requests and reads of this node's clients, in flight */

/* NULL: no memory, or durable contradicts itself (*ret_why). */
struct core *core_new(const struct core_config *config, const struct core_durable *durable,
		      const struct core_ops *ops, void *shell,
		      const struct machine_ops *machine_ops, void *machine, const char **ret_why);
/* Does not answer the requests and reads that are still open. */
void core_free(struct core *core);

/* A totem ring. */
struct ring {
	uint32_t node;
	uint64_t sequence;
};

/* The members of the CPG group, and the group's ring. Nodes ascending, each once. */
void core_on_members(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes,
		     struct ring ring);
/* votequorum. */
void core_on_quorum(struct core *core, int64_t now_ms, bool quorate, const uint32_t *nodes,
		    size_t n_nodes, struct ring ring);
/* The cluster's configured node list: the nodes that should be voters. */
void core_on_nodes(struct core *core, int64_t now_ms, const uint32_t *nodes, size_t n_nodes);

/* Decoded and authenticated. */
void core_on_message(struct core *core, int64_t now_ms, const struct message *message);

/* All transactions up to sequence are durable. */
void core_on_persisted(struct core *core, int64_t now_ms, uint64_t sequence);

/* The store failed. The core reports it to the other nodes; then the shell leaves. */
void core_on_store_failed(struct core *core, int64_t now_ms);

/*
 * A client's request. ops->answer(token) answers it, at deadline_ms at the latest. gated: send it
 * only while the gate is open (needed to grant access). A second request with the same id replaces
 * the first, which is answered CORE_UNKNOWN.
 */
void core_on_request(struct core *core, int64_t now_ms, uint64_t token, const struct id128 *id,
		     const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms);
/* A linearizable read. Answered READY, NO_QUORUM or BUSY. */
void core_on_read(struct core *core, int64_t now_ms, uint64_t token, int64_t deadline_ms);
/* The client is gone and needs no answer. */
void core_on_cancel(struct core *core, uint64_t token);

/*
 * Continue alone. SOLO_FENCED: Pacemaker has fenced `peer`. Requires two voters, which were active
 * together in this run, quorum, wait_for_all, and that the peer is not a member of the group.
 * SOLO_FORCED: by the operator, with any number of voters. Both are refused while active.
 * 0, -EPERM with *ret_why, or -EALREADY.
 */
enum solo_reason { SOLO_FENCED, SOLO_FORCED };
int core_on_solo(struct core *core, int64_t now_ms, enum solo_reason reason, uint32_t peer,
		 bool wait_for_all, const char **ret_why);
/* Why SOLO_FENCED would be refused now if the peer were gone. NULL: it would be accepted. */
const char *core_solo_refused(const struct core *core, uint32_t peer, bool wait_for_all);

void core_on_time(struct core *core, int64_t now_ms);
/* The time of the next core_on_time(); INT64_MAX: never. */
int64_t core_deadline_ms(const struct core *core);

enum core_role { CORE_BLANK, CORE_LEARNER, CORE_FOLLOWER, CORE_PROPOSER, CORE_SEQUENCER };
const char *core_role_to_str(enum core_role role);

struct core_status {
	struct id128 cluster;
	enum core_role role;
	bool active;          /* commits are possible, as far as this node knows */
	bool gate;            /* active, quorate, and CPG and quorum have the same ring */
	bool quorate;         /* according to corosync */
	struct ballot ballot; /* promised */
	struct position last; /* of the log in memory */
	uint64_t durable;
	uint64_t commit;
	uint64_t applied;
	uint64_t snapshot_index;
	struct voters voters;
	uint64_t voter_acked[JOURNAL_VOTERS_MAX]; /* in this ballot; 0: nothing known */
};

void core_status_get(const struct core *core, struct core_status *ret);

/* For tests: NULL if index is not in the log. */
const struct entry *core_entry(const struct core *core, uint64_t index);

#endif
