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
 * This host, looked at and, where an array has it fenced, cleaned.
 *
 *	struct cutoff_host host = {.node = "node1", .told = log};
 *	cutoff_host_configure(&host, NULL, &err);
 *	cutoff_host_look(&host, deadline, &seen, &err);
 *	cutoff_host_release(&host);
 *
 * A look holds, by pidfds, whatever uses LUNs under the host's initiator, and asks the arrays then.
 * What is ended on the word of one is what was held before it was asked: this process may stand
 * still between any two lines, and the host be let in again meanwhile, with VMs that are new.
 */
#define CUTOFF_PORTS_MAX (CONFIG_ARRAYS_MAX * CONFIG_PORTALS_MAX)

struct cutoff_host {
	const char *node;
	/* A process is ended, since that array has the host fenced. NULL: nobody wants to know. */
	void (*told)(void *data, const struct process_held *process, const char *array);
	void *data;

	struct config *config;
	const struct config_host *self;
	uint16_t ports[CUTOFF_PORTS_MAX]; /* of all portals, each once */
	size_t n_ports;
	bool fenced; /* as the last look found */
	/* Agents from before the host was found fenced: they may know nothing of it. */
	struct process_set agents;
};

struct cutoff_seen {
	enum cutoff_answer answer;
	bool busy;  /* there was something that uses LUNs */
	bool clean; /* there is nothing now */
};

/* The name of this host's section: node, or NULL for the one that has the kernel's name. */
int cutoff_host_node(const struct config *config, const char *node, const char **ret,
		     struct err *err);

/* Reads the configuration, anew when it is called again; when that fails the old one stays. */
int cutoff_host_configure(struct cutoff_host *host, const char *file, struct err *err);

/*
 * The text says which array has it fenced, why one is silent, or what is left. Negative: this host
 * could not be looked at; no array was asked.
 */
int cutoff_host_look(struct cutoff_host *host, struct deadline deadline, struct cutoff_seen *ret,
		     struct err *err);

/*
 * 0: nothing on this host speaks against having it let in again. -EPERM: its configuration does;
 * -EAGAIN: an agent from before it was found fenced is still at work.
 */
int cutoff_host_may_return(struct cutoff_host *host, struct err *err);

void cutoff_host_release(struct cutoff_host *host);

#endif
