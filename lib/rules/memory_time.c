/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/memory_time.h"

#include <glib.h>

/* For the devices' state, the daemon that exports the area, and libvirt. */
#define FIXED_MS 1000

static const struct {
	double hopeless; /* begin unless it takes so many times the time left */
} ways[] = {
	[MEMORY_SAVE] = {.hopeless = 1.0},
	[MEMORY_RESTORE] = {.hopeless = 2.0},
};

int64_t memory_time_ms(uint64_t bytes, uint64_t bytes_s)
{
	double ms = bytes_s == 0 ? G_MAXINT32 : (double)bytes * 1000.0 / (double)bytes_s;

	/* A quarter more. */
	ms = ms + ms / 4 + FIXED_MS;
	return ms < G_MAXINT32 ? (int64_t)ms : G_MAXINT32;
}

bool memory_time_surely(uint64_t bytes, int64_t left_ms)
{
	return memory_time_ms(bytes, MEMORY_SLOWEST_BYTES_S) <= left_ms;
}

bool memory_time_decide(enum memory_way way, uint64_t bytes, uint64_t bytes_s, int64_t left_ms)
{
	return (double)memory_time_ms(bytes, bytes_s) <= ways[way].hopeless * (double)left_ms;
}
