/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TAKEOVER_H
#define LUNMASK_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Decides whether a grant that another configured host holds may be revoked (I5). This file holds
 * the rule only, as a table; the description of the agent's parameter "takeover" explains it to
 * administrators. It does no I/O: takeover_judge() obtains the facts through the caller's function.
 * It asks for each fact at most once, and only for the facts that the result depends on.
 *
 * A host counts as fenced if Pacemaker's fencer has reported success since the VM was last granted
 * to that host, as the journal has it (takeover_fenced_since()).
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
	/*
	 * The grant was added by a migration to the host, whose source was fenced since, and the
	 * host has not taken the VM over.
	 */
	TAKEOVER_ORPHANED,
	TAKEOVER_SESSION, /* the host has a session open to one of the LUNs */
	TAKEOVER_DOMAIN,  /* libvirt on the host reports the domain */
	TAKEOVER_QUORUM,  /* this node's partition has quorum */
	TAKEOVER_FACTS
};

enum takeover_verdict {
	TAKEOVER_TAKE,
	TAKEOVER_NEVER_FENCED, /* a member that was not fenced */
	TAKEOVER_IN_USE,       /* a member, fenced or orphaned, that has a session open */
	TAKEOVER_RUNS_THERE,   /* a member, fenced or orphaned, that has the domain */
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

/* A node's fencings before something was begun, as the node that began it knew them. */
struct takeover_begun {
	int64_t fencings; /* negative: not known */
	int64_t ms; /* CLOCK_REALTIME of that node; 0: not known when, or whether, it was begun */
};

/*
 * Was the node fenced after that? fencings and last_s (seconds since the epoch) are what the fencer
 * of this node knows now. What is not known never counts.
 *
 * There are more fencings now than there were then: no clock is needed. (The last one must not be
 * much older than the beginning: then the other fencer did not know all.) Otherwise the last
 * fencing must be later than the beginning by more than TAKEOVER_CLOCKS_MS, because each fencer
 * writes down the time of its own clock, and the clocks of two nodes may differ by as much.
 */
#define TAKEOVER_CLOCKS_MS 30000
bool takeover_fenced_since(const struct takeover_begun *begun, int64_t fencings, int64_t last_s);

#endif
