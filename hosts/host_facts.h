/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_FACTS_H
#define LUNMASK_HOST_FACTS_H

#include "array/array.h"
#include "cluster/cluster_hosts.h"
#include "config/config.h"
#include "hosts/host_verdict.h"
#include "journal/journal_path.h"

/*
 * What was seen, put into the words of host_verdict.h: no I/O. An answer that did not come makes
 * facts that are not known, with the reason why.
 *
 *	host_need_fill(&seen, luns, &need);
 *	n = host_facts_fill(&seen, &need, &facts);
 *	g_free(facts);
 */

/* rc is 0, or why there is no answer, with text. Where rc is not 0, the answer is not used. */
struct host_answered {
	int rc;
	struct err err;
};

/* What the libvirt of one host says about the guest. Of a host that is not listed: not known. */
struct host_libvirt {
	const char *node;
	struct host_known known[HOST_FACTS]; /* only LIBVIRT, CPU and MEMORY are used */
};

struct host_seen {
	const struct config *config;
	const char *array;
	const char *const *portals; /* of lunmask.conf */
	size_t n_portals;
	const char *const *luns;
	size_t n_luns;
	size_t paths_required; /* 0: all */

	struct host_answered quorum_asked;
	bool quorum;
	struct host_answered cluster_asked;
	const struct cluster_hosts *cluster;
	struct host_answered paths_asked;
	const struct journal_path *paths;
	size_t n_paths;
	struct host_answered exposures_asked;
	const struct array_exposure *exposures; /* of each LUN */
	const bool *absent;                     /* of each LUN: the array has none of that name */
	struct host_answered fenced_asked;
	const struct array_fenced *fenced; /* NULL: the array cannot fence */
	const struct host_libvirt *libvirts;
	size_t n_libvirts;
};

/* ret_luns has room for seen->n_luns; *ret borrows it, and the names. */
void host_need_fill(const struct host_seen *seen, struct host_lun *ret_luns, struct host_need *ret);

/*
 * Of each node of the cluster; or, where Pacemaker does not answer, of each [host] of lunmask.conf.
 * Returns their number.
 */
size_t host_facts_fill(const struct host_seen *seen, const struct host_need *need,
		       struct host_facts **ret);

#endif
