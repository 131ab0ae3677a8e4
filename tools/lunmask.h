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
 * The lunmask command: a table of commands (lunmask.c). Each command is a function in one of the
 * files lunmask_*.c. It prints the result on stdout and returns the exit status.
 */
enum lunmask_exit {
	LUNMASK_EXIT_GOOD = 0,
	LUNMASK_EXIT_FAILED = 1,
	LUNMASK_EXIT_USAGE = 2,
	LUNMASK_EXIT_NO_DAEMON = 3, /* lunmaskd is not running here */
	LUNMASK_EXIT_REFUSED = 4,   /* not permitted, or refused with a reason */
	LUNMASK_EXIT_NO_QUORUM = 5, /* no majority, or no answer in time */
	LUNMASK_EXIT_NOT_THERE = 6, /* no such task */
	LUNMASK_EXIT_UNSEEN = 7,    /* reconcile: the state could not be determined */
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
	const char *argument; /* first argument; NULL: none */
	const char *const *arguments;
	size_t n_arguments;
};

/* Prints err's text on stderr. Returns the exit status for rc. */
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
/* -EINVAL with text. All members must be there; unknown ones are ignored. */
int lunmask_json_to_task(const json_t *json, struct journal_task *ret, struct err *err);
int lunmask_json_to_release(const json_t *json, struct journal_release *ret, struct err *err);
/* Takes the reference to json. false: json is NULL or cannot be written. */
bool lunmask_json_print(json_t *json, size_t flags);

/* lunmask_print.c */
#define LUNMASK_TIME_TEXT REALTIME_TEXT
/* "2026-11-23 07:11:22", local time; "-" for 0. */
const char *lunmask_time_text(int64_t ms, char ret[LUNMASK_TIME_TEXT]);
/* "12s", "5m", "3h", "2d"; "-" if not known. */
const char *lunmask_age_text(int64_t since_ms, int64_t now_ms, char ret[LUNMASK_TIME_TEXT]);
int64_t lunmask_now_ms(void); /* CLOCK_REALTIME */
/* The node of the actor, else the target, else the source, else "-". */
const char *lunmask_task_node(const struct journal_task *task);
const char *lunmask_step_state_text(enum journal_step_state state);
/* Prints text in width columns; '+' ends a text that is cut. width < 256. */
void lunmask_column(const char *text, int width);

#endif
