/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "world.h"

#define TOKEN_READ ((uint64_t)1 << 63)
#define TOKEN_ATTEMPT_BITS 16
#define TOKEN_ATTEMPT_MASK (((uint64_t)1 << TOKEN_ATTEMPT_BITS) - 1)
#define GONE_PERMILLE 30
/* An answer is late when it comes this much after its deadline: clocks tick in ms. */
#define ANSWER_LATE_US 5000

static uint8_t big_data[JOURNAL_ENTRY_BYTES_MAX];

void clients_reset(struct world *world)
{
	static const size_t paddings[] = {0, 0, 0, 0, 0, 0, 5000, 120000};
	static const uint32_t everies[] = {4, 16, 16, 40, 100, 256};
	struct clients *clients = &world->clients;
	struct random *random = &world->random;

	clients->n = clients->n_reads = 0;
	clients->told = 0;
	clients->last_done_us = 0;
	clients->mean_us = random_between(random, 80000, 500000);
	clients->burst_max = random_chance(random, 100) ? 60 : 3;
	clients->big = random_chance(random, 60) ? 60 : 0;
	clients->reads = (unsigned)random_between(random, 50, 500);
	clients->snapshot_padding = paddings[random_below(random, 8)];
	clients->snapshot_every = everies[random_below(random, 6)];
}

/* What a request is */

uint64_t clients_serial(const uint8_t *data, size_t bytes)
{
	uint64_t serial = 0;

	memcpy(&serial, data, bytes < sizeof(serial) ? bytes : sizeof(serial));
	return serial;
}

struct outcome clients_outcome(uint64_t serial, size_t n)
{
	return (struct outcome){.status = serial % 7 == 0 ? -ESTALE : 0, .revision = n};
}

struct id128 clients_id(const struct world *world, uint64_t serial)
{
	return world->clients.request[serial].id;
}

static const uint8_t *request_data(uint64_t serial)
{
	memcpy(big_data, &serial, sizeof(serial));
	return big_data;
}

static uint64_t request_new(struct world *world)
{
	struct clients *clients = &world->clients;
	struct random *random = &world->random;
	struct client_request *request = &clients->request[clients->n];
	uint64_t noise = random_next(random);

	*request = (struct client_request){.gated = random_chance(random, 200)};
	request->bytes = 8 + random_below(random, 40);
	if (random_chance(random, clients->big)) {
		request->bytes = JOURNAL_ENTRY_BYTES_MAX;
		world_cover(world, COVERAGE_BIG);
	}
	memcpy(request->id.bytes, &noise, sizeof(noise));
	memcpy(request->id.bytes + 8, &clients->n, sizeof(clients->n));
	return clients->n++;
}

/* Asking */

/* Some do not wait for the answer. */
static void gone_plan(struct world *world, const struct process *process, uint64_t token,
		      int64_t timeout_ms)
{
	if (random_chance(&world->random, GONE_PERMILLE)) {
		world_add(world, EVENT_GONE, process->slot,
			  random_between(&world->random, 0, timeout_ms * 1000), 0, token, NULL);
	}
}

static void request_send(struct world *world, uint64_t serial, struct process *process)
{
	struct client_request *request = &world->clients.request[serial];
	int64_t timeout_ms = random_between(&world->random, 500, 8000);
	uint64_t token = serial << TOKEN_ATTEMPT_BITS | ++request->attempt;
	int64_t now_ms = process_now_ms(process);

	if (request->attempt > 1) {
		world_cover(world, request->slot == process->slot ? COVERAGE_RETRIED
								  : COVERAGE_RETRIED_ELSEWHERE);
	}
	request->waiting = true;
	request->may_work++;
	request->slot = process->slot;
	request->life = process->life;
	request->deadline_us = world->now_us + timeout_ms * 1000;
	world_add(world, EVENT_TIMEOUT, process->slot, timeout_ms * 1000 + ANSWER_LATE_US, 0, token,
		  NULL);
	gone_plan(world, process, token, timeout_ms);
	world_trace(world, "n%" PRIu32 " is asked for request %" PRIu64 " (%u)", process->node,
		    serial, request->attempt);
	core_on_request(process->core, now_ms, token, &request->id, request_data(serial),
			request->bytes, request->gated, now_ms + timeout_ms);
	process_after(world, process);
}

static void read_send(struct world *world, struct process *process)
{
	struct clients *clients = &world->clients;
	int64_t timeout_ms = random_between(&world->random, 500, 8000);
	uint64_t token = TOKEN_READ | clients->n_reads;
	int64_t now_ms = process_now_ms(process);

	if (clients->n_reads == CLIENT_REQUESTS_MAX) {
		return;
	}
	clients->read[clients->n_reads++] =
		(struct client_read){.waiting = true,
				     .slot = process->slot,
				     .life = process->life,
				     .deadline_us = world->now_us + timeout_ms * 1000,
				     .told = clients->told};
	world_add(world, EVENT_READ_END, process->slot, timeout_ms * 1000 + ANSWER_LATE_US, 0,
		  token, NULL);
	gone_plan(world, process, token, timeout_ms);
	core_on_read(process->core, now_ms, token, now_ms + timeout_ms);
	process_after(world, process);
}

/* A process that can be asked; NULL: the one that was chosen cannot. */
static struct process *somebody(struct world *world)
{
	struct process *process = &world->process[random_below(&world->random, world->n_slots)];

	return process->core != NULL && !process_paused(process) ? process : NULL;
}

static void ask_one(struct world *world)
{
	struct clients *clients = &world->clients;
	struct process *process = somebody(world);

	if (process == NULL || clients->n >= CLIENT_REQUESTS_MAX - 2 * WORLD_SLOTS_MAX) {
		return;
	}
	if (random_chance(&world->random, clients->reads)) {
		read_send(world, process);
	} else {
		request_send(world, request_new(world), process);
	}
}

void clients_ask(struct world *world)
{
	struct clients *clients = &world->clients;
	uint64_t n = 1 + random_below(&world->random, clients->burst_max);

	if (world->settling) {
		return;
	}
	while (n-- > 0) {
		ask_one(world);
	}
	world_add(world, EVENT_CLIENT, 0,
		  random_between(&world->random, clients->mean_us / 10, 2 * clients->mean_us), 0, 0,
		  NULL);
}

void clients_ask_everywhere(struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		struct process *process = &world->process[slot];

		if (process->core != NULL && !process_paused(process)) {
			request_send(world, request_new(world), process);
		}
		if (process->core != NULL && !process_paused(process)) {
			read_send(world, process);
		}
	}
}

static void request_again(struct world *world, uint64_t serial)
{
	int64_t delay_us = random_between(&world->random, 1000, world->settling ? 300000 : 3000000);

	world_add(world, EVENT_SUBMIT, 0, delay_us, 0, serial, NULL);
}

void clients_submit(struct world *world, uint64_t serial)
{
	struct client_request *request = &world->clients.request[serial];
	struct process *process = &world->process[request->slot];

	if (request->done || request->waiting || request->given_up) {
		return;
	}
	if (process->core == NULL || process_paused(process) ||
	    random_chance(&world->random, 400)) {
		process = somebody(world);
	}
	if (process == NULL) {
		request_again(world, serial);
		return;
	}
	request_send(world, serial, process);
}

/* Being answered */

/* Only a node that ran all the time owes an answer. */
static bool owed(const struct world *world, unsigned slot, uint64_t life, int64_t deadline_us)
{
	const struct process *process = &world->process[slot];

	return process->core != NULL && process->life == life && !process_paused(process) &&
	       process->last_pause_us < deadline_us;
}

void clients_timeout(struct world *world, uint64_t token)
{
	uint64_t serial = token >> TOKEN_ATTEMPT_BITS;
	struct client_request *request = &world->clients.request[serial];

	if (!request->waiting || request->attempt != (token & TOKEN_ATTEMPT_MASK)) {
		return;
	}
	if (owed(world, request->slot, request->life, request->deadline_us)) {
		world_fail(world, "L1",
			   "node %" PRIu32 " does not answer request %" PRIu64 " in time",
			   world->process[request->slot].node, serial);
	}
	world_cover(world, COVERAGE_NO_ANSWER);
	request->waiting = false;
	request_again(world, serial);
}

void clients_read_end(struct world *world, uint64_t token)
{
	struct client_read *read = &world->clients.read[token & ~TOKEN_READ];

	if (read->waiting && owed(world, read->slot, read->life, read->deadline_us)) {
		world_fail(world, "L1", "node %" PRIu32 " does not answer a read in time",
			   world->process[read->slot].node);
	}
	read->waiting = false;
}

/* Its node hears of it, if it is still the one that was asked. */
static void cancel(struct world *world, unsigned slot, uint64_t life, uint64_t token)
{
	struct process *process = &world->process[slot];

	world_cover(world, COVERAGE_GONE);
	if (process->core != NULL && process->life == life) {
		core_on_cancel(process->core, token);
		process_after(world, process);
	}
}

static void read_gone(struct world *world, uint64_t token)
{
	struct client_read *read = &world->clients.read[token & ~TOKEN_READ];

	if (read->waiting && !process_paused(&world->process[read->slot])) {
		read->waiting = false;
		read->gone = true;
		cancel(world, read->slot, read->life, token);
	}
}

void clients_gone(struct world *world, uint64_t token)
{
	uint64_t serial = token >> TOKEN_ATTEMPT_BITS;
	struct client_request *request;

	if (token & TOKEN_READ) {
		read_gone(world, token);
		return;
	}
	request = &world->clients.request[serial];
	if (request->waiting && request->attempt == (token & TOKEN_ATTEMPT_MASK) &&
	    !process_paused(&world->process[request->slot])) {
		request->waiting = false;
		request->gone = request->attempt;
		cancel(world, request->slot, request->life, token);
		request_again(world, serial);
	}
}

/* No answer may come to a token that was cancelled: it may be somebody else's by then. */
static void gone_check(struct world *world, const struct process *process, bool gone)
{
	if (gone) {
		world_fail(world, "L1", "node %" PRIu32 " answers a client that is gone",
			   process->node);
	}
}

static void no_effect_check(struct world *world, uint64_t serial)
{
	struct client_request *request = &world->clients.request[serial];

	if (request->may_work == 0 && request->committed) {
		world_fail(world, "J8",
			   "request %" PRIu64 " has an effect and was said to have none", serial);
	}
}

static void answer_committed(struct world *world, uint64_t serial, const struct core_answer *answer)
{
	struct client_request *request = &world->clients.request[serial];

	/* It was told within the call that commits: process_after() has not looked yet. */
	if (request->applied_index == 0 || answer->index != request->applied_index ||
	    answer->outcome.status != request->outcome.status ||
	    answer->outcome.revision != request->outcome.revision) {
		world_fail(world, "J8",
			   "request %" PRIu64 " is told committed at %" PRIu64 " (%d, %" PRIu64
			   "), it is applied at %" PRIu64 " (%d, %" PRIu64 ")",
			   serial, answer->index, answer->outcome.status, answer->outcome.revision,
			   request->applied_index, request->outcome.status,
			   request->outcome.revision);
	}
	request->done = true;
	request->waiting = false;
	world->clients.last_done_us = world->now_us;
	if (answer->index > world->clients.told) {
		world->clients.told = answer->index;
	}
}

static void answer_none(struct world *world, uint64_t serial, bool current)
{
	struct client_request *request = &world->clients.request[serial];

	request->may_work--;
	no_effect_check(world, serial);
	if (!current) {
		return;
	}
	request->waiting = false;
	if (!world->settling && random_chance(&world->random, 300)) {
		request->given_up = true;
	} else {
		request_again(world, serial);
	}
}

static void answer_read(struct world *world, struct process *process, uint64_t token,
			const struct core_answer *answer)
{
	struct client_read *read = &world->clients.read[token & ~TOKEN_READ];

	gone_check(world, process, read->gone);
	if (answer->verdict == CORE_READY) {
		world_cover(world, COVERAGE_READY);
		if (answer->index < read->told) {
			world_fail(world, "J11",
				   "node %" PRIu32 " reads as of %" PRIu64 ", and %" PRIu64
				   " was told to be committed before",
				   process->node, answer->index, read->told);
		}
	}
	read->waiting = false;
}

void clients_answer(struct world *world, struct process *process, uint64_t token,
		    const struct core_answer *answer)
{
	static const enum coverage_point points[] = {[CORE_COMMITTED] = COVERAGE_COMMITTED,
						     [CORE_NO_QUORUM] = COVERAGE_NO_QUORUM,
						     [CORE_UNKNOWN] = COVERAGE_UNKNOWN,
						     [CORE_BUSY] = COVERAGE_BUSY};
	uint64_t serial = token >> TOKEN_ATTEMPT_BITS;
	struct client_request *request;
	bool current;

	if (token & TOKEN_READ) {
		answer_read(world, process, token, answer);
		return;
	}
	request = &world->clients.request[serial];
	gone_check(world, process, (token & TOKEN_ATTEMPT_MASK) == request->gone);
	current = request->waiting && request->attempt == (token & TOKEN_ATTEMPT_MASK);
	world_cover(world, points[answer->verdict]);
	world_trace(world, "n%" PRIu32 " answers request %" PRIu64 ": %d", process->node, serial,
		    (int)answer->verdict);
	switch (answer->verdict) {
	case CORE_COMMITTED: answer_committed(world, serial, answer); break;
	case CORE_NO_QUORUM:
	case CORE_BUSY: answer_none(world, serial, current); break;
	default:
		if (current) {
			request->waiting = false;
			request_again(world, serial);
		}
	}
}

/* The end of it */

void clients_committed(struct world *world, const struct entry *entry)
{
	uint64_t serial = clients_serial(entry->data, entry->bytes);
	struct client_request *request = &world->clients.request[serial];

	if (serial >= world->clients.n || !id128_equal(&request->id, &entry->request) ||
	    entry->bytes != request->bytes) {
		world_fail(world, "J7", "a request is committed that nobody asked for");
		return;
	}
	request->committed = true;
	no_effect_check(world, serial);
}

void clients_applied(struct world *world, uint64_t serial, uint64_t index, size_t n)
{
	struct client_request *request = &world->clients.request[serial];

	if (serial >= world->clients.n) {
		world_fail(world, "J7", "a request is applied that nobody asked for");
		return;
	}
	if (request->applied_index != 0) {
		world_fail(world, "J2",
			   "request %" PRIu64 " is applied at %" PRIu64 " and at %" PRIu64, serial,
			   request->applied_index, index);
	}
	request->applied_index = index;
	request->outcome = clients_outcome(serial, n);
}

size_t clients_open(const struct world *world)
{
	const struct clients *clients = &world->clients;
	size_t n = 0;

	for (size_t i = 0; i < clients->n; i++) {
		n += !clients->request[i].done && !clients->request[i].given_up;
	}
	for (size_t i = 0; i < clients->n_reads; i++) {
		n += clients->read[i].waiting;
	}
	return n;
}

void clients_open_print(const struct world *world)
{
	const struct clients *clients = &world->clients;

	for (size_t i = 0; i < clients->n; i++) {
		const struct client_request *request = &clients->request[i];

		if (!request->done && !request->given_up) {
			world_print(world, "open: request %zu, attempt %u at slot %u", i,
				    request->attempt, request->slot);
		}
	}
}
