/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/domains_table.h"

#include <stdlib.h>
#include <string.h>

static int entry_compare(const void *left, const void *right)
{
	const struct domain_entry *a = left;
	const struct domain_entry *b = right;

	return strcmp(a->seen.vm, b->seen.vm);
}

static int name_compare(const void *name, const void *entry)
{
	return strcmp(name, ((const struct domain_entry *)entry)->seen.vm);
}

static struct domain_entry *entry_find(const struct domains_table *table, const char *vm)
{
	return table->n == 0 ? NULL
			     : bsearch(vm, table->entries, table->n, sizeof(*table->entries),
				       name_compare);
}

void domains_table_event(struct domains_table *table, const char *vm, bool departed)
{
	struct domain_entry *entry = entry_find(table, vm);

	if (departed) {
		if (table->departed == NULL) {
			table->departed =
				g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		}
		(void)g_hash_table_add(table->departed, g_strdup(vm));
	} else if (table->departed != NULL) {
		(void)g_hash_table_remove(table->departed, vm);
	}

	table->events++;
	if (entry != NULL) {
		entry->event = table->events;
	} else {
		table->stray = table->events;
	}
}

void domains_table_forget(struct domains_table *table)
{
	table->known = false;
	g_clear_pointer(&table->departed, g_hash_table_unref);
}

uint64_t domains_table_mark(const struct domains_table *table)
{
	return table->events;
}

int domains_table_pidfd(const struct domains_table *table, const char *vm, int id)
{
	const struct domain_entry *entry = entry_find(table, vm);

	return entry != NULL && entry->seen.id == id ? entry->seen.pidfd : -1;
}

void domains_table_set(struct domains_table *table, struct domain_entry *entries, size_t n,
		       uint64_t mark, int64_t asked_ms, struct domain_entry **ret_old,
		       size_t *ret_n_old)
{
	for (size_t i = 0; i < n; i++) {
		const struct domain_entry *old = entry_find(table, entries[i].seen.vm);

		/* From when it was not in the table: may be newer than the listing. */
		entries[i].event = old != NULL ? old->event : table->stray;
	}
	*ret_old = table->entries;
	*ret_n_old = table->n;
	if (n > 0) {
		qsort(entries, n, sizeof(*entries), entry_compare);
	}
	table->entries = entries;
	table->n = n;
	table->known = true;
	table->asked_ms = asked_ms;
	table->mark = mark;
	for (size_t i = 0; i < *ret_n_old; i++) {
		const struct domain_entry *old = &(*ret_old)[i];

		if (old->event > table->stray && entry_find(table, old->seen.vm) == NULL) {
			table->stray = old->event;
		}
	}
}

enum journal_domain domains_table_answer(const struct domains_table *table, const char *vm,
					 int64_t now_ms, int *ret_pidfd)
{
	const struct domain_entry *entry = entry_find(table, vm);

	*ret_pidfd = -1;
	if (!table->known || now_ms - table->asked_ms > DOMAINS_VALID_MS) {
		return JOURNAL_DOMAIN_UNKNOWN;
	}
	if (table->departed != NULL && g_hash_table_contains(table->departed, vm)) {
		return JOURNAL_DOMAIN_DEPARTED;
	}
	if (entry == NULL) {
		return table->stray > table->mark ? JOURNAL_DOMAIN_UNKNOWN : JOURNAL_DOMAIN_ABSENT;
	}
	if (entry->event > table->mark) {
		return JOURNAL_DOMAIN_UNKNOWN;
	}
	if (!entry->seen.running) {
		return JOURNAL_DOMAIN_OTHER;
	}
	*ret_pidfd = entry->seen.pidfd;
	return entry->seen.pidfd >= 0 ? JOURNAL_DOMAIN_RUNNING : JOURNAL_DOMAIN_UNKNOWN;
}
