/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_EVENT_H
#define LUNMASK_TEST_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What a client of the journal did and heard, as one line each: when it asked (written before it
 * does), and when it knew the answer. All nodes of a lab have one CLOCK_MONOTONIC.
 *
 *	I NS OP KIND VM EXPECTED EXPECTED-OP MADE
 *	R NS OP OUTCOME STATUS SEEN SEEN-OP
 *
 * An operation is known by a number that it writes into the record, so that a reader knows whose
 * write it sees. A VM's records have versions: number of the task, revision of the task. 0.0 with
 * operation 0: the VM has no task yet. A return without SEEN has "- -".
 */
#define EVENT_VM_MAX 63

struct version {
	uint32_t task;
	uint32_t revision;
};

struct seen {
	struct version version;
	uint64_t op;
};

enum event_kind {
	EVENT_WRITE = 'w',
	EVENT_READ = 'r',
	EVENT_FINAL = 'f', /* a read after everything, of which each node makes one */
};

enum event_outcome {
	EVENT_DONE = 1, /* committed with status 0, or read */
	EVENT_REFUSED,  /* committed with another status: nothing was changed */
	EVENT_NEVER,    /* told that it has no effect */
	EVENT_UNKNOWN,  /* may or may not have an effect, at any time later */
	EVENT_OUTCOME_MAX
};

struct event {
	bool returns;
	int64_t at_ns;
	uint64_t op;
	char vm[EVENT_VM_MAX + 1];
	enum event_kind kind;
	struct seen expected; /* of a write: what it replaces */
	struct version made;  /* of a write: what it makes of it */
	enum event_outcome outcome;
	int status;
	bool has_seen;
	struct seen seen;
};

int64_t event_now_ns(void);

#define EVENT_LINE_MAX 512

/* With its newline. */
void event_to_str(const struct event *event, char ret[EVENT_LINE_MAX]);
/* 0 or -EBADMSG. */
int event_from_str(const char *line, struct event *ret);

int version_compare(struct version a, struct version b);

#endif
