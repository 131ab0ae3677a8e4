/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_RECORD_H
#define LUNMASK_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id128.h"
#include "names/lun.h"

/*
 * The records of the journal and the operations on them. The journal records intent and progress of
 * tasks; the state of the world is what the array, libvirt and the state LUN say.
 *
 * The encoding is little-endian, field by field, with the version first. Decoders accept any input.
 * All nodes must judge the same bytes in the same way, so a newer version may be written only when
 * every node knows it.
 */
enum journal_kind {
	JOURNAL_START = 1,
	JOURNAL_STOP,
	JOURNAL_MIGRATE,
	/*
	 * Takes seconds, and leaves no access: removes what nobody may have (lunmask reconcile), or
	 * looks at the state LUN of a stopped VM (lunmask image)
	 */
	JOURNAL_RECONCILE,
	/*
	 * Makes a VM (lunmask create): luns are the volumes that the task has made, and may delete
	 * again. An older lunmaskd refuses it (docs/decisions/0028). Its image is
	 * JOURNAL_IMAGE_ADOPT if the VM is one that libvirt had (lunmask adopt).
	 */
	JOURNAL_CREATE,
	/*
	 * Ends a VM (lunmask destroy): luns are those that are still to be deleted. Its image is
	 * JOURNAL_IMAGE_WIPE if their data is overwritten before. An older lunmaskd refuses it.
	 */
	JOURNAL_DESTROY,
	JOURNAL_KIND_MAX
};

enum journal_state {
	JOURNAL_RUNNING = 1, /* its actor works on it, or did when it died */
	JOURNAL_WAITING,     /* an action succeeded; the next one (migrate_from, stop) continues */
	JOURNAL_BROKEN,      /* an action failed; stop or start ends the task */
	JOURNAL_DONE,
	JOURNAL_FAILED, /* given up and undone, as if it had never begun */
	JOURNAL_STATE_MAX
};

enum journal_step_state { JOURNAL_STEP_NONE = 0, JOURNAL_STEP_BEGUN, JOURNAL_STEP_ENDED };

/* Why another actor may take over a task; recorded so that it can be checked later. */
enum journal_evidence {
	JOURNAL_EVIDENCE_NONE = 0,
	JOURNAL_EVIDENCE_DEAD,   /* same node, same boot: the process no longer exists */
	JOURNAL_EVIDENCE_REBOOT, /* same node, another boot */
	JOURNAL_EVIDENCE_FENCED, /* Pacemaker has fenced the actor's node since */
	JOURNAL_EVIDENCE_MAX
};

#define JOURNAL_IMAGE_WIPE "wipe"
#define JOURNAL_IMAGE_ADOPT "adopt"

#define JOURNAL_BOOT_TEXT 37
#define JOURNAL_STEP_MAX 31
#define JOURNAL_REASON_MAX 255

/* The process that works on a task. No other process may, until this one is known to be dead. */
struct journal_actor {
	char node[NODE_NAME_MAX + 1];    /* "": no actor */
	char boot_id[JOURNAL_BOOT_TEXT]; /* /proc/sys/kernel/random/boot_id */
	int32_t pid;
	uint64_t start_time; /* field 22 of /proc/PID/stat */
};

struct journal_task {
	struct id128 uuid;
	uint64_t revision; /* 1 and up; grows by one with each change */
	char vm[VM_NAME_MAX + 1];
	enum journal_kind kind;
	enum journal_state state;
	char mode[16]; /* "live", "saved" or "" */
	char source[NODE_NAME_MAX + 1];
	char target[NODE_NAME_MAX + 1];
	char step[JOURNAL_STEP_MAX + 1];
	enum journal_step_state step_state;
	/* Number of actors that took it up, including the first. */
	uint32_t tries;
	enum journal_evidence taken_over; /* evidence for the last takeover */
	struct journal_actor actor;       /* empty unless RUNNING */
	/* The node this task granted luns to, and may revoke them from; "": none. */
	char granted_to[NODE_NAME_MAX + 1];
	char luns[VM_LUNS_MAX][LUN_NAME_MAX + 1];
	size_t n_luns;
	char image[16]; /* "none", "valid"...: information only; the state LUN decides */
	char reason[JOURNAL_REASON_MAX + 1];
	int64_t begun_ms; /* CLOCK_REALTIME of the actor's node: information only */
	int64_t changed_ms;
};

/* The number of a node's fencings is not known. */
#define JOURNAL_FENCINGS_UNKNOWN (-1)

/*
 * What one host may do with a VM's LUNs: use them (granted), or nothing any more, although the
 * array still grants them to it (a release). There is one row for each VM and host, that of the
 * last GRANT or RELEASE.
 *
 * A grant records since when, for the question whether the host was fenced after that
 * (rules/takeover.h). Tasks come and go; only start and migration write it, before they grant.
 */
struct journal_release {
	char vm[VM_NAME_MAX + 1];
	char node[NODE_NAME_MAX + 1];
	char array[LUN_NAME_MAX + 1];
	char luns[VM_LUNS_MAX][LUN_NAME_MAX + 1];
	size_t n_luns;
	int64_t since_ms;  /* CLOCK_REALTIME of the node that wrote it */
	uint64_t revision; /* of the GRANT or RELEASE; no two have the same */
	bool granted;      /* the rest is set for a grant only */
	/* The node whose task granted it: the host itself or, until the VM has arrived, the source
	 */
	char by[NODE_NAME_MAX + 1];
	/* How often Pacemaker had fenced the host, and by, until then. */
	int64_t fencings;
	int64_t by_fencings;
};

/*
 * The operations. For each, the first rule that applies decides. A refused operation changes
 * nothing.
 *
 * All operations: -EINVAL if the operation does not decode, if a task has no uuid or no actor
 * (node, boot id and pid > 0 of the process that asks), or if evidence or replaces is set where the
 * rules below do not use it.
 *
 * BEGIN creates a task. task is the complete new task, RUNNING, with revision 0 (else -EINVAL).
 *   1. The uuid exists. If that task is open and has the same vm, kind and actor, the operation
 *      was sent twice: 0 and the task's revision. If it is open, of the same vm, and has another
 *      actor or none: -EBUSY. Otherwise: -EEXIST.
 *   2. The VM has an open task: -EBUSY unless replaces names it; -ESTALE if it has another
 *      revision. Only a START or STOP may replace a task (else -EINVAL). It may do so if nobody
 *      works on that task (WAITING or BROKEN; -EINVAL with evidence), or if the evidence fits the
 *      actor of that task and the new actor (RUNNING; -EBUSY without evidence, -EINVAL if it does
 *      not fit). The replaced task ends with replaces.state, DONE or FAILED, as the new one begins.
 *   3. replaces names a task that is no longer open: -ESTALE.
 *   4. Nothing is replaced, and the table is full of open tasks: -ENOSPC.
 *   Otherwise 0: the task has revision 1 and one try.
 *
 * ADVANCE changes a task. task is its new content, with the revision it was read with (0: -EINVAL).
 *   1. The uuid does not exist: -ENOENT. It has another vm, kind or begun_ms: -EINVAL.
 *   2. The operation was sent twice (the task is one revision further, and only changed_ms would
 *      change): 0.
 *   3. The task has ended: -EEXIST. It never changes again.
 *   4. The task has another revision: -ESTALE.
 *   5. The task has another actor: -EBUSY. Any actor may change a task that has none.
 *   Otherwise 0: the task has the new content and the next revision. tries grows by one if the
 *   task had no actor and is RUNNING now. The actor is kept only while RUNNING. The caller cannot
 *   set tries and taken_over.
 *
 * TAKEOVER is an ADVANCE by another actor. Rule 5 is: -EINVAL unless the task has an actor and the
 * evidence fits it and the new one. tries grows by one, and taken_over holds the evidence.
 *
 * Evidence fits:
 *   DEAD: same node and boot id, another process.
 *   REBOOT: same node, another boot id.
 *   FENCED: another node.
 *
 * RELEASE records a release, and GRANT a grant: 0 and its revision. It replaces the row of the same
 * VM and node. -EINVAL without array or LUNs. If the table is full, the grant that was written
 * first goes; -ENOSPC if there is none.
 *
 * REVOKED removes the row: the array no longer grants the LUNs, or will be asked to anew. Only vm,
 * node and revision count; revision 0 means any. -ENOENT if there is none, -ESTALE if it has
 * another revision.
 *
 * The revision in the result is 0 unless the status is 0.
 */
enum journal_op_kind {
	JOURNAL_OP_BEGIN = 1,
	JOURNAL_OP_ADVANCE,
	JOURNAL_OP_TAKEOVER,
	JOURNAL_OP_RELEASE,
	JOURNAL_OP_REVOKED,
	JOURNAL_OP_GRANT,
	JOURNAL_OP_KIND_MAX
};

/* Does the operation have a release, not a task? */
bool journal_op_has_release(enum journal_op_kind kind);

/* The open task that a BEGIN ends. All zero: none. */
struct journal_replaces {
	struct id128 uuid;
	uint64_t revision;
	enum journal_state state; /* DONE or FAILED */
};

struct journal_op {
	enum journal_op_kind kind;
	enum journal_evidence evidence;
	struct journal_replaces replaces;
	union {
		struct journal_task task;
		struct journal_release release;
	};
};

const char *journal_kind_to_str(enum journal_kind kind);
const char *journal_state_to_str(enum journal_state state);
bool journal_state_open(enum journal_state state); /* RUNNING, WAITING, BROKEN */
const char *journal_evidence_to_str(enum journal_evidence evidence);
bool journal_actor_equal(const struct journal_actor *a, const struct journal_actor *b);

#define JOURNAL_RECORD_BYTES_MAX (16 * 1024)

/*
 * Returns the bytes used, at most JOURNAL_RECORD_BYTES_MAX. Returns 0 if the decoder would refuse
 * the record: an illegal name, a control character in a text, a value out of range.
 */
size_t journal_op_encode(const struct journal_op *op, uint8_t *buffer);
/*
 * 0; -EBADMSG: truncated, too long, more bytes behind, or a record that encode refuses; -ENOTSUP: a
 * record of a later version.
 */
int journal_op_decode(const uint8_t *data, size_t bytes, struct journal_op *ret);
size_t journal_task_encode(const struct journal_task *task, uint8_t *buffer);
/* *ret_used: number of bytes read; more may follow. */
int journal_task_decode(const uint8_t *data, size_t bytes, struct journal_task *ret,
			size_t *ret_used);
size_t journal_release_encode(const struct journal_release *release, uint8_t *buffer);
int journal_release_decode(const uint8_t *data, size_t bytes, struct journal_release *ret,
			   size_t *ret_used);

#endif
