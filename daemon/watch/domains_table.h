/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_TABLE_H
#define LUNMASK_DAEMON_DOMAINS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"
#include "names/name_limits.h"

/*
 * What libvirt said of this host's domains, and for how long that can be vouched for. No I/O, no
 * clock, no lock: domains.c has them.
 *
 * Only a look at all domains says what is so; an event only says that it may be so no more:
 *
 *	mark = domains_table_mark(&table); asked_ms = now; the look
 *	domains_table_set(&table, seen, n, mark, asked_ms, &gone);
 *
 * Of a domain that had an event after the mark nothing is known until the next look. An answer is
 * as old as the question that the look was, and is given for DOMAINS_VOUCH_MS.
 */
#define DOMAINS_MAX 4096 /* as many as libvirt tells at once */
#define DOMAINS_VOUCH_MS 3000

struct domain_seen {
	char vm[VM_NAME_MAX + 1];
	int id; /* libvirt's, another one at each start */
	bool running;
	int pidfd; /* of its QEMU, or -1: then it is not vouched for */
};

struct domain_entry {
	struct domain_seen seen;
	uint64_t event; /* the last one's number */
};

struct domains_table {
	struct domain_entry *entries; /* sorted by name */
	size_t n;
	bool known;       /* there was a look at all domains over this connection */
	int64_t asked_ms; /* when it was asked for */
	uint64_t mark;    /* its mark */
	uint64_t events;  /* how many there were */
	uint64_t stray;   /* the last one's number that was about a domain not in the table */
};

/* An event of that domain, or of one with a name that cannot be asked for. */
void domains_table_event(struct domains_table *table, const char *vm);

/* The connection is lost: nothing is known. Entries stay, so that their processes are still held.
 */
void domains_table_forget(struct domains_table *table);

uint64_t domains_table_mark(const struct domains_table *table);

/* The pidfd that is held for this very start of the domain, or -1. */
int domains_table_pidfd(const struct domains_table *table, const char *vm, int id);

/*
 * entries, which the table takes, are those of the new look in any order; those that were there
 * before are handed back in *ret_old.
 */
void domains_table_set(struct domains_table *table, struct domain_entry *entries, size_t n,
		       uint64_t mark, int64_t asked_ms, struct domain_entry **ret_old,
		       size_t *ret_n_old);

/* RUNNING only as long as the process of *ret_pidfd lives, which the caller is to see. */
enum journal_domain domains_table_answer(const struct domains_table *table, const char *vm,
					 int64_t now_ms, int *ret_pidfd);

#endif
