/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_WORLD_H
#define LUNMASK_SIM_WORLD_H

#include "agenda.h"
#include "arena.h"
#include "client.h"
#include "coverage.h"
#include "disk.h"
#include "fault.h"
#include "ledger.h"
#include "membership.h"
#include "network.h"
#include "operator.h"
#include "process.h"
#include "random.h"

/*
 * One simulation: a cluster of real cores in a made-up world, all of it from one seed.
 *
 *	world_run(&world, &options) -> true: nothing was violated
 *
 * First faults, then none any more; then every request must end. What must hold is checked where it
 * can be broken: ledger.c (what is committed), disk.c and promise.c (what is durable and said),
 * client.c (what clients are told), process.c (what a core says of itself).
 */
#define WORLD_SLOTS_MAX 7 /* five nodes, a spare one, a twin */

struct world_options {
	uint64_t seed;
	unsigned nodes; /* 0: from the seed */
	bool trace;
};

struct world {
	uint64_t seed;
	bool trace;
	bool failed;
	struct random random;
	struct arena arena;
	struct agenda agenda;
	struct coverage *coverage;
	int64_t now_us;
	bool settling; /* the faults are over */

	unsigned n_nodes; /* at the start */
	unsigned n_slots; /* the spare and the twin too */
	struct process process[WORLD_SLOTS_MAX];
	struct disks disks;
	struct network network;
	struct membership membership;
	struct ledger ledger;
	struct clients clients;
	struct faults faults;
	struct operators operators;
};

/* The world's memory is used again for the next one. Zero-initialise it, with coverage set. */
bool world_run(struct world *world, const struct world_options *options);
void world_release(struct world *world);

int64_t world_ms(const struct world *world);
void world_add(struct world *world, enum event_kind kind, unsigned slot, int64_t delay_us,
	       uint64_t life, uint64_t number, void *object);
void world_cover(struct world *world, enum coverage_point point);

/* An invariant is broken: says so with the seed, and ends the simulation. */
void world_fail(struct world *world, const char *invariant, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define world_trace(world, ...)                                                                    \
	do {                                                                                       \
		if ((world)->trace) {                                                              \
			world_print(world, __VA_ARGS__);                                           \
		}                                                                                  \
	} while (0)
void world_print(const struct world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
