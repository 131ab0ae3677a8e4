/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STRAY_H
#define LUNMASK_STRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/journal_record.h"

/*
 * Judges the path of one host to one LUN of a VM. A path is a grant or a nexus, or both. Is the
 * path legal? If it is not (a stray): may it be removed, and which task left it?
 *
 * Fill in a struct stray_facts and call stray_judge(). For a stray, stray_what() describes the path
 * and stray_who() says how it came about. The functions are pure and do no I/O: the facts come from
 * the array, libvirt, Pacemaker and the journal. The monitor and lunmask reconcile use the same
 * table; the monitor asks only the array and the journal.
 *
 * I5:
 * - A live host keeps its path unless its own libvirt reports that the domain is absent and the
 *   journal reports that no task needs the path.
 * - A host that is not a member keeps its path unless it was fenced, or has left the cluster
 *   cleanly and has no session open.
 */
enum stray_domain {
	STRAY_DOMAIN_NOT_ASKED,
	STRAY_DOMAIN_UNKNOWN, /* libvirt on the host did not answer */
	STRAY_DOMAIN_ABSENT,
	STRAY_DOMAIN_THERE,
	STRAY_DOMAIN_OTHER, /* absent, but another VM or QEMU on the host uses one of the LUNs */
	STRAY_DOMAIN_MAX
};

enum stray_fate {
	STRAY_FATE_NOT_ASKED,
	STRAY_FATE_UNKNOWN, /* Pacemaker did not answer */
	STRAY_FATE_UP,
	STRAY_FATE_FENCED, /* down, and fenced since it was granted the LUNs */
	STRAY_FATE_LEFT,   /* down: it left the cluster cleanly and was not fenced */
	STRAY_FATE_LOST,   /* not a member, and neither fenced nor cleanly shut down */
	STRAY_FATE_MAX
};

/* The VM's task in the journal, in relation to one host. */
enum stray_task {
	STRAY_TASK_NONE,
	STRAY_TASK_WINDOW, /* open; the host is its source, target or grantee */
	STRAY_TASK_BROKEN, /* open; one of its actions failed: stop or start ends it */
	STRAY_TASK_OTHER,  /* open, and does not concern this host */
	/* A migration failed recently; stop must still find it in the journal (vm_claim_saves()).
	 */
	STRAY_TASK_RECOVERY,
	STRAY_TASK_UNKNOWN, /* the journal has no majority */
	STRAY_TASK_MAX
};

/* The facts about one LUN of one VM and one host, identified by its initiator. */
struct stray_facts {
	bool granted;
	bool nexus;
	bool foreign;        /* its initiator belongs to no [host] of the configuration */
	bool foreign_wanted; /* the caller asked to remove paths of foreign initiators too */
	bool shared;         /* another VM uses this LUN too */
	bool twice;          /* the domain exists on another host too */
	/* Nobody has asked, and the VM was started on the host last: Pacemaker has yet to stop it.
	 */
	bool explained;
	enum stray_domain domain;
	enum stray_fate fate;
	enum stray_task task;
};

enum stray_verdict {
	STRAY_NONE = 0,  /* legal */
	STRAY_REMOVE,    /* a stray that may be removed */
	STRAY_KEEP,      /* a stray that must not be removed now */
	STRAY_UNDECIDED, /* a fact that decides is not known */
	STRAY_VERDICT_MAX
};

/* *ret_why: a sentence without a full stop, in static storage. */
enum stray_verdict stray_judge(const struct stray_facts *facts, const char **ret_why);

/* Does the VM's last task explain a grant to the node: has it brought the VM there? */
bool stray_explained(const struct journal_task *last, const char *node);

/* What is known about the origin of a path. */
struct stray_trace {
	bool foreign;
	/* When the host released the LUN; its revoke is pending. 0: not released. */
	int64_t released_ms;
	/* Last fencing since the host was granted the LUNs; 0: none is known. */
	int64_t fenced_ms;
	struct journal_task task; /* the last task that names the host; revision 0: none */
};

#define STRAY_TEXT_MAX 512

/* Example: "LUN web1-data is granted to node2, with a session open". Returns ret. */
const char *stray_what(const struct stray_facts *facts, const char *lun, const char *host,
		       char ret[STRAY_TEXT_MAX]);

/* Example: "left by migrate from node1 to node2, failed since 2026-11-28 05:41:16". Returns ret. */
const char *stray_who(const struct stray_trace *trace, char ret[STRAY_TEXT_MAX]);

#endif
