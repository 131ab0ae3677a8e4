/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_TABLE_H
#define LUNMASK_DAEMON_DOMAINS_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"
#include "names/name_limits.h"

/*
 * libvirt's last statement about the domains of this host, and how long it is valid. No I/O, no
 * clock, no lock: domains.c has them.
 *
 * Only a listing of all domains says which state a domain is in. An event only says that the state
 * may have changed:
 *
 *	mark = domains_table_mark(&table); asked_ms = now; list all domains
 *	domains_table_set(&table, entries, n, mark, asked_ms, &old, &n_old);
 *
 * The state of a domain that had an event after the mark is unknown until the next listing. A
 * listing is valid for DOMAINS_VALID_MS from the time at which it was requested. Times are ms of
 * one monotonic clock. The caller owns the table, zero-initialises it, and closes the pidfds.
 */
#define DOMAINS_MAX 4096 /* the most that are accepted from one listing */
#define DOMAINS_VALID_MS 3000

struct domain_seen {
	char vm[VM_NAME_MAX + 1];
	int id; /* libvirt's domain id, a new one at each start */
	bool running;
	int pidfd; /* pidfd of its QEMU, or -1: then the answer is never RUNNING */
};

struct domain_entry {
	struct domain_seen seen;
	uint64_t event; /* number of the domain's last event */
};

struct domains_table {
	struct domain_entry *entries; /* sorted by name */
	size_t n;
	bool known;           /* all domains have been listed over this connection */
	int64_t asked_ms;     /* when that listing was requested */
	uint64_t mark;        /* its mark */
	uint64_t events;      /* number of events so far */
	uint64_t stray;       /* number of the last event of a domain that is not in the table */
	GHashTable *departed; /* names of which the last event was a departure; may be NULL */
};

/*
 * Records an event of domain vm, which need not be in the table or have a legal name. departed: a
 * completed migration to another host has ended it. That is remembered until the next event.
 */
void domains_table_event(struct domains_table *table, const char *vm, bool departed);

/*
 * The connection is lost: all states are unknown. The entries are kept, so that their pidfds stay
 * open. It also frees what remembers departures.
 */
void domains_table_forget(struct domains_table *table);

uint64_t domains_table_mark(const struct domains_table *table);

/* The pidfd of the domain if it is still the same start (id) of the domain; otherwise -1. */
int domains_table_pidfd(const struct domains_table *table, const char *vm, int id);

/* A new listing, in any order, which the table takes. The caller frees the previous, *ret_old. */
void domains_table_set(struct domains_table *table, struct domain_entry *entries, size_t n,
		       uint64_t mark, int64_t asked_ms, struct domain_entry **ret_old,
		       size_t *ret_n_old);

/* The state of domain vm. For RUNNING the caller checks that the process of *ret_pidfd lives. */
enum journal_domain domains_table_answer(const struct domains_table *table, const char *vm,
					 int64_t now_ms, int *ret_pidfd);

#endif
