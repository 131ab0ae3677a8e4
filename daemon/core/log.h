/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_LOG_H
#define LUNMASK_DAEMON_LOG_H

#include "core/types.h"

/*
 * The log in memory: entries with consecutive indices behind a base, chained. It owns copies of
 * their data. log_init/log_release; a zeroed struct log is an empty one.
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

/* Position and chain of the last entry, or of the base. */
struct position log_last(const struct log *log);
struct id128 log_chain(const struct log *log);

/* NULL if it is not there. */
const struct entry *log_at(const struct log *log, uint64_t index);
/* Also of the base. false if it is not known. */
bool log_chain_at(const struct log *log, uint64_t index, struct id128 *ret);
bool log_position_at(const struct log *log, uint64_t index, struct position *ret);

/* Fills in index and chain. The data are copied. */
const struct entry *log_append(struct log *log, const struct entry *entry);
/* Drops what is behind index; index is at least the base's. */
void log_truncate(struct log *log, uint64_t index);
/* Makes index, which is in the log behind the base, the base. */
void log_rebase(struct log *log, uint64_t index);

#endif
