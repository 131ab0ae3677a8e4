/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TAKEOVER_H
#define LUNMASK_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * May the grant that another host of the configuration holds be taken from it (I5)? The rule alone,
 * as a table; the agent's parameter "takeover" tells it to administrators. No I/O: facts are asked
 * for, each at most once, and only those that the answer depends on.
 *
 * "Fenced" is: Pacemaker's fencer has reported success after the VM was last begun on that host.
 */
enum takeover_policy {
	TAKEOVER_FENCED, /* only what fencing, a clean leave, or the host itself has made safe */
	TAKEOVER_LOST,   /* also from a host that is no member of this quorate partition */
};

enum takeover_fact {
	TAKEOVER_MEMBER, /* the host is up, or may be: a member of corosync or of Pacemaker */
	TAKEOVER_LEFT,   /* it is surely no member: it left cleanly, or was fenced */
	TAKEOVER_WAS_FENCED,
	TAKEOVER_SESSION, /* a session of its to one of the LUNs is open */
	TAKEOVER_DOMAIN,  /* its own libvirt shows the domain */
	TAKEOVER_QUORUM,  /* this node's partition has it */
	TAKEOVER_FACTS
};

enum takeover_verdict {
	TAKEOVER_TAKE,
	TAKEOVER_NEVER_FENCED, /* a member, and nobody has made sure of anything */
	TAKEOVER_IN_USE,       /* a member that was fenced, and uses the LUNs again */
	TAKEOVER_RUNS_THERE,   /* a member that was fenced, and has the domain */
	TAKEOVER_LEFT_IN_USE,  /* left cleanly, with a session open: the guest may run there */
	TAKEOVER_NOT_FENCED,   /* vanished */
	TAKEOVER_NO_QUORUM,    /* vanished; nobody can say who is in the minority */
	TAKEOVER_VERDICTS
};

/* Finds out about one fact: 0, or -errno with err set, which ends the judgement. */
typedef int takeover_ask(void *data, enum takeover_fact fact, struct deadline deadline, bool *ret,
			 struct err *err);

int takeover_judge(enum takeover_policy policy, takeover_ask *ask, void *data,
		   struct deadline deadline, enum takeover_verdict *ret, struct err *err);

/*
 * Does a fencing (seconds since the epoch; 0: none is known) end what was begun on the host at
 * begun_ms (0: not known)? Clocks of different nodes may be TAKEOVER_CLOCKS_MS apart.
 */
#define TAKEOVER_CLOCKS_MS 30000
bool takeover_fencing_counts(time_t fenced_at, int64_t begun_ms);

#endif
