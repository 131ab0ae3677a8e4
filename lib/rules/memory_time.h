/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MEMORY_TIME_H
#define LUNMASK_MEMORY_TIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is there time to write a guest's memory to its state LUN, or to read it from there? Without I/O.
 *
 *	if (!memory_time_surely(bytes, left_ms)) {
 *		measure the rate, and then
 *		memory_time_decide(MEMORY_SAVE, bytes, rate, left_ms)
 *	}
 *
 * A save that does not end in time has frozen the guest for nothing, and nothing is lost by not
 * trying. A restore that is not tried leaves the VM stopped, so it is tried unless it is hopeless.
 */
enum memory_way { MEMORY_SAVE, MEMORY_RESTORE };

/* An array that is slower than this is not one that VMs run on. */
#define MEMORY_SLOWEST_BYTES_S (4u * 1024 * 1024)

/* How long it takes, with a margin: a rate is measured in a second, and others use the array. */
int64_t memory_time_ms(uint64_t bytes, uint64_t bytes_s);

/* True if the time would do even for the slowest array: then there is nothing to measure. */
bool memory_time_surely(uint64_t bytes, int64_t left_ms);

/* True: begin. */
bool memory_time_decide(enum memory_way way, uint64_t bytes, uint64_t bytes_s, int64_t left_ms);

#endif
