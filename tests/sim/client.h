/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_CLIENT_H
#define LUNMASK_SIM_CLIENT_H

#include "core/core.h"

struct world;
struct process;

/*
 * Clients: ask at every node, ask again with the same id after an UNKNOWN or when the node dies,
 * there or elsewhere, and read; some are gone before they are answered, and ask again later. Checks
 * J2, J8, J11, that NO_QUORUM and BUSY had no effect, that every answer comes in time and none to
 * one who is gone, and that what is answered is what the machine said.
 */
struct client_request {
	struct id128 id;
	size_t bytes;
	bool gated;
	bool done;      /* told COMMITTED */
	bool given_up;  /* after a NO_QUORUM or BUSY: it must have no effect */
	bool waiting;   /* for the answer to `attempt` */
	bool committed; /* is in the committed log */
	unsigned attempt;
	unsigned gone;     /* attempts up to this one want no answer */
	unsigned may_work; /* attempts that may take effect */
	unsigned slot;
	uint64_t life;
	int64_t deadline_us;
	uint64_t applied_index;
	struct outcome outcome;
};

struct client_read {
	bool waiting;
	bool gone;
	unsigned slot;
	uint64_t life;
	int64_t deadline_us;
	uint64_t told; /* the highest index that anybody was told to be committed */
};

#define CLIENT_REQUESTS_MAX 2048

struct clients {
	struct client_request request[CLIENT_REQUESTS_MAX];
	size_t n;
	struct client_read read[CLIENT_REQUESTS_MAX];
	size_t n_reads;
	uint64_t told;
	int64_t mean_us; /* between two times that somebody asks */
	unsigned burst_max;
	unsigned big;   /* permille of requests */
	unsigned reads; /* permille of what is asked */
	size_t snapshot_padding;
	uint32_t snapshot_every;
	int64_t last_done_us;
};

void clients_reset(struct world *world);
void clients_ask(struct world *world);                      /* EVENT_CLIENT */
void clients_submit(struct world *world, uint64_t serial);  /* EVENT_SUBMIT: again */
void clients_timeout(struct world *world, uint64_t token);  /* EVENT_TIMEOUT */
void clients_read_end(struct world *world, uint64_t token); /* EVENT_READ_END */
void clients_gone(struct world *world, uint64_t token);     /* EVENT_GONE */
void clients_answer(struct world *world, struct process *process, uint64_t token,
		    const struct core_answer *answer);
/* At every living node one more request and a read. */
void clients_ask_everywhere(struct world *world);
/* Requests that nobody knows the end of. */
size_t clients_open(const struct world *world);
void clients_open_print(const struct world *world);

/* Of the ledger and the machines. */
void clients_committed(struct world *world, const struct entry *entry);
void clients_applied(struct world *world, uint64_t serial, uint64_t index, size_t n);
uint64_t clients_serial(const uint8_t *data, size_t bytes);
struct outcome clients_outcome(uint64_t serial, size_t n);
struct id128 clients_id(const struct world *world, uint64_t serial);

#endif
