/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tidy/tidy_watch.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "cluster/cluster.h"
#include "journal/journal_actor.h"
#include "tidy/tidy_round.h"

#define ANSWER_MS 10000
#define AGAIN_MS 2000 /* until Pacemaker or lunmaskd answers */
#define CALM_MS 1000  /* between two readings of the journal */
#define LOOK_MS 60000 /* the journal is read at least so often */
/* As long as a reconcile runs here: its end is in the journal only if it was not killed. */
#define RECONCILING_MS 3000

static GHashTable *texts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Logging */

static void on_changed(void *user, const struct tidy_want *want, bool gone)
{
	struct tidy_watch *watch = user;

	if (want->reason == TIDY_RELEASED) {
		qb_log(LOG_NOTICE, "%s: %s", want->vm,
		       gone ? "the release by this host has ended"
			    : "this host has released the LUNs, and their revoke is pending");
	} else if (want->reason == TIDY_LEFT && !gone) {
		qb_log(LOG_NOTICE, "%s: a reconcile was killed here, and its task is still open",
		       want->vm);
	}
	if (gone) {
		(void)g_hash_table_remove(watch->told, want->vm);
	}
}

static void on_told(void *user, const struct tidy_result *result)
{
	GHashTable *reasons = user;
	const char *before = g_hash_table_lookup(reasons, result->vm);

	if (*result->revoked != '\0') {
		qb_log(LOG_NOTICE, "%s: revoked from this host: %s", result->vm, result->revoked);
	}
	/* A VM may be there twice, as it is and as it was released: the first reason counts. */
	if (before == NULL || *before == '\0') {
		(void)g_hash_table_insert(reasons, g_strdup(result->vm), g_strdup(result->why));
	}
}

static void reason_tell(struct tidy_watch *watch, const char *vm, const char *why)
{
	const char *before = g_hash_table_lookup(watch->told, vm);

	if (*why == '\0') {
		(void)g_hash_table_remove(watch->told, vm);
	} else if (before == NULL || strcmp(before, why) != 0) {
		qb_log(LOG_WARNING, "%s: not yet: %s", vm, why);
		(void)g_hash_table_insert(watch->told, g_strdup(vm), g_strdup(why));
	}
}

static void reasons_tell(struct tidy_watch *watch, GHashTable *reasons)
{
	GHashTableIter iter;
	gpointer vm;
	gpointer why;

	g_hash_table_iter_init(&iter, reasons);
	while (g_hash_table_iter_next(&iter, &vm, &why)) {
		reason_tell(watch, vm, why);
	}
}

static void round_tell(struct tidy_watch *watch, const char *why)
{
	if (*why != '\0' && strcmp(why, watch->round_why) != 0) {
		qb_log(LOG_WARNING, "%s", why);
	}
	(void)g_strlcpy(watch->round_why, why, sizeof(watch->round_why));
}

/* The journal */

static void journal_drop_connection(struct tidy_watch *watch)
{
	journal_close(watch->journal);
	watch->journal = NULL;
	watch->index = 0;
}

static bool ready(struct tidy_watch *watch)
{
	struct deadline deadline = deadline_in(ANSWER_MS);
	char node[NODE_NAME_MAX + 1] = "";

	if (watch->self.node[0] == '\0' &&
	    (cluster_local_node(deadline, node, sizeof(node), NULL) != 0 ||
	     journal_actor_self(node, &watch->self, NULL) != 0)) {
		watch->self.node[0] = '\0';
		return false;
	}
	return watch->journal != NULL || journal_open(deadline, &watch->journal, NULL) == 0;
}

static int journal_read(struct tidy_watch *watch)
{
	struct deadline deadline = deadline_in(ANSWER_MS);
	struct journal_release *releases = NULL;
	struct journal_task *tasks = NULL;
	size_t n_releases = 0;
	size_t n_tasks = 0;
	size_t n;
	int rc = journal_task_list(watch->journal, deadline, &tasks, &n_tasks, &watch->index, NULL);

	rc = rc != 0 ? rc
		     : journal_release_list(watch->journal, deadline, &releases, &n_releases, NULL);
	if (rc == 0) {
		g_autofree struct tidy_want *wants =
			tidy_wants(tasks, n_tasks, releases, n_releases, &watch->self, &n);

		watch->reconciling = tidy_reconciling(tasks, n_tasks, watch->self.node);
		tidy_update(&watch->tidy, wants, n, deadline_now_ms(), on_changed, watch);
	}
	free(releases);
	free(tasks);
	return rc;
}

/* Until the journal has changed, or something is due. */
static int journal_wait_until(struct tidy_watch *watch, int64_t wait_ms)
{
	int64_t left_ms = tidy_next_ms(&watch->tidy) - deadline_now_ms();
	int rc;

	left_ms = MIN(left_ms, watch->reconciling ? RECONCILING_MS : LOOK_MS);
	left_ms = MIN(left_ms, wait_ms);
	if (left_ms <= 0) {
		return 0;
	}
	rc = journal_wait(watch->journal, watch->index, deadline_in(left_ms), &watch->index, NULL);
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* The loop */

static void round_run(struct tidy_watch *watch)
{
	g_autoptr(GHashTable) reasons = texts_new();
	const char *vms[TIDY_ROUND_VMS];
	struct err err = ERR_INIT;
	size_t n = tidy_due(&watch->tidy, deadline_now_ms(), vms, TIDY_ROUND_VMS);

	if (n > 0) {
		(void)tidy_round(watch->program, vms, n, on_told, reasons, &err);
		reasons_tell(watch, reasons);
		round_tell(watch, err_text(&err));
		tidy_tried(&watch->tidy, vms, n, deadline_now_ms());
	}
}

void tidy_watch_turn(struct tidy_watch *watch, int64_t wait_ms)
{
	int rc;

	if (watch->told == NULL) {
		watch->told = texts_new();
	}
	if (!ready(watch)) {
		(void)deadline_pause(deadline_in(2 * AGAIN_MS), AGAIN_MS);
		return;
	}
	rc = journal_read(watch);
	if (rc == 0) {
		round_run(watch);
		rc = journal_wait_until(watch, wait_ms);
	}
	if (rc != 0) {
		journal_drop_connection(watch);
	}
	(void)deadline_pause(deadline_in(2 * CALM_MS), CALM_MS);
}

void tidy_watch_run(struct tidy_watch *watch)
{
	for (;;) {
		tidy_watch_turn(watch, LOOK_MS);
	}
}

void tidy_watch_release(struct tidy_watch *watch)
{
	journal_drop_connection(watch);
	tidy_release(&watch->tidy);
	if (watch->told != NULL) {
		g_hash_table_destroy(watch->told);
	}
}
