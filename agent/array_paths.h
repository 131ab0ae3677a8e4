/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_PATHS_H
#define LUNMASK_ARRAY_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * What ocf:lunmask:ArrayPaths does: for each array, it counts the portals of lunmask.conf through
 * which this host reaches it, and publishes the number as an attribute of this node.
 *
 * What lunmaskd has measured is believed. What it does not know (it does not run, or has not
 * measured that path lately) is measured here, so the number is never a guess, and no VM is moved
 * because lunmaskd is away. A file in ARRAY_PATHS_DIRECTORY (or the directory that the environment
 * variable names, for tests) lists the attributes that are published: the agent "runs" while it is
 * there, and stop takes away what it lists.
 */
#define ARRAY_PATHS_DIRECTORY "/run/lunmask/attributes"
#define ARRAY_PATHS_VARIABLE "LUNMASK_ATTRIBUTES"

struct array_paths {
	const char *arrays; /* names, blanks between them; NULL: all of lunmask.conf */
	const char *prefix; /* of the attributes' names */
	int64_t dampen_ms;
	long long multiplier;
	const char *node; /* this node's name, or NULL: ask the cluster */
};

struct array_paths_count {
	size_t usable;
	size_t portals;
	bool measured_here; /* some of them, because lunmaskd does not know them */
	bool conf_unusable; /* nothing was counted, and nothing changed */
};

/* Is the file there? */
bool array_paths_published(const struct array_paths *paths);

/*
 * Counts and publishes. first: also the dampening. *ret is the sum over all arrays. If some are
 * lost or were measured here, err has a text although the result is 0. Where lunmask.conf cannot be
 * used, or does not name an array or this node, what is published stays: a file that is broken is
 * no loss of a path, and every VM here would have to go for it.
 */
int array_paths_publish(const struct array_paths *paths, bool first, struct deadline deadline,
			struct array_paths_count *ret, struct err *err);

/*
 * Takes all attributes that are published away, and then the file. 0 if there is none. An attribute
 * that cannot be taken away is no failure, for which a host would be fenced: err has a text then.
 */
int array_paths_clear(const struct array_paths *paths, struct deadline deadline, struct err *err);

/* Are the arrays in lunmask.conf, and this node? */
int array_paths_check(const struct array_paths *paths, struct deadline deadline, struct err *err);

#endif
