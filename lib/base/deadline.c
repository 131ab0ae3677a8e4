/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/deadline.h"

#include <glib.h>
#include <limits.h>
#include <poll.h>

int64_t deadline_now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

struct deadline deadline_in(int64_t timeout_ms)
{
	return (struct deadline){.at_ms = deadline_now_ms() + timeout_ms};
}

struct deadline deadline_within(struct deadline outer, int64_t timeout_ms)
{
	struct deadline inner = deadline_in(timeout_ms);

	return inner.at_ms < outer.at_ms ? inner : outer;
}

struct deadline deadline_before(struct deadline outer, int64_t reserve_ms)
{
	return (struct deadline){.at_ms = outer.at_ms - reserve_ms};
}

struct deadline deadline_keep(struct deadline outer, int reserve_ms, int share)
{
	int part_ms = deadline_left_ms(outer) / share;

	return deadline_before(outer, reserve_ms < part_ms ? reserve_ms : part_ms);
}

struct deadline deadline_share(struct deadline outer, size_t parts)
{
	return deadline_within(outer, deadline_left_ms(outer) / (int64_t)parts);
}

int deadline_left_ms(struct deadline deadline)
{
	int64_t left_ms = deadline.at_ms - deadline_now_ms();

	if (left_ms <= 0) {
		return 0;
	}
	return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

bool deadline_passed(struct deadline deadline)
{
	return deadline_left_ms(deadline) == 0;
}

bool deadline_pause(struct deadline deadline, int ms)
{
	if (deadline_left_ms(deadline) <= ms) {
		return false;
	}
	(void)poll(NULL, 0, ms);
	return true;
}
