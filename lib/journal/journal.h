/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_H
#define LUNMASK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "journal/journal_ask.h"
#include "journal/journal_path.h"
#include "journal/journal_record.h"

/*
 * The client of the journal, for short-lived programs: it connects to lunmaskd on this node through
 * libqb's IPC.
 *
 *	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
 *	rc = journal_open(deadline, &journal, err);
 *	rc = journal_submit(journal, &op, &request, flags, deadline, &answer, err);
 *
 * The caller owns *journal, and uses it from one thread only; another thread may have one of its
 * own. The client checks that the server's uid is 0. Every call returns by its deadline. Errors:
 * -ENOTCONN: lunmaskd does not run on this node, or stopped during the call. Repeat the call with
 *   the same request id.
 * -EACCES: not permitted to this user.
 * -ETIMEDOUT: no answer in time.
 * -EPROTO: the reply is not what this protocol says.
 */
struct journal;

int journal_open(struct deadline deadline, struct journal **ret, struct err *err);
void journal_close(struct journal *journal);
void journal_drop(struct journal **journal);

enum journal_verdict {
	JOURNAL_COMMITTED = 1, /* durable on a majority; status and revision hold the result */
	/* Refused: no effect. An earlier, UNKNOWN call with this request id may have one. */
	JOURNAL_NO_QUORUM,
	JOURNAL_UNKNOWN, /* no answer in time: submit it again with the same request id */
	JOURNAL_BUSY,    /* too many requests in flight: no effect */
	JOURNAL_VERDICT_MAX
};

struct journal_answer {
	enum journal_verdict verdict;
	int status;        /* if COMMITTED: 0, or an error that journal_record.h lists */
	uint64_t revision; /* the task's revision after the operation */
	bool has_current;  /* current is the task as it is now: after -EBUSY, -ESTALE and -EEXIST */
	struct journal_task current;
};

enum journal_submit_flags {
	/* For operations that widen access: commit only with quorum and an active journal. */
	JOURNAL_GATED = 1u << 0,
};

/* 0: an answer, whatever it says. UNKNOWN is asked again, with the same id, until the deadline. */
int journal_submit(struct journal *journal, const struct journal_op *op,
		   const struct id128 *request, unsigned int flags, struct deadline deadline,
		   struct journal_answer *ret, struct err *err);

enum journal_read { JOURNAL_STALE, JOURNAL_LINEARIZABLE };

/*
 * Reads the VM's open task, or the last one that ended. STALE: from this node's copy. LINEARIZABLE:
 * sees every earlier commit. -ENOENT: there is none. -EHOSTDOWN: LINEARIZABLE without a majority.
 */
int journal_task_get(struct journal *journal, const char *vm, enum journal_read read,
		     struct deadline deadline, struct journal_task *ret, struct err *err);
/* Reads the release of a VM by a node, or the grant to it, with the same errors. */
int journal_release_get(struct journal *journal, const char *vm, const char *node,
			enum journal_read read, struct deadline deadline,
			struct journal_release *ret, struct err *err);
int journal_grant_get(struct journal *journal, const char *vm, const char *node,
		      enum journal_read read, struct deadline deadline, struct journal_release *ret,
		      struct err *err);

/* All tasks, oldest first, applied here up to *ret_index (or NULL). Free *ret with free(). */
int journal_task_list(struct journal *journal, struct deadline deadline, struct journal_task **ret,
		      size_t *ret_n, uint64_t *ret_index, struct err *err);
int journal_release_list(struct journal *journal, struct deadline deadline,
			 struct journal_release **ret, size_t *ret_n, struct err *err);
int journal_grant_list(struct journal *journal, struct deadline deadline,
		       struct journal_release **ret, size_t *ret_n, struct err *err);
/*
 * Waits until more than index is applied on this node; *ret_index is the new index. -ETIMEDOUT:
 * nothing new.
 */
int journal_wait(struct journal *journal, uint64_t index, struct deadline deadline,
		 uint64_t *ret_index, struct err *err);

#define JOURNAL_NODES_MAX 32
#define JOURNAL_ROLE_TEXT 16

struct journal_voter {
	uint32_t node;
	struct id128 disk;
	uint64_t acked;
};

/* With two voters: would this node continue alone if the other were lost now and fenced? */
enum journal_solo {
	JOURNAL_SOLO_NONE = 0, /* there are not two voters, or lunmaskd is too old to say */
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
	uint64_t dropped; /* messages of other nodes that were rejected */
	struct journal_voter voters[JOURNAL_NODES_MAX];
	size_t n_voters;
	enum journal_solo solo;
	/* READY: age of Pacemaker's answer that says so. This node may have been unfenced since. */
	uint64_t solo_heard_ms;
	char solo_reason[JOURNAL_REASON_MAX + 1]; /* NOT_READY: the reason */
};

int journal_status_get(struct journal *journal, struct deadline deadline,
		       struct journal_status *ret, struct err *err);

/* The operator's command to continue alone (docs/journal.md). -EPERM with the reason. */
int journal_force_solo(struct journal *journal, struct deadline deadline, struct err *err);

/*
 * For monitors: what lunmaskd knows about a domain of this host, in the libvirt at
 * LIBVIRT_URI_SYSTEM.
 *
 * RUNNING means that libvirt said so at most 3 s ago, that no event came since, and that the QEMU
 * process is alive now. A guest that is paused therefore stops being RUNNING as soon as libvirtd
 * reports the pause, or at most 3 s later if libvirtd hangs. The other answers are hints.
 */
enum journal_domain {
	JOURNAL_DOMAIN_UNKNOWN = 0, /* lunmaskd cannot vouch for the domain now: ask libvirt */
	JOURNAL_DOMAIN_ABSENT,
	JOURNAL_DOMAIN_RUNNING,
	JOURNAL_DOMAIN_OTHER, /* here, but not simply running: ask libvirt */
	/* Absent, and what ended it was a migration to another host that libvirt completed. */
	JOURNAL_DOMAIN_DEPARTED,
	JOURNAL_DOMAIN_MAX
};

/* Cheap: at most one connection and one round trip. */
int journal_domain_get(struct journal *journal, const char *vm, struct deadline deadline,
		       enum journal_domain *ret, struct err *err);

/*
 * Asks another node through its lunmaskd. 0: *ret is the answer's body, of *ret_bytes and a NUL
 * behind them; free it with free(). It comes from that node and may be anything. Otherwise the node
 * has not answered, which says nothing about what was asked (I5): -EOPNOTSUPP (it cannot, or
 * lunmaskd here cannot, or the body is too long), -EAGAIN (too many questions), -EHOSTDOWN,
 * -ETIMEDOUT, -EIO (with its reason), or an error of the connection. lunmaskd of an older release
 * closes the connection: -ENOTCONN. For root only.
 */
int journal_ask(struct journal *journal, const char *node, enum journal_ask_kind kind,
		const char *body, struct deadline deadline, char **ret, size_t *ret_bytes,
		struct err *err);

/*
 * The paths that lunmaskd knows, of this host and of the others, in any order. Free *ret with
 * free(). trouble, for JOURNAL_REASON_MAX characters: "" or why this node measures nothing now.
 */
int journal_path_list(struct journal *journal, struct deadline deadline, struct journal_path **ret,
		      size_t *ret_n, char trouble[JOURNAL_REASON_MAX + 1], struct err *err);

#endif
