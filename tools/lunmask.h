/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TOOLS_LUNMASK_H
#define LUNMASK_TOOLS_LUNMASK_H

#include <glib.h>
#include <jansson.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "base/realtime.h"
#include "change/vm_define.h"
#include "command/output_as.h"
#include "command/usage.h"
#include "journal/journal.h"
#include "survey/vm_all.h"

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
	char *vm;    /* NULL: all */
	char *array; /* NULL: every array */
	char *node;  /* NULL: every node */
	enum output_as output;
	gboolean all, follow, yes, dry_run, foreign, own, running, live, local, crm, pcs;
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

/* lunmask_image.c */
int lunmask_image_show(const struct lunmask_options *options);
int lunmask_image_discard(const struct lunmask_options *options);

/* lunmask_one.c: commands on one VM of the cluster, the first argument. */
typedef int lunmask_vm_fn(const struct lunmask_options *options, struct vm_one *one,
			  struct err *err);

/* Finds the VM and runs the function, which returns an exit status or -errno with text. */
int lunmask_with_vm(const struct lunmask_options *options, lunmask_vm_fn *run);

/* While a task is held, which takes seconds: what ended the command would leave it behind. */
void lunmask_interrupts_hold(void);
void lunmask_interrupts_let(void);

/* lunmask_definition.c: what edit shares with the others. */
int lunmask_definition_look(const struct lunmask_options *options, struct vm_one *one,
			    struct vm_defined *ret, struct err *err);

/*
 * Makes, checks, shows and stores a new definition: set, and the end of an edit. 0 also if there is
 * nothing to change; LUNMASK_EXIT_FAILED: it is stored, but the guest has not all of it (--live).
 */
int lunmask_definition_take(const struct lunmask_options *options, struct vm_one *one,
			    const struct vm_defined *seen, const struct vm_define_text *text,
			    struct err *err);

/* lunmask_definition.c, lunmask_edit.c */
int lunmask_definition_show(const struct lunmask_options *options);
int lunmask_definition_diff(const struct lunmask_options *options);
int lunmask_definition_set(const struct lunmask_options *options);
int lunmask_definition_edit(const struct lunmask_options *options);

/* lunmask_vms.c */
int lunmask_vms(const struct lunmask_options *options);

/* lunmask_reconcile.c */
int lunmask_reconcile(const struct lunmask_options *options);

/* lunmask_forget.c */
int lunmask_forget(const struct lunmask_options *options);

/* lunmask_check.c */
int lunmask_check(const struct lunmask_options *options);

/* lunmask_keygen.c */
int lunmask_keygen(const struct lunmask_options *options);

/*
 * lunmask_export.c, lunmask_import.c. The file, with both lists in the order of creation:
 * {"format": "lunmask-journal", "version": 1, "cluster": UUID, "index": N, "exported_ms": N,
 * "tasks": [...], "releases": [...]}.
 */
#define EXPORT_FORMAT "lunmask-journal"
#define EXPORT_VERSION 1
#define EXPORT_BYTES_MAX (64u * 1024 * 1024)
int lunmask_export(const struct lunmask_options *options);
int lunmask_import(const struct lunmask_options *options);

/* lunmask_json.c: a new reference, or NULL without memory. */
json_t *lunmask_json_task(const struct journal_task *task);
json_t *lunmask_json_release(const struct journal_release *release);
json_t *lunmask_json_status(const struct journal_status *status);
/* -EINVAL with text. All members must be there; unknown ones are ignored. */
int lunmask_json_to_task(const json_t *json, struct journal_task *ret, struct err *err);
int lunmask_json_to_release(const json_t *json, struct journal_release *ret, struct err *err);
int lunmask_json_to_grant(const json_t *json, struct journal_release *ret, struct err *err);
/* Takes the reference to json. LUNMASK_EXIT_FAILED: json is NULL or cannot be written. */
int lunmask_json_print(json_t *json, size_t flags);
/* The same as JSON or XML, whose root is called name. */
int lunmask_data_print(enum output_as as, const char *name, json_t *json);

/* lunmask_print.c */
/* "2026-11-23 07:11:22", local time; "-" for 0. */
const char *lunmask_time_text(int64_t ms, char ret[REALTIME_TEXT]);
/* Asks on the terminal for the words, unless --yes was given. -EPERM: they did not come. */
int lunmask_confirm(const struct lunmask_options *options, const char *words, struct err *err);
/* "12s", "5m", "3h", "2d"; "-" if not known. */
const char *lunmask_age_text(int64_t since_ms, int64_t now_ms, char ret[REALTIME_TEXT]);
/* The node of the actor, else the target, else the source, else "-". */
const char *lunmask_task_node(const struct journal_task *task);
const char *lunmask_step_state_text(enum journal_step_state state);
/* Prints text in width columns; '+' ends a text that is cut. width < 256. */
void lunmask_column(const char *text, int width);

#endif
