/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_build.h"

static json_t *tasks_to_json(const struct journal_task *tasks, size_t n)
{
	json_t *json = json_array();

	for (size_t i = 0; i < n; i++) {
		json = json_build_append(json, lunmask_json_task(&tasks[i]));
	}
	return json;
}

static json_t *releases_to_json(const struct journal_release *releases, size_t n)
{
	json_t *json = json_array();

	for (size_t i = 0; i < n; i++) {
		json = json_build_append(json, lunmask_json_release(&releases[i]));
	}
	return json;
}

static int export_make(const struct lunmask_options *options, json_t **ret, struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	struct journal_release *releases = NULL;
	struct journal_release *grants = NULL;
	struct journal_task *tasks = NULL;
	struct journal_status status;
	char cluster[ID128_TEXT];
	size_t n_tasks = 0, n_releases = 0, n_grants = 0;
	uint64_t index = 0;
	int rc = journal_open(deadline, &journal, err);

	rc = rc < 0 ? rc : journal_status_get(journal, deadline, &status, err);
	rc = rc < 0 ? rc : journal_task_list(journal, deadline, &tasks, &n_tasks, &index, err);
	rc = rc < 0 ? rc : journal_release_list(journal, deadline, &releases, &n_releases, err);
	rc = rc < 0 ? rc : journal_grant_list(journal, deadline, &grants, &n_grants, err);
	if (rc == 0) {
		id128_to_str(&status.cluster, cluster);
		*ret = json_pack("{s:s, s:i, s:s, s:I, s:I, s:o, s:o, s:o}", "format",
				 EXPORT_FORMAT, "version", EXPORT_VERSION, "cluster", cluster,
				 "index", (json_int_t)index, "exported_ms",
				 (json_int_t)realtime_now_ms(), "tasks",
				 tasks_to_json(tasks, n_tasks), "releases",
				 releases_to_json(releases, n_releases), "grants",
				 releases_to_json(grants, n_grants));
		rc = *ret == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
		if (rc == 0 && !status.active) {
			(void)fprintf(stderr, "lunmask: this node is not active: what is exported "
					      "may be old\n");
		}
	}
	free(tasks);
	free(releases);
	free(grants);
	return rc;
}

/* Creates a file that is complete and durable, or leaves none. */
static int export_write(const json_t *json, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0) {
		return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	}
	rc = json_dumpfd(json, fd, JSON_INDENT(1)) != 0 || fsync(fd) != 0 ? -EIO : 0;
	rc = close(fd) != 0 ? -EIO : rc;
	if (rc < 0) {
		(void)unlink(path);
		return err_set(err, rc, "cannot write %s", path);
	}
	return 0;
}

int lunmask_export(const struct lunmask_options *options)
{
	struct err err = ERR_INIT;
	json_t *json = NULL;
	int rc = export_make(options, &json, &err);

	if (rc == 0 && strcmp(options->argument, "-") == 0) {
		return lunmask_json_print(json, JSON_INDENT(1));
	}
	rc = rc < 0 ? rc : export_write(json, options->argument, &err);
	json_decref(json);
	return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
}
