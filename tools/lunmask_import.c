/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lunmask.h"

/*
 * The import uses ordinary operations: RELEASE and GRANT; BEGIN; and, for a task that was not
 * running, ADVANCE to its state. The request ids are derived from the file's content. An
 * interrupted import can therefore run again: completed operations do not take effect twice.
 *
 * A running task keeps its actor: another may continue it only with evidence of the actor's death.
 */
/* The actor of the other tasks until they are in their state; the same in every run. */
static const struct journal_actor import_actor = {.node = "import", .boot_id = "import", .pid = 1};

struct import {
	struct journal *journal;
	const struct lunmask_options *options;
	json_t *tasks;
	json_t *releases;
	json_t *grants; /* NULL: the file is of a lunmask that did not record them */
	bool begun;     /* an earlier run has imported tasks, and so all releases and grants */
};

struct source {
	FILE *file;
	size_t left;
};

/* For json_load_callback(): reads at most EXPORT_BYTES_MAX in total. */
static size_t source_read(void *buffer, size_t max, void *data)
{
	struct source *source = data;
	size_t bytes = fread(buffer, 1, max, source->file);

	if (bytes > source->left || ferror(source->file) != 0) {
		return (size_t)-1;
	}
	source->left -= bytes;
	return bytes;
}

static int file_read(const char *path, json_t **ret, struct err *err)
{
	struct source source = {.left = EXPORT_BYTES_MAX};
	json_error_t error;

	source.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (source.file == NULL) {
		return err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	}
	*ret = json_load_callback(source_read, &source, JSON_REJECT_DUPLICATES, &error);
	if (source.file != stdin) {
		(void)fclose(source.file);
	}
	return *ret == NULL
		       ? err_set(err, -EINVAL, "%s is not JSON of at most %u bytes: line %d: %s",
				 path, EXPORT_BYTES_MAX, error.line, error.text)
		       : 0;
}

static int format_check(const json_t *json, struct import *import, struct err *err)
{
	const char *format = json_string_value(json_object_get(json, "format"));
	json_int_t version = json_integer_value(json_object_get(json, "version"));

	if (format == NULL || strcmp(format, EXPORT_FORMAT) != 0 || version != EXPORT_VERSION) {
		return err_set(err, -EINVAL,
			       "not a file of lunmask journal export: format must be '%s', version "
			       "%d",
			       EXPORT_FORMAT, EXPORT_VERSION);
	}
	import->tasks = json_object_get(json, "tasks");
	import->releases = json_object_get(json, "releases");
	import->grants = json_object_get(json, "grants");
	if (!json_is_array(import->tasks) || !json_is_array(import->releases) ||
	    (import->grants != NULL && !json_is_array(import->grants))) {
		return err_set(err, -EINVAL, "tasks, releases and grants must be lists");
	}
	return 0;
}

/* Checks the whole file before the first change. */
static int content_check(const struct import *import, struct err *err)
{
	struct journal_task task;
	struct journal_release release;
	json_t *json;
	size_t i;

	json_array_foreach (import->tasks, i, json) {
		int rc = lunmask_json_to_task(json, &task, err);

		if (rc < 0) {
			return err_prefix(err, rc, "task %zu", i);
		}
	}
	json_array_foreach (import->releases, i, json) {
		int rc = lunmask_json_to_release(json, &release, err);

		if (rc < 0) {
			return err_prefix(err, rc, "release %zu", i);
		}
	}
	json_array_foreach (import->grants, i, json) {
		int rc = lunmask_json_to_grant(json, &release, err);

		if (rc < 0) {
			return err_prefix(err, rc, "grant %zu", i);
		}
	}
	return 0;
}

static bool file_has_task(const struct import *import, const struct id128 *uuid)
{
	char text[ID128_TEXT];
	json_t *json;
	size_t i;

	id128_to_str(uuid, text);
	json_array_foreach (import->tasks, i, json) {
		if (strcmp(json_string_value(json_object_get(json, "uuid")), text) == 0) {
			return true;
		}
	}
	return false;
}

static bool file_has_release(const json_t *list, const struct journal_release *release)
{
	json_t *json;
	size_t i;

	json_array_foreach (list, i, json) {
		if (strcmp(json_string_value(json_object_get(json, "vm")), release->vm) == 0 &&
		    strcmp(json_string_value(json_object_get(json, "node")), release->node) == 0) {
			return true;
		}
	}
	return false;
}

static int not_empty(const char *what, const char *vm, struct err *err)
{
	return err_set(err, -EEXIST,
		       "the journal is not empty: it has a %s of VM '%s' that is not in the file; "
		       "import is for a new cluster's journal",
		       what, vm);
}

static int tasks_check(struct import *import, struct deadline deadline, struct err *err)
{
	struct journal_task *tasks = NULL;
	size_t n = 0;
	int rc = journal_task_list(import->journal, deadline, &tasks, &n, NULL, err);

	import->begun = n > 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!file_has_task(import, &tasks[i].uuid)) {
			rc = not_empty("task", tasks[i].vm, err);
		}
	}
	free(tasks);
	return rc;
}

static int releases_check(const struct import *import, struct deadline deadline, struct err *err)
{
	struct journal_release *releases = NULL;
	size_t n = 0;
	int rc = journal_release_list(import->journal, deadline, &releases, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!file_has_release(import->releases, &releases[i])) {
			rc = not_empty("release", releases[i].vm, err);
		}
	}
	free(releases);
	return rc;
}

static int grants_check(const struct import *import, struct deadline deadline, struct err *err)
{
	struct journal_release *grants = NULL;
	size_t n = 0;
	int rc = journal_grant_list(import->journal, deadline, &grants, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!file_has_release(import->grants, &grants[i])) {
			rc = not_empty("grant", grants[i].vm, err);
		}
	}
	free(grants);
	return rc;
}

/* An earlier run may have done it, and the journal may have forgotten its request. */
static bool is_there(const struct journal_op *op, enum journal_state state,
		     const struct journal_answer *answer)
{
	return answer->has_current && id128_equal(&answer->current.uuid, &op->task.uuid) &&
	       answer->current.state == state;
}

/* state: the final state of the task; 0 for a release. */
static int operation_run(const struct import *import, const struct journal_op *op,
			 enum journal_state state, const char *name, const char *what,
			 struct err *err)
{
	struct deadline deadline = deadline_in(import->options->timeout_ms);
	struct journal_answer answer;
	struct id128 request;
	int rc;

	id128_derive(&request, "lunmask journal import", name, what, NULL);
	rc = journal_submit(import->journal, op, &request, JOURNAL_GATED, deadline, &answer, err);
	if (rc < 0) {
		return rc;
	}
	if (answer.verdict == JOURNAL_NO_QUORUM) {
		return err_set(err, -EHOSTDOWN,
			       "no majority, or not quorate: see lunmask journal "
			       "status");
	}
	if (answer.verdict != JOURNAL_COMMITTED) {
		return err_set(err, -ETIMEDOUT, "no answer in time: run the import again");
	}
	if (answer.status != 0 && (state == 0 || !is_there(op, state, &answer))) {
		return err_set(err, answer.status, "the journal refuses its %s: %s", what,
			       strerror(-answer.status));
	}
	return 0;
}

static int task_import(const struct import *import, const json_t *json, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};
	enum journal_state state;
	char name[ID128_TEXT];
	int rc = lunmask_json_to_task(json, &op.task, err);

	if (rc < 0) {
		return rc;
	}
	id128_to_str(&op.task.uuid, name);
	state = op.task.state;
	op.task.revision = 0;
	op.task.tries = 0;
	op.task.taken_over = JOURNAL_EVIDENCE_NONE;
	op.task.state = JOURNAL_RUNNING;
	if (state != JOURNAL_RUNNING) {
		op.task.actor = import_actor;
	}
	rc = operation_run(import, &op, state, name, "task", err);
	if (rc < 0 || state == JOURNAL_RUNNING) {
		return rc;
	}
	op.kind = JOURNAL_OP_ADVANCE;
	op.task.revision = 1;
	op.task.state = state;
	return operation_run(import, &op, state, name, "state", err);
}

static int row_import(const struct import *import, struct journal_op *op, const char *what,
		      struct err *err)
{
	char name[VM_NAME_MAX + NODE_NAME_MAX + 64];

	(void)snprintf(name, sizeof(name), "%s on %s since %" JSON_INTEGER_FORMAT, op->release.vm,
		       op->release.node, (json_int_t)op->release.since_ms);
	op->release.revision = 0;
	/* The VM may have begun there anew since the export: only what is fenced from now on was
	 * fenced since.
	 */
	if (op->release.granted) {
		op->release.since_ms = realtime_now_ms();
		op->release.fencings = op->release.by_fencings = JOURNAL_FENCINGS_UNKNOWN;
	}
	return operation_run(import, op, 0, name, what, err);
}

static int release_import(const struct import *import, const json_t *json, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_RELEASE};
	int rc = lunmask_json_to_release(json, &op.release, err);

	return rc < 0 ? rc : row_import(import, &op, "release", err);
}

static int grant_import(const struct import *import, const json_t *json, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT};
	int rc = lunmask_json_to_grant(json, &op.release, err);

	return rc < 0 ? rc : row_import(import, &op, "grant", err);
}

typedef int (*import_fn)(const struct import *import, const json_t *json, struct err *err);

static int list_import(const struct import *import, const json_t *list, import_fn record_import,
		       const char *what, struct err *err)
{
	json_t *json;
	size_t i;

	json_array_foreach (list, i, json) {
		int rc = record_import(import, json, err);

		if (rc < 0) {
			return err_prefix(err, rc, "%s %zu, VM '%s'", what, i,
					  json_string_value(json_object_get(json, "vm")));
		}
	}
	return 0;
}

/*
 * Imports releases and grants first, and only into a journal without tasks. A release that ended
 * long ago must not return: a host that has the VM again would lose its LUNs.
 */
static int import_run(const struct import *import, struct err *err)
{
	int rc = import->begun
			 ? 0
			 : list_import(import, import->releases, release_import, "release", err);

	rc = rc < 0 || import->begun
		     ? rc
		     : list_import(import, import->grants, grant_import, "grant", err);
	return rc < 0 ? rc : list_import(import, import->tasks, task_import, "task", err);
}

int lunmask_import(const struct lunmask_options *options)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	struct import import = {.options = options};
	struct err err = ERR_INIT;
	json_t *json = NULL;
	int rc = file_read(options->argument, &json, &err);

	rc = rc < 0 ? rc : format_check(json, &import, &err);
	rc = rc < 0 ? rc : content_check(&import, &err);
	rc = rc < 0 ? rc : journal_open(deadline, &journal, &err);
	import.journal = journal;
	rc = rc < 0 ? rc : tasks_check(&import, deadline, &err);
	rc = rc < 0 ? rc : releases_check(&import, deadline, &err);
	rc = rc < 0 ? rc : grants_check(&import, deadline, &err);
	rc = rc < 0 ? rc : import_run(&import, &err);
	if (rc == 0) {
		(void)printf("%zu tasks and %zu releases are in the journal.\n",
			     json_array_size(import.tasks), json_array_size(import.releases));
	}
	json_decref(json);
	return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
}
