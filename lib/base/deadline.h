/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEADLINE_H
#define LUNMASK_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A point in time (CLOCK_MONOTONIC) by which something must be over.
 *
 * A call that may block takes a deadline, not a duration, so that nested calls share one budget.
 */
struct deadline {
	int64_t at_ms;
};

int64_t deadline_now_ms(void);

/* timeout_ms from now; a negative timeout is one that has passed. */
struct deadline deadline_in(int64_t timeout_ms);

/* The earlier of the given deadline and timeout_ms from now. */
struct deadline deadline_within(struct deadline outer, int64_t timeout_ms);

/* The given deadline less reserve_ms: what a step may use so that its undo still has time. */
struct deadline deadline_before(struct deadline outer, int64_t reserve_ms);

/* An equal share for each of the parts that are left: a silent one leaves time for the rest. */
struct deadline deadline_share(struct deadline outer, size_t parts);

/* 0 when it has passed; at most INT_MAX, for poll(2). */
int deadline_left_ms(struct deadline deadline);

bool deadline_passed(struct deadline deadline);

/* Between two tries: waits for ms. False, at once, when the deadline passes before that. */
bool deadline_pause(struct deadline deadline, int ms);

#endif
