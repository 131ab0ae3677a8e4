/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "tools/lunmask.h"

#define FOLLOW_MS (5 * 60 * 1000) /* after this time, query lunmaskd again */
#define GONE_MS 1000              /* interval of attempts to reach lunmaskd again */

struct listing {
	struct journal_task *tasks;
	size_t n;
	uint64_t index;
	bool active;
};

static void listing_release(struct listing *listing)
{
	free(listing->tasks);
	listing->tasks = NULL;
}

static int listing_get(struct journal *journal, struct deadline deadline, struct listing *ret,
		       struct err *err)
{
	struct journal_status status;
	int rc = journal_status_get(journal, deadline, &status, err);

	*ret = (struct listing){.active = rc == 0 && status.active};
	return rc < 0 ? rc
		      : journal_task_list(journal, deadline, &ret->tasks, &ret->n, &ret->index,
					  err);
}

static bool wanted(const struct journal_task *task, const struct lunmask_options *options)
{
	return (options->vm == NULL || strcmp(options->vm, task->vm) == 0) &&
	       (options->all || journal_state_open(task->state));
}

static void head_print(void)
{
	(void)puts(
		"VM               TASK      STATE   STEP                 NODE         SINCE TRIES");
}

static void task_print(const struct journal_task *task)
{
	char age[REALTIME_TEXT];

	lunmask_column(task->vm, 16);
	lunmask_column(journal_kind_to_str(task->kind), 9);
	lunmask_column(journal_state_to_str(task->state), 7);
	lunmask_column(task->step[0] != '\0' ? task->step : "-", 20);
	lunmask_column(lunmask_task_node(task), 12);
	(void)printf("%5s %5" PRIu32 "\n",
		     lunmask_age_text(task->changed_ms, realtime_now_ms(), age), task->tries);
}

static void stale_print(const struct listing *listing)
{
	if (!listing->active) {
		(void)printf("As of index %" PRIu64 "; this node is not active: others may know "
			     "more.\n",
			     listing->index);
	}
}

static void listing_print(const struct listing *listing, const struct lunmask_options *options)
{
	size_t n = 0;

	for (size_t i = 0; i < listing->n; i++) {
		if (wanted(&listing->tasks[i], options)) {
			if (n++ == 0) {
				head_print();
			}
			task_print(&listing->tasks[i]);
		}
	}
	if (n == 0) {
		(void)puts(options->all ? "No tasks." : "No open tasks.");
	}
	stale_print(listing);
}

static int listing_json(const struct listing *listing, const struct lunmask_options *options)
{
	json_t *tasks = json_array();

	for (size_t i = 0; i < listing->n; i++) {
		if (wanted(&listing->tasks[i], options)) {
			tasks = json_build_append(tasks, lunmask_json_task(&listing->tasks[i]));
		}
	}
	return lunmask_data_print(options->output, "listing",
				  json_pack("{s:I, s:b, s:o}", "index", (json_int_t)listing->index,
					    "active", listing->active, "tasks", tasks));
}

static bool changed(const struct journal_task *task, const struct listing *before)
{
	for (size_t i = 0; i < before->n; i++) {
		if (id128_equal(&task->uuid, &before->tasks[i].uuid)) {
			return task->revision != before->tasks[i].revision;
		}
	}
	return true;
}

static void change_print(const struct journal_task *task, const struct lunmask_options *options)
{
	char when[REALTIME_TEXT];

	if (options->output != OUTPUT_TEXT) {
		(void)lunmask_json_print(lunmask_json_task(task), JSON_COMPACT);
		return;
	}
	(void)printf("%s %s %s %s", lunmask_time_text(realtime_now_ms(), when), task->vm,
		     journal_kind_to_str(task->kind), journal_state_to_str(task->state));
	if (task->step[0] != '\0') {
		(void)printf(" %s %s", task->step, lunmask_step_state_text(task->step_state));
	}
	(void)printf(" on %s\n", lunmask_task_node(task));
}

/* Includes ended tasks: the user may be waiting for a task to end. */
static void changes_print(const struct listing *now, const struct listing *before,
			  const struct lunmask_options *options)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct journal_task *task = &now->tasks[i];

		if ((options->vm == NULL || strcmp(options->vm, task->vm) == 0) &&
		    changed(task, before)) {
			change_print(task, options);
		}
	}
}

/* Waits for one change and prints it. */
static int follow_once(struct journal *journal, const struct lunmask_options *options,
		       struct listing *before, struct err *err)
{
	struct listing now = {0};
	uint64_t index;
	int rc = journal_wait(journal, before->index, deadline_in(FOLLOW_MS), &index, err);

	if (rc == -ETIMEDOUT) {
		return 0;
	}
	rc = rc < 0 ? rc : listing_get(journal, deadline_in(options->timeout_ms), &now, err);
	if (rc < 0) {
		listing_release(&now);
		return rc;
	}
	changes_print(&now, before, options);
	listing_release(before);
	*before = now;
	return fflush(stdout) == 0 ? 0 : err_set(err, -EPIPE, "cannot write");
}

/* If lunmaskd restarts, its log may be shorter for a moment. */
static int follow(struct journal *journal, const struct lunmask_options *options,
		  struct listing *before, struct err *err)
{
	bool gone = false;

	for (;;) {
		int rc = follow_once(journal, options, before, err);

		if (rc == -ENOTCONN || (gone && rc == -ETIMEDOUT)) {
			if (!gone) {
				(void)fprintf(stderr, "lunmask: %s; waiting for it\n",
					      err_text(err));
			}
			gone = true;
			before->index = 0;
			(void)poll(NULL, 0, GONE_MS);
			continue;
		}
		if (rc < 0) {
			return rc;
		}
		gone = false;
	}
}

static int listing_open(const struct lunmask_options *options, struct journal **ret_journal,
			struct listing *ret, struct err *err)
{
	struct deadline deadline = deadline_in(options->timeout_ms);
	int rc = journal_open(deadline, ret_journal, err);

	return rc < 0 ? rc : listing_get(*ret_journal, deadline, ret, err);
}

int lunmask_tasks(const struct lunmask_options *options)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct listing listing __attribute__((cleanup(listing_release))) = {0};
	struct err err = ERR_INIT;
	int status = LUNMASK_EXIT_GOOD;
	int rc = listing_open(options, &journal, &listing, &err);

	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	if (options->output != OUTPUT_TEXT && !options->follow) {
		return listing_json(&listing, options);
	}
	if (options->output != OUTPUT_TEXT) {
		changes_print(&listing, &(struct listing){0}, options);
	} else {
		listing_print(&listing, options);
	}
	if (options->follow) {
		(void)fflush(stdout);
		status = lunmask_fail(follow(journal, options, &listing, &err), &err);
	}
	return status;
}

static void luns_print(const struct journal_task *task)
{
	(void)printf("LUNs:      ");
	for (size_t i = 0; i < task->n_luns; i++) {
		(void)printf("%s%s", i > 0 ? " " : "", task->luns[i]);
	}
	(void)putchar('\n');
}

static void actor_print(const struct journal_task *task)
{
	if (task->actor.node[0] == '\0') {
		(void)puts("actor:     none works on it now");
	} else {
		(void)printf("actor:     process %" PRId32 " on %s (boot %s)\n", task->actor.pid,
			     task->actor.node, task->actor.boot_id);
	}
	(void)printf("tries:     %" PRIu32 "\n", task->tries);
	if (task->taken_over != JOURNAL_EVIDENCE_NONE) {
		(void)printf("taken over from an actor that was %s\n",
			     journal_evidence_to_str(task->taken_over));
	}
}

static void task_show(const struct journal_task *task)
{
	char uuid[ID128_TEXT], when[REALTIME_TEXT];

	id128_to_str(&task->uuid, uuid);
	(void)printf("task:      %s\nVM:        %s\nkind:      %s%s%s\nstate:     %s\n", uuid,
		     task->vm, journal_kind_to_str(task->kind), task->mode[0] != '\0' ? ", " : "",
		     task->mode, journal_state_to_str(task->state));
	(void)printf("step:      %s (%s)\n", task->step[0] != '\0' ? task->step : "-",
		     lunmask_step_state_text(task->step_state));
	(void)printf("source:    %s\ntarget:    %s\n", task->source, task->target);
	(void)printf("granted:   %s\n", task->granted_to[0] != '\0' ? task->granted_to : "nobody");
	luns_print(task);
	(void)printf("image:     %s\n", task->image);
	actor_print(task);
	(void)printf("begun:     %s\n", lunmask_time_text(task->begun_ms, when));
	(void)printf("changed:   %s\n", lunmask_time_text(task->changed_ms, when));
	(void)printf("revision:  %" PRIu64 "\nreason:    %s\n", task->revision, task->reason);
}

/* By UUID; or by VM, its open task, else its last one. */
static const struct journal_task *listing_find(const struct listing *listing, const char *name)
{
	const struct journal_task *found = NULL;
	struct id128 uuid;
	bool is_uuid = id128_from_str(name, &uuid) == 0;

	for (size_t i = 0; i < listing->n; i++) {
		const struct journal_task *task = &listing->tasks[i];

		if (is_uuid && id128_equal(&uuid, &task->uuid)) {
			return task;
		}
		if (strcmp(task->vm, name) == 0) {
			found = task;
		}
	}
	return found;
}

int lunmask_tasks_show(const struct lunmask_options *options)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct listing listing __attribute__((cleanup(listing_release))) = {0};
	const struct journal_task *task;
	struct err err = ERR_INIT;
	int rc = listing_open(options, &journal, &listing, &err);

	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	task = listing_find(&listing, options->argument);
	if (task == NULL) {
		rc = err_set(&err, -ENOENT,
			     "no task '%s': give a VM's name, or a uuid from lunmask tasks --all "
			     "--json",
			     options->argument);
		return lunmask_fail(rc, &err);
	}
	if (options->output != OUTPUT_TEXT) {
		return lunmask_data_print(options->output, "task", lunmask_json_task(task));
	}
	task_show(task);
	stale_print(&listing);
	return LUNMASK_EXIT_GOOD;
}
