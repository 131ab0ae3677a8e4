/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_WATCH_H
#define LUNMASK_DAEMON_CUTOFF_WATCH_H

#include "base/err.h"
#include "cutoff/cutoff.h"
#include "cutoff/cutoff_host.h"
#include "cutoff/cutoff_paths.h"
#include "cutoff/cutoff_pause.h"

/*
 * What stands around cutoff.h: it notices what happens, does what is due, and logs. One thing at a
 * time, and each within a limit.
 *
 *	struct cutoff_watch watch = {.signals = fd};
 *	cutoff_watch_init(&watch, &err);
 *	cutoff_watch_run(&watch, &err);      until signals is readable
 *	cutoff_watch_release(&watch);
 */
struct cutoff_watch {
	const char *config; /* NULL: the default one */
	const char *node;   /* NULL: by the kernel's name */
	int signals;        /* readable when it is to end */

	struct cutoff cutoff;
	struct cutoff_host host;
	struct cutoff_paths paths;
	struct cutoff_pause pause; /* from having stood still to the array's word */
	int io_errors;

	/* What the log knows. */
	enum cutoff_answer told;
	char told_why[ERR_TEXT_MAX];
	char return_why[ERR_TEXT_MAX]; /* why it stays fenced */
	unsigned int return_whys;      /* in a row */
	int reprobes;                  /* that Pacemaker still owes */
	char reprobe_why[ERR_TEXT_MAX];
};

int cutoff_watch_init(struct cutoff_watch *watch, struct err *err);
int cutoff_watch_run(struct cutoff_watch *watch, struct err *err);
void cutoff_watch_release(struct cutoff_watch *watch);

#endif
