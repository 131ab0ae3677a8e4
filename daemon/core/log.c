/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/log.h"

#include <glib.h>
#include <string.h>

void log_init(struct log *log, struct position base, const struct id128 *base_chain)
{
	*log = (struct log){.base = base, .base_chain = *base_chain};
}

void log_release(struct log *log)
{
	log_truncate(log, log->base.index);
	g_free(log->entries);
	*log = (struct log){0};
}

struct position log_last(const struct log *log)
{
	if (log->n == 0) {
		return log->base;
	}
	return (struct position){
		.ballot = log->entries[log->n - 1].ballot,
		.index = log->entries[log->n - 1].index,
	};
}

struct id128 log_chain(const struct log *log)
{
	return log->n == 0 ? log->base_chain : log->entries[log->n - 1].chain;
}

const struct entry *log_at(const struct log *log, uint64_t index)
{
	if (index <= log->base.index || index - log->base.index > log->n) {
		return NULL;
	}
	return &log->entries[index - log->base.index - 1];
}

bool log_chain_at(const struct log *log, uint64_t index, struct id128 *ret)
{
	const struct entry *entry = log_at(log, index);

	if (entry == NULL && index != log->base.index) {
		return false;
	}
	*ret = entry != NULL ? entry->chain : log->base_chain;
	return true;
}

bool log_position_at(const struct log *log, uint64_t index, struct position *ret)
{
	const struct entry *entry = log_at(log, index);

	if (entry == NULL && index != log->base.index) {
		return false;
	}
	*ret = entry != NULL ? (struct position){entry->ballot, entry->index} : log->base;
	return true;
}

const struct entry *log_append(struct log *log, const struct entry *entry)
{
	struct id128 previous = log_chain(log);
	uint64_t index = log_last(log).index + 1;
	struct entry *mine;

	if (log->n == log->room) {
		log->room = log->room == 0 ? 16 : log->room * 2;
		log->entries = g_renew(struct entry, log->entries, log->room);
	}
	mine = &log->entries[log->n++];
	*mine = *entry;
	mine->index = index;
	mine->data = g_memdup2(entry->data, entry->bytes);
	mine->chain = entry_chain(&previous, mine);
	return mine;
}

void log_truncate(struct log *log, uint64_t index)
{
	while (log->n > 0 && log->entries[log->n - 1].index > index) {
		g_free((void *)log->entries[--log->n].data);
	}
}

void log_rebase(struct log *log, uint64_t index)
{
	size_t drop = index - log->base.index;

	log->base_chain = log->entries[drop - 1].chain;
	log->base = (struct position){log->entries[drop - 1].ballot, index};
	for (size_t i = 0; i < drop; i++) {
		g_free((void *)log->entries[i].data);
	}
	log->n -= drop;
	memmove(log->entries, log->entries + drop, log->n * sizeof(log->entries[0]));
}
