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
 * Fences a host on all arrays, which removes its access to its LUNs, and unfences it.
 *
 *	struct host_fence fence = {.host = host, .by = initiator, .told = log};
 *	rc = host_fence_arrays(config, NULL, &fence, &err);
 *	rc = host_fence_off(&fence, deadline, &err);
 *
 * The caller owns the struct. The configuration must live as long: the struct points into it.
 *
 * The arrays are the only authority on whether a host is fenced, each for itself. After every
 * change, the module reads the state back from the array before it reports success. It does not use
 * libvirt, the journal, quorum or the cluster. The caller decides whether fencing is permitted.
 *
 * If an array fails, the other arrays are still tried, and the error names every array that failed
 * and why. There is one exception: if an array has fenced the requesting host itself, fencing stops
 * there. Of two hosts that fence each other, this host has then lost, and it must not remove any
 * more access of the other host.
 */
struct host_fence {
	const struct config_host *host;
	const char *by; /* the initiator name of the requesting host, or NULL if it has none */
	struct array arrays[CONFIG_ARRAYS_MAX]; /* sorted by name: the same order on every host */
	size_t n_arrays;
	/* Called with one line for each change; may be NULL. */
	void (*told)(void *data, const char *line);
	void *data;
};

/* What one array reports about the host. */
enum host_fence_answer {
	HOST_FENCE_NOT_FENCED, /* not fenced */
	HOST_FENCE_FENCED,     /* fenced, and without any grant or session */
	HOST_FENCE_INCOMPLETE, /* fenced, but with a grant or session that lunmask did not make */
	HOST_FENCE_NO_ANSWER,  /* unknown, because the array did not answer */
};

/* The state of the host as a fence device reports it: off means fenced. */
enum host_fence_state { HOST_FENCE_ON, HOST_FENCE_OFF, HOST_FENCE_UNKNOWN };

/*
 * Fills the arrays of fence. names is a list of array names, separated by blanks, tabs or commas;
 * NULL or "" means all arrays. Set fence->by before this call. -ENOENT if no array is configured,
 * or the errors of config_array_get() and -EINVAL for names; always with text.
 */
int host_fence_arrays(const struct config *config, const char *names, struct host_fence *fence,
		      struct err *err);

/*
 * On if one array answers HOST_FENCE_NOT_FENCED or HOST_FENCE_INCOMPLETE. Off if all answer
 * HOST_FENCE_FENCED. Otherwise unknown: at least one array is silent, or count is 0.
 */
enum host_fence_state host_fence_judge(const enum host_fence_answer *answers, size_t count);

/*
 * 0, or -errno if the state is unknown. In both cases the text lists what is wrong: arrays that do
 * not answer, and arrays that disagree about a fenced host. It may be empty.
 */
int host_fence_status(const struct host_fence *fence, struct deadline deadline,
		      enum host_fence_state *ret, struct err *err);

/*
 * Fences the host. 0 if every array records the host as fenced and has neither a grant nor a
 * session of it. The call may be repeated. -ESHUTDOWN if the requesting host is itself fenced;
 * -EUCLEAN if an array's driver reports success but the array shows otherwise.
 */
int host_fence_off(const struct host_fence *fence, struct deadline deadline, struct err *err);

/*
 * Unfences the host, so that it may be granted LUNs again. If any array has fenced it, the function
 * first calls clean(), which must ensure that no process on the host still uses LUNs, or fail. If
 * no array has fenced the host, nothing is done. If an array does not answer, nothing is done
 * either and its error is returned. -EPERM if a fenced host has a grant or a session, or if the
 * host was fenced again since this call began.
 */
int host_fence_on(const struct host_fence *fence,
		  int (*clean)(const struct host_fence *fence, struct deadline deadline,
			       struct err *err),
		  struct deadline deadline, struct err *err);

/* Checks that every array answers, and that its driver has the capabilities for fencing. */
int host_fence_monitor(const struct host_fence *fence, struct deadline deadline, struct err *err);

#endif
