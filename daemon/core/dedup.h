/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DEDUP_H
#define LUNMASK_DAEMON_DEDUP_H

#include "core/core.h"
#include "core/types.h"

/*
 * The latest applied requests and their outcomes, part of the replicated state. A repeated request
 * is answered from here. At DEDUP_MAX requests, a new one displaces the oldest. If the displaced
 * request is repeated, its revision makes the machine refuse it.
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

/* NULL: not found. */
const struct applied *dedup_find(const struct dedup *dedup, const struct id128 *request);
void dedup_add(struct dedup *dedup, const struct applied *applied);

/* Ascending by age: at 0 is the oldest. */
size_t dedup_count(const struct dedup *dedup);
const struct applied *dedup_at(const struct dedup *dedup, size_t at);

#endif
