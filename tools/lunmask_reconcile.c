/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask_reconcile.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "survey/vm_all.h"
#include "survey/vm_reconcile.h"
#include "base/json_build.h"
#include "tools/lunmask.h"

#define CLUSTER_MS 30000

struct run {
	const struct lunmask_options *options;
	struct vm_all all;
	struct peer_pool pool;
	struct reconcile_counts counts;
	json_t *json; /* list of VMs */
	bool head;
	bool journal_told;
	const char *silent; /* the last array that did not answer, and why */
	struct err silent_why;
};

/* Set by a signal. The run ends between two VMs, so that no VM's task is left behind. */
static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void interrupts_catch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)sigaction(numbers[i], &action, NULL);
	}
}

static bool wanted(const struct vm_one *one, const struct lunmask_options *options)
{
	for (size_t i = 0; i < options->n_arguments; i++) {
		if (strcmp(options->arguments[i], one->name) == 0) {
			return true;
		}
	}
	return options->n_arguments == 0;
}

/* Only on a terminal. */
static void progress(const struct run *run, const char *vm, size_t number)
{
	if (isatty(STDERR_FILENO) != 0 && run->all.n > 1) {
		(void)fprintf(stderr, "\r\033[K%s%.60s%s", vm != NULL ? "looking at " : "",
			      vm != NULL ? vm : "", vm != NULL ? "" : "\r");
		if (vm != NULL) {
			(void)fprintf(stderr, " (%zu of %zu)", number + 1, run->all.n);
		}
		(void)fflush(stderr);
	}
}

static void unseen(struct run *run, const struct vm_one *one, const char *why)
{
	struct err line = ERR_INIT;

	run->counts.unseen++;
	progress(run, NULL, 0);
	/* A resource's id may contain anything; err_set() removes control characters. */
	(void)err_set(&line, 0, "%s: not looked at: %s", one->name, why);
	(void)fprintf(stderr, "lunmask: %s\n", err_text(&line));
	if (run->options->output != OUTPUT_TEXT) {
		run->json = json_build_append(run->json,
					      reconcile_json_unseen(one->name, one->resource, why));
	}
}

static void journal_tell(struct run *run, const struct vm_strays *strays)
{
	if (strays->record.known || run->journal_told) {
		return;
	}
	run->journal_told = true;
	(void)fprintf(
		stderr,
		"lunmask: which tasks are under way is not known: %s. No host's grant is "
		"removed; on a host that is to give one up, crm_resource --force-stop does.\n",
		err_text(&strays->record.why));
}

static void seen(struct run *run, const struct vm_one *one, const struct vm_strays *strays)
{
	reconcile_count(strays, &run->counts);
	progress(run, NULL, 0);
	journal_tell(run, strays);
	for (size_t i = 0; i < strays->n_missing && one->resource != NULL; i++) {
		(void)fprintf(stderr, "lunmask: %s: array %s has no LUN %s\n", one->name,
			      one->vm->array.name, strays->missing[i]);
	}
	if (err_text(&strays->note)[0] != '\0') {
		(void)fprintf(stderr, "lunmask: %s: %s\n", one->name, err_text(&strays->note));
	}
	if (run->options->output != OUTPUT_TEXT) {
		run->json = json_build_append(run->json,
					      reconcile_json(one->name, one->resource, strays));
	} else {
		reconcile_print(one->name, strays, run->options->dry_run, &run->head);
	}
}

/* What asks by itself does not wait for the same array again and again. */
static bool array_silent(const struct run *run, const struct vm_one *one)
{
	return run->options->own && run->silent != NULL && one->vm != NULL &&
	       strcmp(run->silent, one->vm->array.name) == 0;
}

static void one_do(struct run *run, struct vm_one *one)
{
	const struct vm_strays_sources way = {
		.pool = &run->pool,
		.how = JOURNAL_LINEARIZABLE,
		.foreign_wanted = run->options->foreign,
		.own = run->options->own,
		.releases = true,
		.all = &run->all,
	};
	struct vm_strays strays = {.n = 0};
	struct err err = ERR_INIT;
	int rc;

	if (one->vm == NULL) {
		unseen(run, one, err_text(&one->why));
	} else if (array_silent(run, one)) {
		unseen(run, one, err_text(&run->silent_why));
	} else {
		rc = vm_reconcile(one->vm, &way, run->options->dry_run,
				  deadline_in(run->options->timeout_ms), &strays, &err);
		if (rc == 0) {
			seen(run, one, &strays);
		} else {
			unseen(run, one, err_text(&err));
		}
		if (rc == -ECONNREFUSED || rc == -EHOSTUNREACH || rc == -ETIMEDOUT) {
			run->silent = one->vm->array.name;
			run->silent_why = err;
		}
	}
	vm_strays_release(&strays);
}

static void each_do(struct run *run)
{
	for (size_t i = 0; i < run->all.n; i++) {
		struct vm_one *one = &run->all.vms[i];

		if (!wanted(one, run->options)) {
			continue;
		}
		if (interrupted != 0) {
			unseen(run, one, "interrupted");
			continue;
		}
		progress(run, one->name, i);
		one_do(run, one);
	}
	progress(run, NULL, 0);
}

static int names_check(const struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->options->n_arguments; i++) {
		const char *name = run->options->arguments[i];
		bool there = false;

		for (size_t k = 0; k < run->all.n; k++) {
			there = there || strcmp(run->all.vms[k].name, name) == 0;
		}
		/* The journal may remember a VM that the cluster does not. */
		if (!there && !run->options->own) {
			return err_set(err, -ENOENT, "the cluster has no VM '%.200s'", name);
		}
	}
	return 0;
}

static int result_print(struct run *run)
{
	const struct reconcile_counts *counts = &run->counts;
	int printed = LUNMASK_EXIT_GOOD;

	if (run->options->output == OUTPUT_TEXT) {
		reconcile_summary(counts, run->options->dry_run);
	} else {
		printed = lunmask_data_print(run->options->output, "reconcile",
					     reconcile_json_all(g_steal_pointer(&run->json), counts,
								run->options->dry_run != 0));
	}
	if (printed != LUNMASK_EXIT_GOOD || counts->unseen > 0 || counts->undecided > 0) {
		return LUNMASK_EXIT_UNSEEN;
	}
	return counts->strays > counts->removed || counts->releases > counts->ended
		       ? LUNMASK_EXIT_FAILED
		       : LUNMASK_EXIT_GOOD;
}

int lunmask_reconcile(const struct lunmask_options *options)
{
	struct run run = {.options = options, .head = true};
	struct err err = ERR_INIT;
	int status;
	int rc = vm_all_open(deadline_in(CLUSTER_MS), &run.all, &err);

	rc = rc != 0 ? rc : names_check(&run, &err);
	if (rc != 0) {
		vm_all_release(&run.all);
		(void)lunmask_fail(rc, &err);
		return rc == -ENOENT ? LUNMASK_EXIT_NOT_THERE : LUNMASK_EXIT_UNSEEN;
	}
	run.json = options->output != OUTPUT_TEXT ? json_array() : NULL;
	interrupts_catch();
	each_do(&run);
	status = result_print(&run);
	peer_pool_release(&run.pool);
	vm_all_release(&run.all);
	return status;
}
