/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_LINEAR_H
#define LUNMASK_TEST_LINEAR_H

#include <stddef.h>

#include <glib.h>

#include "event.h"

/*
 * Is this history of the journal linearizable, and is all of it still there?
 *
 * A VM's record is a register with compare-and-set, and VMs do not matter to each other. As every
 * write says whose record it replaced and the final read says whose record is the last, there is
 * only one order that the writes of a VM can have had: from the last one back. It remains to be
 * seen whether that order leaves every operation a point between its invocation and its return,
 * for which the earliest possible points are tried, one after the other.
 *
 *	linear = linear_new();
 *	linear_event() for each line;
 *	good = linear_check(linear, report, &figures);
 *	linear_free(linear);
 */
struct linear;

struct linear *linear_new(void);
void linear_free(struct linear *linear);

/* Also out of order and from several files. -EBADMSG: said twice. */
int linear_event(struct linear *linear, const struct event *event);

struct linear_figures {
	size_t vms;
	size_t done; /* writes */
	size_t refused;
	size_t never;
	size_t unknown;
	size_t unknown_done; /* of these, with an effect */
	size_t reads;        /* linearizable, answered */
	size_t violations;
	double seconds; /* from the first invocation to the last return of a write */
	double p50_ms;  /* of the writes that were done */
	double p99_ms;
	double max_ms;
	double gap_s; /* the longest time in which no write was done */
};

/* true: nothing is wrong. One line for each violation is added to the report. */
bool linear_check(struct linear *linear, GString *report, struct linear_figures *ret);

#endif
