/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_FENCE_H
#define LUNMASK_HOST_FENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "array/array.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/config.h"

/*
 * A host cut off from its LUNs on all arrays, and let in again.
 *
 *	struct host_fence fence = {.host = host, .told = log};
 *	host_fence_arrays(config, NULL, &fence, &err);
 *	host_fence_off(&fence, deadline, &err);
 *
 * The arrays are the truth: whether a host is fenced is what they say, each for itself, and every
 * change is looked at from outside before it counts. Nothing else is asked: no libvirt, no journal,
 * no quorum, no cluster. Who may call it is the caller's matter.
 *
 * A failure names every array that failed and why; the others were tried all the same. But for one
 * that has the asking host itself fenced: of two hosts that fence each other it is the one that has
 * lost, and it takes nothing more from the other.
 */
struct host_fence {
	const struct config_host *host;
	const char *by; /* the initiator of the host that asks; NULL: it is none */
	struct array arrays[CONFIG_ARRAYS_MAX]; /* by their names: in one order on every host */
	size_t n_arrays;
	/* One line for each change; NULL: nobody wants to know. */
	void (*told)(void *data, const char *line);
	void *data;
};

/* What one array says about the host. */
enum host_fence_answer {
	HOST_FENCE_OPEN,   /* not fenced */
	HOST_FENCE_CUT,    /* fenced, and no path is left */
	HOST_FENCE_LEAKS,  /* fenced, but somebody gave it a path past lunmask */
	HOST_FENCE_SILENT, /* it cannot be told */
};

enum host_fence_state { HOST_FENCE_ON, HOST_FENCE_OFF, HOST_FENCE_UNKNOWN };

/*
 * names: array names with blanks or commas between them, NULL or "": all. by is set before.
 * -ENOENT, -EINVAL.
 */
int host_fence_arrays(const struct config *config, const char *names, struct host_fence *fence,
		      struct err *err);

/*
 * Off only when every array has cut it off for certain; on when one of them has not; otherwise,
 * where one is silent and all others have, it is not known.
 */
enum host_fence_state host_fence_judge(const enum host_fence_answer *answers, size_t count);

/* The text says what is not as it should be, also with 0; it may be empty. */
int host_fence_status(const struct host_fence *fence, struct deadline deadline,
		      enum host_fence_state *ret, struct err *err);

/*
 * 0: on every array the host is recorded as fenced and has no path. May be repeated. -ESHUTDOWN:
 * the host that asks is fenced itself.
 */
int host_fence_off(const struct host_fence *fence, struct deadline deadline, struct err *err);

/*
 * Lets a fenced host be granted LUNs again. Where it is fenced on any array, clean() is called
 * first: it makes sure that nothing on the host still uses LUNs, or fails. A host that is fenced
 * nowhere is left alone. -EPERM: a path is there that must not be, or the host was fenced again
 * since this began.
 */
int host_fence_on(const struct host_fence *fence,
		  int (*clean)(const struct host_fence *fence, struct deadline deadline,
			       struct err *err),
		  struct deadline deadline, struct err *err);

/* Every array answers, and its driver can do what fencing needs. */
int host_fence_monitor(const struct host_fence *fence, struct deadline deadline, struct err *err);

#endif
