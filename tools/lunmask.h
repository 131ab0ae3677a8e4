/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TOOLS_LUNMASK_H
#define LUNMASK_TOOLS_LUNMASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "base/realtime.h"
#include "journal/journal.h"

/*
 * The lunmask command: a table of commands (lunmask.c), each a function of one of the files
 * lunmask_*.c. A command prints what was asked for on stdout, and returns what to exit with.
 */
enum lunmask_exit {
	LUNMASK_EXIT_GOOD = 0,
	LUNMASK_EXIT_FAILED = 1,
	LUNMASK_EXIT_USAGE = 2,
	LUNMASK_EXIT_NO_DAEMON = 3, /* lunmaskd does not run here */
	LUNMASK_EXIT_REFUSED = 4,   /* not permitted, or refused with a reason */
	LUNMASK_EXIT_NO_QUORUM = 5, /* no majority, or no answer in time */
	LUNMASK_EXIT_NOT_THERE = 6, /* no such task */
	LUNMASK_EXIT_UNSEEN = 7,    /* reconcile: what is there could not be found out */
};

struct lunmask_options {
	const char *vm; /* NULL: all */
	bool all;
	bool follow;
	bool json;
	bool yes;
	bool dry_run;
	bool foreign;
	int timeout_ms;
	const char *argument; /* the first; NULL: none */
	const char *const *arguments;
	size_t n_arguments;
};

/* Says err's text, with what can be done, on stderr; the exit status that belongs to rc. */
int lunmask_fail(int rc, const struct err *err);

/* lunmask_tasks.c */
int lunmask_tasks(const struct lunmask_options *options);
int lunmask_tasks_show(const struct lunmask_options *options);

/* lunmask_status.c */
int lunmask_status(const struct lunmask_options *options);
int lunmask_voters(const struct lunmask_options *options);
int lunmask_force_solo(const struct lunmask_options *options);

/* lunmask_reconcile.c */
int lunmask_reconcile(const struct lunmask_options *options);

/* lunmask_check.c */
int lunmask_check(const struct lunmask_options *options);

/* lunmask_keygen.c */
int lunmask_keygen(const struct lunmask_options *options);

/* lunmask_export.c, lunmask_import.c */
int lunmask_export(const struct lunmask_options *options);
int lunmask_import(const struct lunmask_options *options);

/* lunmask_json.c: a new reference, or NULL without memory. */
json_t *lunmask_json_task(const struct journal_task *task);
json_t *lunmask_json_release(const struct journal_release *release);
json_t *lunmask_json_status(const struct journal_status *status);
/* -EINVAL with text. All members must be there; others are passed over. */
int lunmask_json_to_task(const json_t *json, struct journal_task *ret, struct err *err);
int lunmask_json_to_release(const json_t *json, struct journal_release *ret, struct err *err);
/* Takes json; false if it is NULL or cannot be written. */
bool lunmask_json_print(json_t *json, size_t flags);

/* lunmask_print.c */
#define LUNMASK_TIME_TEXT REALTIME_TEXT
/* "2026-11-23 07:11:22", local; "-" for 0. */
const char *lunmask_time_text(int64_t ms, char ret[LUNMASK_TIME_TEXT]);
/* "12s", "5m", "3h", "2d"; "-" when it is not known. */
const char *lunmask_age_text(int64_t since_ms, int64_t now_ms, char ret[LUNMASK_TIME_TEXT]);
int64_t lunmask_now_ms(void); /* CLOCK_REALTIME */
/* Who is at it, or where it is going on, or "-". */
const char *lunmask_task_node(const struct journal_task *task);
const char *lunmask_step_state_text(enum journal_step_state state);
/* text in width columns, the last one '+' if it is cut. width < 256. */
void lunmask_column(const char *text, int width);

#endif
