/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_LOG_H
#define LUNMASK_DAEMON_LOG_H

#include "core/types.h"

/*
 * The log in memory: entries with consecutive indices after a base, linked by chain hashes. It owns
 * copies of their data. A zeroed struct log is an empty log.
 */
struct log {
	struct position base;
	struct id128 base_chain;
	struct entry *entries;
	size_t n;
	size_t room;
};

void log_init(struct log *log, struct position base, const struct id128 *base_chain);
void log_release(struct log *log);

/* Position and chain of the last entry; of the base if there is none. */
struct position log_last(const struct log *log);
struct id128 log_chain(const struct log *log);

/* NULL: not in the log. */
const struct entry *log_at(const struct log *log, uint64_t index);
/* Both accept the index of the base, too. false: not known. */
bool log_chain_at(const struct log *log, uint64_t index, struct id128 *ret);
bool log_position_at(const struct log *log, uint64_t index, struct position *ret);

/* Sets index and chain, and copies the data. */
const struct entry *log_append(struct log *log, const struct entry *entry);
/* Drops the entries after index; index is at least the base's. */
void log_truncate(struct log *log, uint64_t index);
/* Makes the entry at index the base, and drops the entries up to it. */
void log_rebase(struct log *log, uint64_t index);

#endif
