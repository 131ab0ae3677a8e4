/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/handover.h"

#include <assert.h>
#include <glib.h>

static const struct {
	enum handover_here here;
	enum handover_there there;
} sides[] = {
	[DOMAIN_ABSENT] = {HERE_ENDED, THERE_ABSENT},
	[DOMAIN_RUNNING] = {HERE_GUEST, THERE_GUEST},
	[DOMAIN_PAUSED] = {HERE_GUEST, THERE_GUEST},
	[DOMAIN_PAUSED_IO_ERROR] = {HERE_GUEST, THERE_GUEST},
	[DOMAIN_PAUSED_MIGRATION] = {HERE_SENT, THERE_INCOMPLETE},
	[DOMAIN_PAUSED_STARTING] = {HERE_GUEST, THERE_INCOMPLETE},
	[DOMAIN_SHUTTING_DOWN] = {HERE_GUEST, THERE_GUEST},
	[DOMAIN_SUSPENDED] = {HERE_GUEST, THERE_GUEST},
	[DOMAIN_CRASHED] = {HERE_GUEST, THERE_GUEST},
	/* This host was the target of an earlier migration, which nobody has completed. */
	[DOMAIN_ARRIVED] = {HERE_UNKNOWN, THERE_ARRIVED},
	[DOMAIN_LOST] = {HERE_UNKNOWN, THERE_UNKNOWN},
};

static_assert(G_N_ELEMENTS(sides) == DOMAIN_STATE_MAX, "a domain state without a side");

#define ROW(unknown, absent, incomplete, arrived, guest)                                           \
	{                                                                                          \
		[THERE_UNKNOWN] = HANDOVER_##unknown, [THERE_ABSENT] = HANDOVER_##absent,          \
		[THERE_INCOMPLETE] = HANDOVER_##incomplete, [THERE_ARRIVED] = HANDOVER_##arrived,  \
		[THERE_GUEST] = HANDOVER_##guest                                                   \
	}

/*
 * The columns: what is there is UNKNOWN, ABSENT, INCOMPLETE, ARRIVED, GUEST. While the domain is
 * here, what cannot be asked there was not started.
 */
static const enum handover verdicts[HERE_MAX][THERE_MAX] = {
	[HERE_UNKNOWN] = ROW(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
	[HERE_ENDED] = ROW(UNKNOWN, NOWHERE, NOWHERE, NOWHERE, LEFT),
	[HERE_DEPARTED] = ROW(TO_THERE, NOWHERE, NOWHERE, START, LEFT),
	[HERE_GUEST] = ROW(STAYS, STAYS, STAYS, STAYS, BOTH),
	[HERE_SENT] = ROW(STAYS, STAYS, STAYS, STAYS, LEFT),
};

static_assert(HERE_MAX == 5 && THERE_MAX == 5, "a pair without a verdict");

static bool known(enum domain_state state)
{
	return (unsigned int)state < DOMAIN_STATE_MAX;
}

enum handover_here handover_here(enum domain_state state, bool departed)
{
	enum handover_here here = known(state) ? sides[state].here : HERE_UNKNOWN;

	return here == HERE_ENDED && departed ? HERE_DEPARTED : here;
}

enum handover_there handover_there(enum domain_state state)
{
	return known(state) ? sides[state].there : THERE_UNKNOWN;
}

enum handover handover_decide(enum handover_here here, enum handover_there there)
{
	return verdicts[here][there];
}

const char *handover_here_to_str(enum handover_here here)
{
	static const char *const texts[HERE_MAX] = {
		[HERE_UNKNOWN] = "cannot be seen here",
		[HERE_ENDED] = "gone from here",
		[HERE_DEPARTED] = "gone from here by the migration",
		[HERE_GUEST] = "here",
		[HERE_SENT] = "here, paused at the end of the migration",
	};

	return texts[here];
}

const char *handover_there_to_str(enum handover_there there)
{
	static const char *const texts[THERE_MAX] = {
		[THERE_UNKNOWN] = "cannot be seen",
		[THERE_ABSENT] = "is not",
		[THERE_INCOMPLETE] = "is incomplete",
		[THERE_ARRIVED] = "has arrived and was not started",
		[THERE_GUEST] = "runs, or may have run",
	};

	return texts[there];
}
