/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HANDOVER_H
#define LUNMASK_HANDOVER_H

#include <stdbool.h>

#include "hypervisor/hypervisor.h"

/*
 * Decides, on the source of a live migration, to whom the guest belongs (I1). A table has a row for
 * each pair of what is seen here, on the source, and there, on the target. The functions are pure.
 *
 * The rule behind the table: a migrated domain arrives paused, and is started by lunmask only after
 * the source's domain has ended by that migration. So a domain that has arrived and was not started
 * may always be destroyed while the source has the guest; and a domain that may have run is never
 * undone in favour of the older memory on the source.
 *
 * That the source's domain is gone does not suffice for the start: libvirt may have given the
 * migration up, and let the guest run on here before it ended. The memory on the target is older
 * then than the disks.
 */
enum handover_here {
	HERE_UNKNOWN,  /* it cannot be asked, or libvirt has lost it */
	HERE_ENDED,    /* gone, and it may have run on after the migration */
	HERE_DEPARTED, /* gone: the migration ended it, and it has not run since */
	HERE_GUEST,    /* the guest is here */
	HERE_SENT,     /* paused at the end of the migration: all memory is here, and there too */
	HERE_MAX
};

enum handover_there {
	THERE_UNKNOWN, /* it cannot be asked; it was not started by this migration unless DEPARTED
			*/
	THERE_ABSENT,
	THERE_INCOMPLETE, /* its memory is not complete */
	THERE_ARRIVED,    /* complete, and no vCPU has run */
	THERE_GUEST,      /* it runs, or may have run */
	THERE_MAX
};

enum handover {
	HANDOVER_UNKNOWN,  /* change nothing */
	HANDOVER_STAYS,    /* the guest is here: remove what is there */
	HANDOVER_START,    /* start what has arrived there */
	HANDOVER_LEFT,     /* the guest is there: remove what is here */
	HANDOVER_TO_THERE, /* it has departed; only the target itself can see what arrived */
	HANDOVER_NOWHERE,  /* neither has the guest: remove what is there */
	HANDOVER_BOTH,     /* both may have run: nothing can be removed without loss */
	HANDOVER_MAX
};

/* departed: libvirt has said that a completed migration ended the domain. */
enum handover_here handover_here(enum domain_state state, bool departed);
enum handover_there handover_there(enum domain_state state);

enum handover handover_decide(enum handover_here here, enum handover_there there);

const char *handover_here_to_str(enum handover_here here);
const char *handover_there_to_str(enum handover_there there);

#endif
