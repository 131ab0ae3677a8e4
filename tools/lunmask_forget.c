/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * lunmask journal forget: ends releases without evidence, by the administrator's word. A release
 * only permits a start to revoke, so nothing that runs depends on it.
 */
#define CONFIRMATION "forget"

static bool vm_wanted(const struct lunmask_options *options, const char *vm)
{
	for (size_t i = 0; i < options->n_arguments; i++) {
		if (strcmp(options->arguments[i], vm) == 0) {
			return true;
		}
	}
	return options->n_arguments == 0;
}

static bool wanted(const struct lunmask_options *options, const struct journal_release *release)
{
	return vm_wanted(options, release->vm) &&
	       (options->array == NULL || strcmp(options->array, release->array) == 0) &&
	       (options->node == NULL || strcmp(options->node, release->node) == 0);
}

/* Keeps the releases that are to be forgotten. Returns their number. */
static size_t filter(const struct lunmask_options *options, struct journal_release *releases,
		     size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (wanted(options, &releases[i])) {
			releases[kept++] = releases[i];
		}
	}
	return kept;
}

static void explain(const struct journal_release *releases, size_t n)
{
	char when[REALTIME_TEXT];

	for (size_t i = 0; i < n; i++) {
		(void)fprintf(stderr, "%s, released by %s on %s, array %s:", releases[i].vm,
			      releases[i].node, lunmask_time_text(releases[i].since_ms, when),
			      releases[i].array);
		for (size_t k = 0; k < releases[i].n_luns; k++) {
			(void)fprintf(stderr, " %s", releases[i].luns[k]);
		}
		(void)fputc('\n', stderr);
	}
	(void)fputs(
		"lunmask journal forget: the journal forgets that these hosts have given up these\n"
		"LUNs. If an array still grants one of them to such a host, nothing revokes it "
		"any\n"
		"more by itself, and a start of the VM on another host is refused until somebody\n"
		"does: lunmask reconcile, if the array is configured.\n",
		stderr);
}

static int confirmed(const struct lunmask_options *options, struct err *err)
{
	char line[64] = "";

	if (options->yes) {
		return 0;
	}
	if (isatty(STDIN_FILENO) == 0) {
		return err_set(err, -EPERM,
			       "nobody is there to confirm it: say --yes, or use a terminal");
	}
	(void)fprintf(stderr, "Type \"%s\" to go on: ", CONFIRMATION);
	if (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
	}
	return strcmp(line, CONFIRMATION) == 0 ? 0 : err_set(err, -EPERM, "nothing was done");
}

/* A release that has been written anew meanwhile is another one, and stays. */
static int forget(struct journal *journal, const struct journal_release *release,
		  struct deadline deadline, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_REVOKED, .release = *release};
	struct journal_answer answer;
	struct id128 request;
	int rc = id128_random(&request);

	rc = rc < 0 ? err_set(err, rc, "getrandom: %s", strerror(-rc))
		    : journal_submit(journal, &op, &request, 0, deadline, &answer, err);
	if (rc < 0) {
		return rc;
	}
	if (answer.verdict != JOURNAL_COMMITTED) {
		return err_set(err, -EHOSTDOWN, "the journal has no majority of its nodes");
	}
	switch (answer.status) {
	case 0:
		(void)printf("%s: the release by %s is forgotten\n", release->vm, release->node);
		return 0;
	case -ENOENT:
	case -ESTALE:
		(void)printf("%s: the release by %s has ended or was renewed meanwhile\n",
			     release->vm, release->node);
		return 0;
	default:
		return err_set(err, answer.status, "the journal refused it: %s",
			       strerror(-answer.status));
	}
}

static int forget_all(struct journal *journal, const struct lunmask_options *options,
		      struct deadline deadline, struct err *err)
{
	struct journal_release *releases = NULL;
	size_t n = 0;
	int rc = journal_release_list(journal, deadline, &releases, &n, err);

	n = rc < 0 ? 0 : filter(options, releases, n);
	if (rc == 0 && n == 0) {
		rc = err_set(err, -ENOENT, "the journal has no such release");
	}
	if (rc == 0) {
		explain(releases, n);
		rc = confirmed(options, err);
		/* The administrator's time is not the journal's. */
		deadline = deadline_in(options->timeout_ms);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = forget(journal, &releases[i], deadline, err);
	}
	free(releases);
	return rc;
}

int lunmask_forget(const struct lunmask_options *options)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	struct err err = ERR_INIT;
	int rc;

	if (options->n_arguments == 0 && options->array == NULL && options->node == NULL) {
		(void)fputs("lunmask: name a VM, --array or --node\n", stderr);
		return LUNMASK_EXIT_USAGE;
	}
	rc = journal_open(deadline, &journal, &err);
	rc = rc < 0 ? rc : forget_all(journal, options, deadline, &err);
	return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
}
