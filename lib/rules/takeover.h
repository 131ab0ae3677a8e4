/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TAKEOVER_H
#define LUNMASK_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Decides whether a grant that another configured host holds may be revoked (I5). This file holds
 * the rule only, as a table; the description of the agent's parameter "takeover" explains it to
 * administrators. It does no I/O: takeover_judge() obtains the facts through the caller's function.
 * It asks for each fact at most once, and only for the facts that the result depends on.
 *
 * A host counts as fenced if Pacemaker's fencer has reported success since the VM's last task was
 * begun on that host (takeover_fencing_counts()).
 */
enum takeover_policy {
	/* Only where fencing, a clean leave or the host's own release has made it safe. */
	TAKEOVER_FENCED,
	TAKEOVER_LOST, /* also from a host that is not a member of this quorate partition */
};

enum takeover_fact {
	TAKEOVER_MEMBER, /* the host is, or may be, up: a member of corosync or of Pacemaker */
	TAKEOVER_LEFT,   /* certainly not a member: it left cleanly or was fenced */
	TAKEOVER_WAS_FENCED,
	TAKEOVER_SESSION, /* the host has a session open to one of the LUNs */
	TAKEOVER_DOMAIN,  /* libvirt on the host reports the domain */
	TAKEOVER_QUORUM,  /* this node's partition has quorum */
	TAKEOVER_FACTS
};

enum takeover_verdict {
	TAKEOVER_TAKE,
	TAKEOVER_NEVER_FENCED, /* a member that was not fenced */
	TAKEOVER_IN_USE,       /* a member that was fenced and has a session open again */
	TAKEOVER_RUNS_THERE,   /* a member that was fenced and still has the domain */
	TAKEOVER_LEFT_IN_USE,  /* left cleanly with a session open: the guest may run there */
	TAKEOVER_NOT_FENCED,   /* vanished without being fenced */
	TAKEOVER_NO_QUORUM,    /* vanished, and this partition has no quorum */
	TAKEOVER_VERDICTS
};

/*
 * Finds out one fact: 0, or -errno with err set. An error ends takeover_judge(), which returns it.
 */
typedef int takeover_ask(void *data, enum takeover_fact fact, struct deadline deadline, bool *ret,
			 struct err *err);

/*
 * Sets *ret to the verdict. Only TAKEOVER_TAKE permits the revoke. Returns 0, or the error of ask.
 */
int takeover_judge(enum takeover_policy policy, takeover_ask *ask, void *data,
		   struct deadline deadline, enum takeover_verdict *ret, struct err *err);

/*
 * Does a fencing at fenced_at (seconds since the epoch; 0: none is known) cover what was begun on
 * the host at begun_ms (milliseconds since the epoch; 0: not known)? The clocks of two nodes may
 * differ by TAKEOVER_CLOCKS_MS.
 */
#define TAKEOVER_CLOCKS_MS 30000
bool takeover_fencing_counts(time_t fenced_at, int64_t begun_ms);

#endif
