/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_facts.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

/* What the VM needs */

static void portal_add(struct host_need *need, const char *portal, bool configured)
{
	for (size_t i = 0; i < need->n_portals; i++) {
		if (strcmp(need->portals[i].portal, portal) == 0) {
			return;
		}
	}
	if (need->n_portals < HOST_PORTALS_MAX) {
		need->portals[need->n_portals].configured = configured;
		(void)g_strlcpy(need->portals[need->n_portals++].portal, portal,
				ISCSI_PORTAL_MAX + 1);
	}
}

/*
 * A LUN that is exposed everywhere is so on each portal of lunmask.conf: how the array names its
 * portals may differ from how hosts reach them (a wildcard, a translated address).
 */
static void lun_fill(const struct host_seen *seen, const struct host_need *need, size_t of,
		     struct host_lun *ret)
{
	*ret = (struct host_lun){.name = seen->luns[of]};
	if (seen->exposures_asked.rc != 0) {
		return;
	}
	ret->exists = seen->absent[of] ? HOST_NO : HOST_YES;
	for (size_t i = 0; ret->exists == HOST_YES && i < need->n_portals; i++) {
		if (array_exposure_has(&seen->exposures[of], need->portals[i].portal)) {
			ret->exposed |= UINT64_C(1) << i;
		}
	}
}

void host_need_fill(const struct host_seen *seen, struct host_lun *ret_luns, struct host_need *ret)
{
	*ret = (struct host_need){.array = seen->array,
				  .luns = ret_luns,
				  .n_luns = seen->n_luns,
				  .paths_required = seen->paths_required};
	(void)g_strlcpy(ret->array_trouble, err_text(&seen->exposures_asked.err),
			sizeof(ret->array_trouble));
	for (size_t i = 0; i < seen->n_portals; i++) {
		portal_add(ret, seen->portals[i], true);
	}
	for (size_t i = 0; seen->exposures_asked.rc == 0 && i < seen->n_luns; i++) {
		for (size_t k = 0; k < seen->exposures[i].n_portals; k++) {
			portal_add(ret, seen->exposures[i].portals[k], false);
		}
	}
	for (size_t i = 0; i < seen->n_luns; i++) {
		lun_fill(seen, ret, i, &ret_luns[i]);
	}
}

/* What is true of a host */

static void __attribute__((format(printf, 3, 4)))
know(struct host_known *known, enum host_answer is, const char *format, ...)
{
	va_list args;

	known->is = is;
	va_start(args, format);
	(void)vsnprintf(known->detail, sizeof(known->detail), format, args);
	va_end(args);
}

static void quorum_fill(const struct host_seen *seen, struct host_facts *facts)
{
	if (seen->quorum_asked.rc != 0) {
		know(&facts->known[HOST_QUORUM], HOST_NOT_KNOWN, "%s",
		     err_text(&seen->quorum_asked.err));
	} else {
		know(&facts->known[HOST_QUORUM], seen->quorum ? HOST_YES : HOST_NO, "%s", "");
	}
}

static const enum host_fact fact_of[] = {
	[CLUSTER_AWAY] = HOST_MEMBER,      [CLUSTER_MAINTENANCE] = HOST_MANAGED,
	[CLUSTER_STANDBY] = HOST_ACTIVE,   [CLUSTER_UNHEALTHY] = HOST_HEALTHY,
	[CLUSTER_BANNED] = HOST_PERMITTED, [CLUSTER_FAILED] = HOST_NOT_FAILED,
};
static_assert(G_N_ELEMENTS(fact_of) == CLUSTER_OBSTACLES, "an obstacle has no fact");

static void cluster_fill(const struct host_seen *seen, const struct cluster_host *host,
			 struct host_facts *facts)
{
	static const enum host_answer answers[] = {
		[CLUSTER_UNCLEAR] = HOST_NOT_KNOWN,
		[CLUSTER_NOT_THERE] = HOST_YES,
		[CLUSTER_THERE] = HOST_NO,
	};

	for (size_t i = 0; i < CLUSTER_OBSTACLES; i++) {
		struct host_known *known = &facts->known[fact_of[i]];

		if (host == NULL) {
			know(known, HOST_NOT_KNOWN, "%s", err_text(&seen->cluster_asked.err));
		} else {
			know(known, answers[host->obstacles[i].there], "%s",
			     host->obstacles[i].text);
		}
	}
}

/* lunmask.conf knows the name, the array whether it is fenced. */
static void array_fill(const struct host_seen *seen, struct host_facts *facts)
{
	const struct config_host *host;
	struct host_known *unfenced = &facts->known[HOST_UNFENCED];

	if (config_host_get(seen->config, facts->node, &host, NULL) != 0) {
		know(&facts->known[HOST_INITIATOR], HOST_NO, "lunmask.conf has no [host %.200s]",
		     facts->node);
		unfenced->is = HOST_YES;
		return;
	}
	facts->known[HOST_INITIATOR].is = HOST_YES;
	if (seen->fenced_asked.rc != 0) {
		know(unfenced, HOST_NOT_KNOWN, "%s", err_text(&seen->fenced_asked.err));
	} else if (seen->fenced != NULL && array_fenced_has(seen->fenced, host->initiator)) {
		know(unfenced, HOST_NO, "%s, %s", seen->array, host->initiator);
	} else {
		unfenced->is = HOST_YES;
	}
}

static const struct journal_path *path_find(const struct host_seen *seen, const char *node,
					    const char *portal)
{
	for (size_t i = 0; seen->paths_asked.rc == 0 && i < seen->n_paths; i++) {
		const struct journal_path *path = &seen->paths[i];

		if (strcmp(path->node, node) == 0 && strcmp(path->array, seen->array) == 0 &&
		    strcmp(path->portal, portal) == 0) {
			return path;
		}
	}
	return NULL;
}

static void paths_fill(const struct host_seen *seen, const struct host_need *need,
		       struct host_facts *facts)
{
	for (size_t i = 0; i < need->n_portals; i++) {
		const struct journal_path *path =
			path_find(seen, facts->node, need->portals[i].portal);
		struct host_path *ret = &facts->paths[i];
		const char *why = "lunmaskd of that host has told nothing of it";

		if (path != NULL) {
			ret->state = path->state;
			ret->age_ms = path->age_ms;
			why = path->reason;
		} else if (seen->paths_asked.rc != 0) {
			why = err_text(&seen->paths_asked.err);
		}
		(void)g_strlcpy(ret->reason, why, sizeof(ret->reason));
	}
}

static void libvirt_fill(const struct host_seen *seen, struct host_facts *facts)
{
	static const enum host_fact its[] = {HOST_LIBVIRT, HOST_CPU, HOST_MEMORY};

	for (size_t i = 0; i < seen->n_libvirts; i++) {
		if (strcmp(seen->libvirts[i].node, facts->node) != 0) {
			continue;
		}
		for (size_t k = 0; k < G_N_ELEMENTS(its); k++) {
			facts->known[its[k]] = seen->libvirts[i].known[its[k]];
		}
	}
}

static void facts_fill(const struct host_seen *seen, const struct host_need *need, const char *node,
		       const struct cluster_host *host, struct host_facts *ret)
{
	ret->node = node;
	quorum_fill(seen, ret);
	cluster_fill(seen, host, ret);
	array_fill(seen, ret);
	paths_fill(seen, need, ret);
	libvirt_fill(seen, ret);
}

size_t host_facts_fill(const struct host_seen *seen, const struct host_need *need,
		       struct host_facts **ret)
{
	bool known = seen->cluster_asked.rc == 0;
	size_t n = known ? seen->cluster->count : 0;
	const struct config_host *configured =
		config_hosts(seen->config, known ? &(size_t){0} : &n);

	*ret = g_new0(struct host_facts, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct cluster_host *host = known ? &seen->cluster->hosts[i] : NULL;

		facts_fill(seen, need, known ? host->node : configured[i].node, host, &(*ret)[i]);
	}
	return n;
}
