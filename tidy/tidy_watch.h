/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TIDY_WATCH_H
#define LUNMASK_TIDY_WATCH_H

#include <glib.h>

#include "base/err.h"
#include "journal/journal.h"
#include "tidy/tidy.h"

/*
 * The main loop around tidy.h: it follows the journal, runs rounds (tidy_round.h), and logs each
 * change once. It does one thing at a time.
 *
 *	struct tidy_watch watch = {.program = "/usr/sbin/lunmask"};
 *	tidy_watch_run(&watch);              does not return
 */
struct tidy_watch {
	const char *program; /* the lunmask command */

	struct tidy tidy;
	struct journal_actor self; /* node "": this node's name is not known yet */
	struct journal *journal;   /* NULL: not connected */
	uint64_t index;            /* applied when the journal was read last */
	bool reconciling;
	GHashTable *told; /* VM: why its paths are left, as logged last */
	char round_why[ERR_TEXT_MAX];
};

void tidy_watch_run(struct tidy_watch *watch) __attribute__((noreturn));

/* One turn of it: waits for something to do for at most wait_ms, and does it. */
void tidy_watch_turn(struct tidy_watch *watch, int64_t wait_ms);
void tidy_watch_release(struct tidy_watch *watch);

#endif
