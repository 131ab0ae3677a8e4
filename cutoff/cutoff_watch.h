/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_WATCH_H
#define LUNMASK_DAEMON_CUTOFF_WATCH_H

#include "base/err.h"
#include "cutoff/cutoff.h"
#include "cutoff/cutoff_host.h"
#include "cutoff/cutoff_paths.h"
#include "cutoff/cutoff_pause.h"

/*
 * The main loop around cutoff.h: it detects events, carries out the actions that are due, and logs.
 * It does one thing at a time, and each within a time limit.
 *
 *	struct cutoff_watch watch = {.signals = fd};
 *	cutoff_watch_init(&watch, &err);
 *	cutoff_watch_run(&watch, &err);      until signals is readable
 *	cutoff_watch_release(&watch);
 *
 * The caller owns the struct and the fd.
 */
struct cutoff_watch {
	const char *config; /* NULL: the default file */
	const char *node;   /* NULL: found by the kernel's host name */
	int signals;        /* readable when the loop has to end */

	struct cutoff cutoff;
	struct cutoff_host host;
	struct cutoff_paths paths;
	struct cutoff_pause pause; /* from a detected standstill until the arrays have answered */
	int io_errors;

	/* What has been logged last. */
	enum cutoff_answer told;
	char told_why[ERR_TEXT_MAX];
	char return_why[ERR_TEXT_MAX]; /* why the host stays fenced */
	unsigned int return_whys;      /* consecutive failures with this reason */
	int reprobes;                  /* reprobes still to be requested from Pacemaker */
	char reprobe_why[ERR_TEXT_MAX];
};

int cutoff_watch_init(struct cutoff_watch *watch, struct err *err);
int cutoff_watch_run(struct cutoff_watch *watch, struct err *err);
void cutoff_watch_release(struct cutoff_watch *watch);

#endif
