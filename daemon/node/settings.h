/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_SETTINGS_H
#define LUNMASK_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * /etc/lunmask/journal.conf: lunmaskd's own settings, all with defaults; the file may be missing.
 *
 *	[journal]
 *	allow_unencrypted = no
 *	solo_after_fencing = yes
 *	debug = no
 *
 * It is not a part of lunmask.conf: a mistake about an array must not keep the journal down, nor
 * one about the journal the agents. An unknown section or key is an error here too, and the file
 * must be root's (or the caller's) and nobody else's to write.
 */
#define SETTINGS_FILE "/etc/lunmask/journal.conf"
#define SETTINGS_FILE_MAX_BYTES (16u * 1024)

struct settings {
	bool allow_unencrypted;  /* run although corosync's network has no encryption */
	bool solo_after_fencing; /* of two nodes, go on alone when Pacemaker fenced the other */
	bool debug;
};

/* path NULL: SETTINGS_FILE, which may be missing; one that is named may not. -errno with text. */
int settings_load(const char *path, struct settings *ret, struct err *err);

/* The same from memory; file is its name for messages. -EINVAL. */
int settings_parse(const char *text, size_t bytes, const char *file, struct settings *ret,
		   struct err *err);

#endif
