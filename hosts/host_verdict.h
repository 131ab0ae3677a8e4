/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_VERDICT_H
#define LUNMASK_HOST_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/name_limits.h"
#include "names/path.h"

/*
 * May a VM run on a host, and if not, why? From facts that others have gathered; no I/O.
 *
 *	host_verdict(&need, &facts, &verdict);
 *	... verdict.answer, verdict.reasons[0].text
 *	host_verdict_release(&verdict);
 *
 * The rule for paths: through at least one portal that lunmask.conf names and that exposes it, the
 * host reaches EACH of the VM's LUNs; not necessarily through the same one. (Or through as many as
 * the VM's parameter paths_required wants.)
 *
 * What is not known is a value of its own, and never evidence: neither for a yes nor for a no.
 */
enum host_answer { HOST_NOT_KNOWN = 0, HOST_NO, HOST_YES, HOST_ANSWER_MAX };

/* "yes", "no", "unknown". */
const char *host_answer_to_str(enum host_answer answer);

#define HOST_DETAIL_MAX 255
#define HOST_PORTALS_MAX                                                                           \
	(2 * PORTALS_MAX) /* those of lunmask.conf, and those of the array alone                   \
			   */

/*
 * What is true of a host that the VM may run on, worst first: the order of the reasons. YES is
 * always good. The order is that in which an administrator has to mend it.
 */
enum host_fact {
	HOST_QUORUM,     /* the partition of this node has quorum */
	HOST_MEMBER,     /* the node takes part in the cluster */
	HOST_INITIATOR,  /* lunmask.conf has a [host] section for it */
	HOST_UNFENCED,   /* the array does not refuse it as fenced */
	HOST_PATHS,      /* computed from the paths; its struct is not used */
	HOST_MANAGED,    /* not in maintenance */
	HOST_ACTIVE,     /* not in standby */
	HOST_HEALTHY,    /* Pacemaker's health attributes */
	HOST_PERMITTED,  /* no location constraint keeps the VM away */
	HOST_NOT_FAILED, /* the VM's start has not failed there */
	HOST_LIBVIRT,    /* its libvirt answers */
	HOST_CPU,        /* the guest's CPU can run there */
	HOST_MEMORY,     /* the guest's memory fits */
	HOST_FACTS
};

/* A short name for programs: "quorum", "paths". */
const char *host_fact_to_str(enum host_fact fact);

struct host_known {
	enum host_answer is;
	char detail[HOST_DETAIL_MAX + 1]; /* what was seen, or why it is not known; may be "" */
};

/* What the VM needs; the same for each host. */
struct host_portal {
	char portal[ISCSI_PORTAL_MAX + 1];
	bool configured; /* lunmask.conf names it: drives may use it */
};

struct host_lun {
	const char *name;
	/* Does the array have it? NOT_KNOWN: then it is not known what exposes it, either. */
	enum host_answer exists;
	uint64_t exposed; /* bit i: portals[i] exposes it, as the array's driver says */
};

struct host_need {
	const char *array;
	struct host_portal portals[HOST_PORTALS_MAX];
	size_t n_portals;
	const struct host_lun *luns;
	size_t n_luns;
	size_t paths_required;                   /* for each LUN; 0: all portals of lunmask.conf */
	char array_trouble[HOST_DETAIL_MAX + 1]; /* why a LUN's exists is NOT_KNOWN */
};

/* A host's path to portals[i] of the need. */
struct host_path {
	enum path_state state; /* UNKNOWN also where lunmaskd lists none */
	uint64_t age_ms;       /* it has had this state for so long */
	char reason[PATH_REASON_MAX + 1];
};

struct host_facts {
	const char *node;
	struct host_known known[HOST_FACTS];
	struct host_path paths[HOST_PORTALS_MAX];
};

/* NO and NOT_KNOWN decide; YES is a remark, which does not. */
struct host_reason {
	enum host_fact fact;
	enum host_answer effect;
	char *text; /* a sentence without a full stop */
};

struct host_verdict {
	enum host_answer answer;
	size_t paths_up;             /* to portals of lunmask.conf */
	struct host_reason *reasons; /* what decides first, the worst of them first; then remarks */
	size_t n_reasons;
};

void host_verdict(const struct host_need *need, const struct host_facts *facts,
		  struct host_verdict *ret);
void host_verdict_release(struct host_verdict *verdict);

#endif
