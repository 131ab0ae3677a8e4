/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STRAY_H
#define LUNMASK_STRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/journal_record.h"

/*
 * Is it legal that a host has a path to a LUN of a VM? And if it is not: may it be taken away, and
 * who left it? No I/O: a table over what the array, libvirt, Pacemaker and the journal say. One
 * judgement for the monitor, which asks only the first and the last, and for lunmask reconcile.
 *
 * I5: a live host keeps its path unless its own libvirt says that the domain is not there, and the
 * journal that no task needs it; one that is not a member keeps it unless it was fenced, or has
 * left in order and has no session open.
 */
enum stray_domain {
	STRAY_DOMAIN_NOT_ASKED,
	STRAY_DOMAIN_UNKNOWN, /* libvirt there did not answer */
	STRAY_DOMAIN_ABSENT,
	STRAY_DOMAIN_THERE,
	STRAY_DOMAIN_MAX
};

enum stray_fate {
	STRAY_FATE_NOT_ASKED,
	STRAY_FATE_UNKNOWN, /* Pacemaker did not answer */
	STRAY_FATE_UP,
	STRAY_FATE_FENCED, /* down, and fenced since the VM was last begun there */
	STRAY_FATE_LEFT,   /* down, in order, without being fenced */
	STRAY_FATE_LOST,   /* no member, and nobody has made sure */
	STRAY_FATE_MAX
};

/* The VM's task in the journal, as it concerns one host. */
enum stray_task {
	STRAY_TASK_NONE,
	STRAY_TASK_WINDOW,   /* it is open, and the host is its source, target or grantee */
	STRAY_TASK_BROKEN,   /* an action of it has failed: stop or start ends it */
	STRAY_TASK_OTHER,    /* it is open, and not about this host */
	STRAY_TASK_RECOVERY, /* a migration has just failed: stop has to find that, see vm_claim.h
			      */
	STRAY_TASK_UNKNOWN,  /* without a majority */
	STRAY_TASK_MAX
};

/* One host, by its initiator, and one LUN of one VM. It has a grant or a nexus, or both. */
struct stray_facts {
	bool granted;
	bool nexus;
	bool foreign;        /* its initiator is no [host] of the configuration */
	bool foreign_wanted; /* such are to be taken away too */
	bool shared;         /* another VM has this LUN as well */
	bool twice;          /* the domain is on another host too */
	enum stray_domain domain;
	enum stray_fate fate;
	enum stray_task task;
};

enum stray_verdict {
	STRAY_NONE = 0,  /* legal */
	STRAY_REMOVE,    /* nobody needs it */
	STRAY_KEEP,      /* it ought not to be there, and is not ours to take */
	STRAY_UNDECIDED, /* what would have to be known is not */
	STRAY_VERDICT_MAX
};

/* *ret_why: a sentence without a full stop; static. */
enum stray_verdict stray_judge(const struct stray_facts *facts, const char **ret_why);

/* What is known of how it came about. */
struct stray_trace {
	bool foreign;
	int64_t released_ms; /* the host has released it then, and the revoke is pending; 0: no */
	int64_t fenced_ms;   /* since the VM was last begun there; 0: not, as is known */
	struct journal_task task; /* the last one that names the host; revision 0: none */
};

#define STRAY_TEXT_MAX 512

/* "LUN web1-data is granted to node2, with a session open" */
const char *stray_what(const struct stray_facts *facts, const char *lun, const char *host,
		       char ret[STRAY_TEXT_MAX]);

/* "left by migrate from node1 to node2, failed on 2026-11-28 05:41:16" */
const char *stray_who(const struct stray_trace *trace, char ret[STRAY_TEXT_MAX]);

#endif
