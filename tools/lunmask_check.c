/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "store/store.h"
#include "tools/lunmask.h"

#define STORE_DIRECTORY "/var/lib/lunmask/journal"
#define LAG_MAX 1000 /* entries that a voter may lag without a complaint */

static bool told(bool good, const char *what, const char *otherwise)
{
	(void)printf("%-6s %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ",
		     good ? "" : otherwise);
	return good;
}

static bool voters_told(const struct journal_status *status)
{
	bool good = true;

	for (size_t i = 0; i < status->n_voters; i++) {
		const struct journal_voter *voter = &status->voters[i];
		char what[64];

		(void)snprintf(what, sizeof(what), "voter %" PRIu32 " keeps up", voter->node);
		good = told(voter->acked + LAG_MAX >= status->commit, what,
			    voter->acked == 0 ? "it is not heard of; is its lunmaskd up?"
					      : "it is far behind; look at its disk and network") &&
		       good;
	}
	return good;
}

/* Indexes that contradict each other show a defect; other failures, an operational problem. */
static bool status_told(const struct journal_status *status)
{
	bool good =
		told(status->applied <= status->commit && status->commit <= status->last &&
			     status->durable <= status->last && status->snapshot <= status->applied,
		     "its indexes are in order", "a defect: keep the store, report it");

	good = told(!id128_is_zero(&status->cluster), "it is a part of a cluster",
		    "blank: all nodes must be up once, or it has not been let in yet") &&
	       good;
	good = told(status->quorate, "corosync is quorate", "see corosync-quorumtool") && good;
	good = told(status->active, "it can commit", "no majority of the voters answers") && good;
	good = told(status->gate || !status->active, "the gate is open",
		    "corosync's groups and its quorum are not of one ring yet") &&
	       good;
	good = told(status->applied == status->commit, "what is committed is applied",
		    "the rest comes; ask again") &&
	       good;
	return voters_told(status) && good;
}

static int online(const struct lunmask_options *options, struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	struct journal_status status;
	int rc = journal_open(deadline, &journal, err);

	rc = rc < 0 ? rc : journal_status_get(journal, deadline, &status, err);
	if (rc == 0) {
		(void)puts("lunmaskd runs; it says of itself:");
		rc = status_told(&status) ? LUNMASK_EXIT_GOOD : LUNMASK_EXIT_FAILED;
	}
	return rc;
}

static void report_print(const struct store_report *report, const char *directory)
{
	char disk[ID128_TEXT], cluster[ID128_TEXT];

	id128_to_str(&report->disk, disk);
	id128_to_str(&report->durable.cluster, cluster);
	(void)printf("lunmaskd does not run. Its store in %s is sound:\n", directory);
	(void)printf("cluster:   %s\ndisk:      %s, boot %" PRIu64 "\n", cluster, disk,
		     report->boot);
	(void)printf("log:       last %" PRIu64 ", known to be committed %" PRIu64
		     ", snapshot %" PRIu64 "\n",
		     report->last.index, report->durable.commit, report->durable.snapshot_index);
	(void)printf("store:     %" PRIu64 " KiB, %s\n", report->bytes / 1024,
		     report->closed ? "closed in order" : "not closed in order, as after a crash");
	if (report->failed) {
		(void)puts("An error of the disk was noted: it will be put aside at the next "
			   "start, and this node joins with an empty one.");
	}
}

static int offline(const char *directory, struct err *err)
{
	struct store_report report;
	int rc = store_check(directory, &report, err);

	if (rc < 0) {
		return err_prefix(err, rc, "lunmaskd does not run, and of its store");
	}
	report_print(&report, directory);
	rc = report.failed ? LUNMASK_EXIT_FAILED : LUNMASK_EXIT_GOOD;
	store_report_release(&report);
	return rc;
}

int lunmask_check(const struct lunmask_options *options)
{
	struct err err = ERR_INIT;
	int rc = options->argument == NULL ? online(options, &err) : -ENOTCONN;

	if (rc == -ENOTCONN) {
		rc = offline(options->argument != NULL ? options->argument : STORE_DIRECTORY, &err);
	}
	return rc < 0 ? lunmask_fail(rc, &err) : rc;
}
