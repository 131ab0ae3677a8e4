/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_NAMES_H
#define LUNMASK_HOST_NAMES_H

#include "array/array.h"
#include "base/err.h"
#include "config/config.h"

/*
 * The initiator names under which a host's VMs may use an array: the one in the configuration, and
 * those that it had when the array recorded a grant to it.
 *
 *	rc = host_names_find(host, config, cluster, &fenced, &names, &err);
 *	n = host_names_open(&names, &fenced, open);
 *
 * The names are borrowed from host and fenced.
 */
#define HOST_NAMES_MAX 64

struct host_names {
	const char *all[HOST_NAMES_MAX]; /* first the configured one, then former ones */
	size_t n;
	size_t n_own; /* the rest belongs to another host now, according to the configuration */
};

/* cluster "": former names are not known. config may be NULL. -E2BIG. */
int host_names_find(const struct config_host *host, const struct config *config,
		    const char *cluster, const struct array_fenced *fenced, struct host_names *ret,
		    struct err *err);

/* Lists the host's own names that are not fenced. ret has room for HOST_NAMES_MAX. */
size_t host_names_open(const struct host_names *names, const struct array_fenced *fenced,
		       const char **ret);

#endif
