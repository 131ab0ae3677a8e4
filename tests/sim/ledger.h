/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_LEDGER_H
#define LUNMASK_SIM_LEDGER_H

#include "core/types.h"

struct world;
struct process;

/*
 * Every entry that any core ever made, once; and what is committed and applied, over all nodes and
 * all time. Checks J1, J2, J3, J6, J7, J8 (durable on a majority) and J9.
 */
struct record {
	struct entry entry; /* its data lives as long as the simulation */
	struct record *parent;
	const struct voters *voters; /* the last list up to here; NULL: none */
};

struct applied_entry {
	uint64_t index;
	uint64_t serial; /* of the request */
	uint64_t hash;   /* of everything applied up to here */
};

struct maker {
	struct ballot ballot;
	struct id128 disk;
	uint64_t boot;
	bool told; /* others have heard of it */
};

#define LEDGER_SLOTS 16384 /* a power of two, twice as many as there are entries */
#define LEDGER_VIEWS_MAX 2048

struct ledger {
	struct record *slot[LEDGER_SLOTS];
	size_t n;
	struct record *view[LEDGER_VIEWS_MAX];
	size_t n_views;
	const struct record *view_new; /* made by the transaction or message being looked at */
	struct maker maker[LEDGER_VIEWS_MAX]; /* who sent APPEND or made VIEW in a ballot */
	size_t n_makers;
	struct record **committed; /* by index; [0] is NULL */
	size_t committed_capacity;
	uint64_t n_committed; /* the highest index */
	struct applied_entry *applied;
	size_t applied_capacity;
	size_t n_applied;
	size_t n_verified; /* applied and found to be committed */
};

void ledger_reset(struct ledger *ledger);
void ledger_release(struct ledger *ledger);

/* The entry at that place of the log of that ballot; NULL: nobody made it. */
struct record *ledger_find(const struct ledger *ledger, struct ballot ballot, uint64_t index);
/* Enters it, or finds it the same as before; NULL: J7 is broken. */
struct record *ledger_enter(struct world *world, const struct process *from,
			    const struct entry *entry, struct record *parent);
/*
 * J9, J4: a view is made only after a majority of its voters have promised it durably. last: of the
 * same transaction, for that may change the voters.
 */
void ledger_view_votes(struct world *world, const struct process *from, const struct record *last);
/* from acts as the sequencer of the ballot: J3. */
void ledger_sequencer(struct world *world, const struct process *from, struct ballot ballot,
		      bool told);
/* A crash has lost everything about the ballot: it may be used again if nobody was told. */
void ledger_forget(struct ledger *ledger, struct ballot ballot);
/* The core says that everything up to it is committed; voters are the last ones it knows. */
void ledger_commit(struct world *world, const struct process *from, const struct voters *voters,
		   struct record *record);
/* A machine applies its n-th request. */
void ledger_apply(struct world *world, const struct process *from, size_t n, uint64_t index,
		  uint64_t serial);
/* What was applied is committed by now. */
void ledger_verify(struct world *world);

struct record *record_ancestor(struct record *record, uint64_t index);

#endif
