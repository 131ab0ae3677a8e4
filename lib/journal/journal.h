/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_H
#define LUNMASK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "journal/journal_record.h"

/*
 * A short-lived program's way to the journal: lunmaskd on this node, by libqb's IPC.
 *
 *	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
 *	rc = journal_open(deadline, &journal, err);
 *	rc = journal_submit(journal, &op, &request, flags, deadline, &answer, err);
 *
 * Every call is over by its deadline. -ENOTCONN: lunmaskd does not run here (or ended during the
 * call: ask again with the same request id). -EACCES: not permitted to this user. -ETIMEDOUT.
 * -EPROTO: it answered something else. The server's uid is checked to be 0.
 */
struct journal;

int journal_open(struct deadline deadline, struct journal **ret, struct err *err);
void journal_close(struct journal *journal);
void journal_drop(struct journal **journal);

enum journal_verdict {
	JOURNAL_COMMITTED = 1, /* durable on a majority; status and revision say with what result */
	JOURNAL_NO_QUORUM,     /* refused: this call has no effect. An earlier one with the same
				  request id, that was UNKNOWN, may have */
	JOURNAL_UNKNOWN,       /* no answer in time: submit it again with the same request id */
	JOURNAL_BUSY,          /* too much in flight: no effect */
	JOURNAL_VERDICT_MAX
};

struct journal_answer {
	enum journal_verdict verdict;
	int status;        /* of COMMITTED: 0 or what journal_record.h says */
	uint64_t revision; /* of the task after it */
	bool has_current;  /* the task as it is now: after -EBUSY, -ESTALE and -EEXIST */
	struct journal_task current;
};

enum journal_submit_flags {
	JOURNAL_GATED = 1u << 0, /* only with quorum and an active journal: what widens access */
};

/*
 * 0 when there is an answer, whatever it is. UNKNOWN is asked again, with the same request id,
 * until the deadline.
 */
int journal_submit(struct journal *journal, const struct journal_op *op,
		   const struct id128 *request, unsigned int flags, struct deadline deadline,
		   struct journal_answer *ret, struct err *err);

enum journal_read { JOURNAL_STALE, JOURNAL_LINEARIZABLE };

/*
 * The VM's open task, or the one that ended last. -ENOENT: none. -EHOSTDOWN: LINEARIZABLE without
 * a majority.
 */
int journal_task_get(struct journal *journal, const char *vm, enum journal_read read,
		     struct deadline deadline, struct journal_task *ret, struct err *err);
/* Likewise of a release by a node. */
int journal_release_get(struct journal *journal, const char *vm, const char *node,
			enum journal_read read, struct deadline deadline,
			struct journal_release *ret, struct err *err);

/* All tasks, the oldest first; *ret is freed with free(). Stale, with *ret_index the log's. */
int journal_task_list(struct journal *journal, struct deadline deadline, struct journal_task **ret,
		      size_t *ret_n, uint64_t *ret_index, struct err *err);
int journal_release_list(struct journal *journal, struct deadline deadline,
			 struct journal_release **ret, size_t *ret_n, struct err *err);
/* Waits until more than `index` is applied; *ret_index says how much. -ETIMEDOUT: nothing new. */
int journal_wait(struct journal *journal, uint64_t index, struct deadline deadline,
		 uint64_t *ret_index, struct err *err);

#define JOURNAL_NODES_MAX 32
#define JOURNAL_ROLE_TEXT 16

struct journal_voter {
	uint32_t node;
	struct id128 disk;
	uint64_t acked;
};

/* Of two voters: would this node go on alone, were the other one lost now and fenced? */
enum journal_solo {
	JOURNAL_SOLO_NONE = 0, /* there are not two, or lunmaskd is too old to say */
	JOURNAL_SOLO_READY,
	JOURNAL_SOLO_NOT_READY,
	JOURNAL_SOLO_MAX
};

struct journal_status {
	struct id128 cluster;
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	char role[JOURNAL_ROLE_TEXT]; /* blank, learner, follower, proposer, sequencer */
	bool active;
	bool gate;
	bool quorate;
	uint64_t ballot_counter;
	uint32_t ballot_node;
	uint64_t last;
	uint64_t durable;
	uint64_t commit;
	uint64_t applied;
	uint64_t snapshot;
	uint64_t store_bytes;
	uint64_t dropped; /* messages of others that were not believed */
	struct journal_voter voters[JOURNAL_NODES_MAX];
	size_t n_voters;
	enum journal_solo solo;
	uint64_t solo_heard_ms; /* READY: what Pacemaker was asked so long ago says it; since then
				   this node may have been unfenced */
	char solo_reason[JOURNAL_REASON_MAX + 1]; /* NOT_READY: why */
};

int journal_status_get(struct journal *journal, struct deadline deadline,
		       struct journal_status *ret, struct err *err);

/* The operator's word (docs/journal.md). -EPERM with the reason. */
int journal_force_solo(struct journal *journal, struct deadline deadline, struct err *err);

/*
 * Of monitors: what lunmaskd knows of a domain of this host, in the libvirt at LIBVIRT_URI_SYSTEM.
 *
 * RUNNING is libvirt's word of at most 3 s ago with no event after it, and the QEMU process lives
 * now. So a guest that is paused is not RUNNING as soon as libvirtd has said so; where libvirtd
 * hangs, 3 s later at the latest. The other answers are hints.
 */
enum journal_domain {
	JOURNAL_DOMAIN_UNKNOWN = 0, /* it cannot vouch for it now: look yourself */
	JOURNAL_DOMAIN_ABSENT,
	JOURNAL_DOMAIN_RUNNING,
	JOURNAL_DOMAIN_OTHER, /* here, and not just running: look yourself */
	JOURNAL_DOMAIN_MAX
};

/* A cheap path: no more than a connection and one round trip. */
int journal_domain_get(struct journal *journal, const char *vm, struct deadline deadline,
		       enum journal_domain *ret, struct err *err);

#endif
