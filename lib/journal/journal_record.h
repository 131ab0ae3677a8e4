/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_RECORD_H
#define LUNMASK_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id128.h"
#include "names/lun.h"

/*
 * What the journal holds about a task, and what may be done to it. Intent and progress: the array,
 * libvirt and the state LUN say what is.
 *
 * Bytes are little-endian, field by field, version first; decoders take anything. All nodes must
 * judge the same bytes alike: a newer version may only be written when every node knows it.
 */
enum journal_kind {
	JOURNAL_START = 1,
	JOURNAL_STOP,
	JOURNAL_MIGRATE,
	JOURNAL_RECONCILE, /* only takes away what nobody is to have; is over in seconds */
	JOURNAL_KIND_MAX
};

enum journal_state {
	JOURNAL_RUNNING = 1, /* its actor is at it, or was when it died */
	JOURNAL_WAITING, /* an action has ended well, the next one (migrate_from, stop) goes on */
	JOURNAL_BROKEN,  /* an action has failed; stop or start brings it to an end */
	JOURNAL_DONE,
	JOURNAL_FAILED, /* given up, and undone: as if it had never begun */
	JOURNAL_STATE_MAX
};

enum journal_step_state { JOURNAL_STEP_NONE = 0, JOURNAL_STEP_BEGUN, JOURNAL_STEP_ENDED };

/* Why another actor may go on with a task. Recorded, so that it can be judged afterwards. */
enum journal_evidence {
	JOURNAL_EVIDENCE_NONE = 0,
	JOURNAL_EVIDENCE_DEAD,   /* same node, same boot: no such process any more */
	JOURNAL_EVIDENCE_REBOOT, /* same node, another boot */
	JOURNAL_EVIDENCE_FENCED, /* Pacemaker has fenced the actor's node since */
	JOURNAL_EVIDENCE_MAX
};

#define JOURNAL_BOOT_TEXT 37
#define JOURNAL_STEP_MAX 31
#define JOURNAL_REASON_MAX 255

/* The process that works on a task. Only it may, until it is known to be dead. */
struct journal_actor {
	char node[NODE_NAME_MAX + 1];    /* "": nobody */
	char boot_id[JOURNAL_BOOT_TEXT]; /* /proc/sys/kernel/random/boot_id */
	int32_t pid;
	uint64_t start_time; /* field 22 of /proc/PID/stat */
};

struct journal_task {
	struct id128 uuid;
	uint64_t revision; /* 1.. ; grows by one with each change */
	char vm[VM_NAME_MAX + 1];
	enum journal_kind kind;
	enum journal_state state;
	char mode[16]; /* "live", "saved" or "" */
	char source[NODE_NAME_MAX + 1];
	char target[NODE_NAME_MAX + 1];
	char step[JOURNAL_STEP_MAX + 1];
	enum journal_step_state step_state;
	uint32_t tries;                     /* how often an actor took it up, the first included */
	enum journal_evidence taken_over;   /* that the last actor to be replaced was no more */
	struct journal_actor actor;         /* nobody unless RUNNING */
	char granted_to[NODE_NAME_MAX + 1]; /* by this task, and so its to take back; "": none */
	char luns[VM_LUNS_MAX][LUN_NAME_MAX + 1];
	size_t n_luns;
	char image[16]; /* "none", "valid", ...: for people; the state LUN decides */
	char reason[JOURNAL_REASON_MAX + 1];
	int64_t begun_ms; /* CLOCK_REALTIME of the actor's node: for people */
	int64_t changed_ms;
};

/* A host that has given up a VM's LUNs, while the array still grants them to it. */
struct journal_release {
	char vm[VM_NAME_MAX + 1];
	char node[NODE_NAME_MAX + 1];
	char array[LUN_NAME_MAX + 1];
	char luns[VM_LUNS_MAX][LUN_NAME_MAX + 1];
	size_t n_luns;
	int64_t since_ms;
	uint64_t revision; /* of the RELEASE; no two have the same */
};

/*
 * Operations. The first rule that fits decides; a refused operation changes nothing.
 *
 * All: -EINVAL if it does not decode, or a task has no uuid or no actor (node, boot id, pid > 0:
 * who asks), or there is evidence or something to replace where the rules below do not want it.
 *
 * BEGIN. task is all of the new one, RUNNING, of revision 0 (else -EINVAL).
 *   1. The uuid is there: 0 and its revision if it is open and of the same vm, kind and actor (told
 *      twice); -EBUSY if it is open, of this vm, and another's or nobody's; else -EEXIST.
 *   2. The VM has an open task: -EBUSY unless `replaces` names it; -ESTALE if not at that revision.
 *      A START or STOP may replace it if nobody works on it (WAITING, BROKEN; -EINVAL with
 *      evidence), or if evidence fits its actor and the new one (RUNNING; -EBUSY without, -EINVAL
 *      if it does not fit). It ends as replaces.state, DONE or FAILED, as the new one begins.
 *   3. `replaces` names what is not open any more: -ESTALE.
 *   4. -ENOSPC if the table is full of open tasks.
 *   Then 0: revision 1, one try.
 *
 * ADVANCE. task is its new content, with the revision it was read with (not 0: -EINVAL).
 *   1. No such uuid: -ENOENT. Another vm, kind or begun_ms: -EINVAL.
 *   2. Told twice: the task is one revision further and nothing but changed_ms would change: 0.
 *   3. The task has ended: -EEXIST. It never changes any more.
 *   4. The revision is another: -ESTALE.
 *   5. It has another actor: -EBUSY. A task that is nobody's is anybody's.
 *   Then 0: the content; revision one higher; tries one higher if it was nobody's and is RUNNING
 *   now. Only RUNNING keeps the actor. tries and taken_over are not the caller's to set.
 *
 * TAKEOVER. As ADVANCE, but rule 5: -EINVAL unless it has an actor, and evidence fits that and the
 *   new one. Then tries is one higher, and taken_over says why.
 *
 * Evidence fits: DEAD: same node and boot id, another process. REBOOT: same node, another boot id.
 *   FENCED: another node.
 *
 * RELEASE. 0 and the release's revision; replaces an earlier one of the same VM and node. -EINVAL
 *   without array or LUNs, -ENOSPC if the table is full.
 * REVOKED. The release goes. Only vm, node and revision count; revision 0: whichever it is. -ENOENT
 *   if there is none, -ESTALE if it is another.
 *
 * The outcome's revision is 0 when the status is not.
 */
enum journal_op_kind {
	JOURNAL_OP_BEGIN = 1,
	JOURNAL_OP_ADVANCE,
	JOURNAL_OP_TAKEOVER,
	JOURNAL_OP_RELEASE,
	JOURNAL_OP_REVOKED,
	JOURNAL_OP_KIND_MAX
};

/* The open task that a BEGIN puts an end to. All zero: none. */
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
 * Bytes used; JOURNAL_RECORD_BYTES_MAX always suffice. 0 if the decoder would refuse it: a name
 * that is none, a control character in a text, a value out of its range.
 */
size_t journal_op_encode(const struct journal_op *op, uint8_t *buffer);
/* 0 or -EBADMSG: cut off, too long, bytes behind it, or what encode refuses. */
int journal_op_decode(const uint8_t *data, size_t bytes, struct journal_op *ret);
size_t journal_task_encode(const struct journal_task *task, uint8_t *buffer);
/* *ret_used: bytes read. */
int journal_task_decode(const uint8_t *data, size_t bytes, struct journal_task *ret,
			size_t *ret_used);
size_t journal_release_encode(const struct journal_release *release, uint8_t *buffer);
int journal_release_decode(const uint8_t *data, size_t bytes, struct journal_release *ret,
			   size_t *ret_used);

#endif
