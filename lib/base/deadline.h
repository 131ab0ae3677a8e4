/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEADLINE_H
#define LUNMASK_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A point in time (ms of CLOCK_MONOTONIC) by which an operation must have finished.
 *
 * A function that may block takes a deadline, not a duration, so that nested calls share one time
 * budget.
 */
struct deadline {
	int64_t at_ms;
};

int64_t deadline_now_ms(void);

/* timeout_ms from now. If timeout_ms is negative, the deadline has already passed. */
struct deadline deadline_in(int64_t timeout_ms);

/* The earlier of outer and timeout_ms from now. */
struct deadline deadline_within(struct deadline outer, int64_t timeout_ms);

/* outer minus reserve_ms. A step uses it so that time is left for its undo. */
struct deadline deadline_before(struct deadline outer, int64_t reserve_ms);

/*
 * outer minus what later parts need: reserve_ms, but at most 1/share of the time left, so that with
 * a short time-out each part gets something.
 */
struct deadline deadline_keep(struct deadline outer, int reserve_ms, int share);

/* An equal share of the time left until outer, for each of the parts (>= 1) that remain. */
struct deadline deadline_share(struct deadline outer, size_t parts);

/* 0 if the deadline has passed; at most INT_MAX, for poll(2). */
int deadline_left_ms(struct deadline deadline);

bool deadline_passed(struct deadline deadline);

/* Waits ms between two attempts. False, without waiting, if the deadline would pass first. */
bool deadline_pause(struct deadline deadline, int ms);

#endif
