/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_AGENDA_H
#define LUNMASK_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to come, by time; at one time, in the order in which it was put there. */
enum event_kind {
	EVENT_PACKET,    /* object: struct packet; to a process */
	EVENT_PERSISTED, /* number: sequence */
	EVENT_MEMBERS,   /* object: struct view */
	EVENT_QUORUM,    /* object: struct view */
	EVENT_NODES,     /* object: struct view */
	EVENT_SOLO,      /* number: when << 8 | slot of the fenced peer */
	EVENT_STORE_FAILED,
	EVENT_TO_PROCESS_MAX, /* those above wait while the process is paused */
	EVENT_SYNCED,         /* number: sync of the disk */
	EVENT_START,
	EVENT_RESUME,
	EVENT_FAULT,
	EVENT_HEAL,
	EVENT_CLIENT,
	EVENT_SUBMIT,   /* number: request */
	EVENT_TIMEOUT,  /* number: token */
	EVENT_READ_END, /* number: token */
	EVENT_GONE,     /* number: token */
	EVENT_SETTLE,
	EVENT_END,
};

struct event {
	int64_t at_us;
	uint64_t order;
	enum event_kind kind;
	unsigned slot;
	uint64_t life; /* only for this life of the slot's process; 0: any */
	uint64_t number;
	void *object;
};

struct agenda {
	struct event *heap;
	size_t n;
	size_t capacity;
	uint64_t order;
};

void agenda_add(struct agenda *agenda, const struct event *event);
const struct event *agenda_first(const struct agenda *agenda); /* NULL: empty */
struct event agenda_take(struct agenda *agenda);
void agenda_release(struct agenda *agenda);

#endif
