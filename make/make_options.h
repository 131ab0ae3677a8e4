/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAKE_OPTIONS_H
#define LUNMASK_MAKE_OPTIONS_H

#include <glib.h>

#include "command/output_as.h"

/* The command line of a command of this room. NULL or 0: not given. */
struct make_options {
	char **words; /* NULL: none */
	enum output_as output;
	char *template;
	char *array;
	char **sizes;
	char *class;
	char *memory;
	char *vcpus;
	char *network;
	char *host;
	char *state_lun;
	char *confirm;
	char *name;
	gboolean crm, pcs, verify, abort, dry_run, keep_luns, wipe, discard_image, eject, snapshots;
};

#endif
