/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_FENCE_H
#define LUNMASK_HOST_FENCE_H

#include <stddef.h>

#include "array/array.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/cluster_id.h"
#include "config/config.h"

/*
 * Fences a host on all arrays, which removes its access to its LUNs, and unfences it.
 *
 *	struct host_fence fence = {.host = host, .by = initiator, .told = log};
 *	rc = host_fence_arrays(config, NULL, &fence, &err);
 *	rc = host_fence_off(&fence, deadline, &err);
 *
 * The caller owns the struct, and does not copy it: it points into itself and the configuration,
 * which must live as long.
 *
 * The arrays are the only authority on whether a host is fenced, each for itself. After every
 * change, the module reads the state back from the array before it reports success. It does not use
 * libvirt, the journal, quorum or the cluster. The caller decides whether fencing is permitted.
 *
 * A host may have had other initiator names, which its VMs may still use. The array records them
 * with each grant (array.h). off also fences those, and status counts their paths. Only on leaves
 * them fenced: nothing is granted to them any more. If the configuration gives such a name to
 * another host now, it is not fenced, but its paths count.
 *
 * If an array fails, the other arrays are still tried, and the error names every array that failed
 * and why. There is one exception: if an array has fenced the requesting host itself, fencing stops
 * there. Of two hosts that fence each other, this host has then lost, and it must not remove any
 * more access of the other host.
 */
struct host_fence {
	const struct config_host *host;
	const struct config *config; /* these two are set by host_fence_arrays() */
	struct cluster_id cluster;
	const char *by; /* the initiator name of the requesting host, or NULL if it has none */
	struct array arrays[CONFIG_ARRAYS_MAX]; /* sorted by name: the same order on every host */
	struct array_info infos[CONFIG_ARRAYS_MAX]; /* of the arrays, when asked */
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

/* On: one answers NOT_FENCED or INCOMPLETE. Off: all FENCED. Else unknown, also for count 0. */
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

/*
 * Checks whether host_fence_off() could succeed for each of the hosts: every array answers, its
 * driver has the capabilities for fencing, and no rule that cannot be removed admits a host to a
 * LUN
 * (-EUCLEAN; the text names the LUN).
 */
int host_fence_monitor(const struct host_fence *fence, struct deadline deadline, struct err *err);

#endif
