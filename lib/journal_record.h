/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_RECORD_H
#define LUNMASK_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal_id.h"
#include "lun.h"

/*
 * What the journal holds about a task, and what may be done to it. Intent and progress: the array,
 * libvirt and the state LUN say what is.
 *
 * Bytes are little-endian, field by field, version first; decoders take anything.
 */
enum journal_kind {
	JOURNAL_START = 1,
	JOURNAL_STOP,
	JOURNAL_MIGRATE,
	JOURNAL_KIND_MAX
};

enum journal_state {
	JOURNAL_RUNNING = 1, /* its actor is at it, or was when it died */
	JOURNAL_WAITING,     /* an action has ended well, the next one (migrate_from, stop) goes on */
	JOURNAL_BROKEN,      /* an action has failed; stop or start brings it to an end */
	JOURNAL_DONE,
	JOURNAL_FAILED,      /* given up, and undone: as if it had never begun */
	JOURNAL_STATE_MAX
};

enum journal_step_state { JOURNAL_STEP_NONE = 0, JOURNAL_STEP_BEGUN, JOURNAL_STEP_ENDED };

#define JOURNAL_BOOT_TEXT 37
#define JOURNAL_STEP_MAX 31
#define JOURNAL_REASON_MAX 255

/* The process that works on a task. Only it may, until it is known to be dead. */
struct journal_actor {
	char node[NODE_NAME_MAX + 1];     /* "": nobody */
	char boot_id[JOURNAL_BOOT_TEXT];  /* /proc/sys/kernel/random/boot_id */
	int32_t pid;
	uint64_t start_time; /* field 22 of /proc/PID/stat */
};

struct journal_task {
	struct journal_id uuid;
	uint64_t revision; /* 1.. ; grows by one with each change */
	char vm[VM_NAME_MAX + 1];
	enum journal_kind kind;
	enum journal_state state;
	char mode[16]; /* "live", "saved" or "" */
	char source[NODE_NAME_MAX + 1];
	char target[NODE_NAME_MAX + 1];
	char step[JOURNAL_STEP_MAX + 1];
	enum journal_step_state step_state;
	uint32_t tries; /* how often an actor took it up, the first included */
	struct journal_actor actor;
	char granted_to[NODE_NAME_MAX + 1]; /* by this task, and so its to take back; "": none */
	char luns[VM_LUNS_MAX][LUN_NAME_MAX + 1];
	size_t n_luns;
	char image[16]; /* "none", "valid", ...: for people; the state LUN decides */
	char reason[JOURNAL_REASON_MAX + 1];
	int64_t begun_ms;   /* CLOCK_REALTIME of the actor's node: for people */
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
};

/*
 * Operations. Outcome status 0, or:
 * -ESTALE    revision is not the task's
 * -EBUSY     BEGIN: the VM has another open task; ADVANCE: the task has another actor
 * -ENOENT    no such task, or release
 * -EEXIST    BEGIN: the uuid is there, of another VM, or ended
 * -ENOSPC    the table is full
 * -EINVAL    not an operation
 * A step that an operation found taken already by the same actor is 0: it may be told twice.
 */
enum journal_op_kind {
	JOURNAL_OP_BEGIN = 1, /* task: all of it; revision 0 */
	JOURNAL_OP_ADVANCE,   /* task: its new content; revision: the one it was read with */
	JOURNAL_OP_TAKEOVER,  /* as ADVANCE, by another actor; evidence says why it may */
	JOURNAL_OP_RELEASE,   /* release: replaces an earlier one of the same VM and node */
	JOURNAL_OP_REVOKED,   /* release: it is done; only vm and node count */
	JOURNAL_OP_KIND_MAX
};

/* Why another actor may go on with a task. Recorded, so that it can be judged afterwards. */
enum journal_evidence {
	JOURNAL_EVIDENCE_NONE = 0,
	JOURNAL_EVIDENCE_DEAD,   /* same node, same boot: no such process any more */
	JOURNAL_EVIDENCE_REBOOT, /* same node, another boot */
	JOURNAL_EVIDENCE_FENCED, /* Pacemaker has fenced the actor's node since */
	JOURNAL_EVIDENCE_MAX
};

struct journal_op {
	enum journal_op_kind kind;
	enum journal_evidence evidence;
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

/* Bytes used; JOURNAL_RECORD_BYTES_MAX always suffice. */
size_t journal_op_encode(const struct journal_op *op, uint8_t *buffer);
/* 0 or -EBADMSG: cut off, too long, a text without its end, a value out of its range. */
int journal_op_decode(const uint8_t *data, size_t bytes, struct journal_op *ret);
size_t journal_task_encode(const struct journal_task *task, uint8_t *buffer);
/* *ret_used: bytes read. */
int journal_task_decode(const uint8_t *data, size_t bytes, struct journal_task *ret,
			size_t *ret_used);
size_t journal_release_encode(const struct journal_release *release, uint8_t *buffer);
int journal_release_decode(const uint8_t *data, size_t bytes, struct journal_release *ret,
			   size_t *ret_used);

#endif
