/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DEDUP_H
#define LUNMASK_DAEMON_DEDUP_H

#include "core/core.h"
#include "core/types.h"

/*
 * The requests that were applied last, with their outcome: a part of the replicated state. A
 * request that comes again is answered from here. The oldest makes room when DEDUP_MAX are there;
 * a request repeated after that is refused by its revision, not by this.
 */
#define DEDUP_MAX 4096

struct applied {
	struct id128 request;
	uint64_t index;
	struct outcome outcome;
};

struct dedup;

struct dedup *dedup_new(void);
void dedup_free(struct dedup *dedup);
void dedup_clear(struct dedup *dedup);

/* NULL if it is not there. */
const struct applied *dedup_find(const struct dedup *dedup, const struct id128 *request);
void dedup_add(struct dedup *dedup, const struct applied *applied);

/* The oldest first. */
size_t dedup_count(const struct dedup *dedup);
const struct applied *dedup_at(const struct dedup *dedup, size_t at);

#endif
