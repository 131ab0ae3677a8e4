/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_HOST_H
#define LUNMASK_DAEMON_CUTOFF_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "config/config.h"
#include "cutoff/cutoff.h"
#include "process/process_set.h"

/*
 * Checks whether an array has this host fenced, and if so kills the processes that use LUNs.
 *
 *	struct cutoff_host host = {.node = "node1", .told = log};
 *	cutoff_host_configure(&host, NULL, &err);
 *	cutoff_host_query(&host, deadline, &seen, &err);
 *	cutoff_host_release(&host);
 *
 * The caller owns struct cutoff_host.
 *
 * cutoff_host_query() first opens pidfds of all processes that use LUNs with the host's initiator
 * name, and asks the arrays after that. If an array says that the host is fenced, only these
 * processes are killed. The reason: this process may be suspended between any two statements. If
 * the host is unfenced meanwhile, processes of VMs started after that must not be killed.
 */
#define CUTOFF_PORTS_MAX (CONFIG_ARRAYS_MAX * CONFIG_PORTALS_MAX)

struct cutoff_host {
	const char *node;
	/* Called before a process is killed because that array has the host fenced. May be NULL. */
	void (*told)(void *data, const struct process_held *process, const char *array);
	void *data;

	struct config *config;
	const struct config_host *self;
	uint16_t ports[CUTOFF_PORTS_MAX]; /* of all portals, without duplicates */
	size_t n_ports;
	bool fenced; /* the last known answer of the arrays */
	/* Agents that ran before the host was found fenced, and may not know of it. */
	struct process_set agents;
};

struct cutoff_seen {
	enum cutoff_answer answer;
	bool busy;  /* processes that use LUNs were found */
	bool clean; /* none of them is left now */
};

/* [host NODE] of node or, if NULL, of the kernel's host name. -ENOENT: there is no such section. */
int cutoff_host_node(const struct config *config, const char *node, const char **ret,
		     struct err *err);

/* Reads or reloads the configuration; the old one stays if that fails. -errno with text. */
int cutoff_host_configure(struct cutoff_host *host, const char *file, struct err *err);

/*
 * Queries the arrays and kills processes as above. err says which array has the host fenced, why an
 * array does not answer, or which process is left. A negative result means that this host's
 * processes could not be listed; no array was asked.
 */
int cutoff_host_query(struct cutoff_host *host, struct deadline deadline, struct cutoff_seen *ret,
		      struct err *err);

/*
 * 0: this host has no reason not to be unfenced. -EPERM: unfence_after_cutoff = no. -EAGAIN: an
 * agent that was running before the host was found fenced is still running.
 */
int cutoff_host_may_return(struct cutoff_host *host, struct err *err);

void cutoff_host_release(struct cutoff_host *host);

#endif
