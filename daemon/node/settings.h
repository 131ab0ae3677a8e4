/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_SETTINGS_H
#define LUNMASK_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "paths/paths.h"

/*
 * /etc/lunmask/journal.conf: the settings of lunmaskd. All have defaults, and the file may be
 * missing.
 *
 *	[journal]
 *	allow_unencrypted = no
 *	solo_after_fencing = yes
 *	debug = no
 *
 *	[paths]
 *	interval = 30s
 *	timeout = 5s
 *
 * The file is separate from lunmask.conf, so that an error about an array does not keep the journal
 * down, and an error about the journal does not stop the agents. An unknown section or key is an
 * error here too. Only root (or the calling user) may own the file and be able to write it.
 */
#define SETTINGS_FILE "/etc/lunmask/journal.conf"
#define SETTINGS_FILE_MAX_BYTES (16u * 1024)

struct settings {
	bool allow_unencrypted;  /* run even if corosync's network is not encrypted */
	bool solo_after_fencing; /* two nodes: continue alone when Pacemaker fenced the peer */
	bool debug;
	struct paths_settings paths;
};

/* path NULL: SETTINGS_FILE, if there is one. Otherwise path must exist. -errno with text. */
int settings_load(const char *path, struct settings *ret, struct err *err);

/* As settings_load(), from memory; file is the name used in messages. -EINVAL. */
int settings_parse(const char *text, size_t bytes, const char *file, struct settings *ret,
		   struct err *err);

#endif
