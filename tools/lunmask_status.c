/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/lunmask.h"

#define CONFIRMATION "the others are off"

static int status_get(const struct lunmask_options *options, struct journal_status *ret,
		      struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	int rc = journal_open(deadline, &journal, err);

	return rc < 0 ? rc : journal_status_get(journal, deadline, ret, err);
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void voters_print(const struct journal_status *status)
{
	char disk[ID128_TEXT];

	(void)puts("NODE       DISK                                 ACKNOWLEDGED");
	for (size_t i = 0; i < status->n_voters; i++) {
		const struct journal_voter *voter = &status->voters[i];

		id128_to_str(&voter->disk, disk);
		(void)printf("%-10" PRIu32 " %s ", voter->node, disk);
		if (voter->acked > 0) {
			(void)printf("%" PRIu64 "\n", voter->acked);
		} else {
			(void)puts("not heard of");
		}
	}
}

static void gate_print(const struct journal_status *status)
{
	(void)printf("active:    %s\n",
		     status->active ? "yes" : "no: nothing can be committed from here now");
	(void)printf("quorate:   %s\n", yes_no(status->quorate));
	(void)printf("gate:      %s\n",
		     status->gate ? "open" : "shut: no VM is started or migrated");
}

static void solo_print(const struct journal_status *status)
{
	switch (status->solo) {
	case JOURNAL_SOLO_READY:
		(void)printf("solo:      ready (Pacemaker was asked %" PRIu64 " s ago)\n",
			     status->solo_heard_ms / 1000);
		break;
	case JOURNAL_SOLO_NOT_READY:
		(void)printf("solo:      not ready: %s\n", status->solo_reason);
		break;
	default: break;
	}
}

static void status_print(const struct journal_status *status)
{
	char cluster[ID128_TEXT], disk[ID128_TEXT];

	id128_to_str(&status->cluster, cluster);
	id128_to_str(&status->disk, disk);
	(void)printf("cluster:   %s\nnode:      %" PRIu32 ", %s\ndisk:      %s, boot %" PRIu64 "\n",
		     cluster, status->node, status->role, disk, status->boot);
	gate_print(status);
	solo_print(status);
	(void)printf("ballot:    %" PRIu64 " of node %" PRIu32 "\n", status->ballot_counter,
		     status->ballot_node);
	(void)printf("log:       last %" PRIu64 ", on disk %" PRIu64 ", committed %" PRIu64
		     ", applied %" PRIu64 "\n",
		     status->last, status->durable, status->commit, status->applied);
	(void)printf("snapshot:  %" PRIu64 "\nstore:     %" PRIu64 " KiB\n", status->snapshot,
		     status->store_bytes / 1024);
	(void)printf("dropped:   %" PRIu64 " messages that were not believed\n\n", status->dropped);
	voters_print(status);
}

int lunmask_status(const struct lunmask_options *options)
{
	struct journal_status status;
	struct err err = ERR_INIT;
	int rc = status_get(options, &status, &err);

	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	if (options->output != OUTPUT_TEXT) {
		return lunmask_data_print(options->output, "status", lunmask_json_status(&status));
	}
	status_print(&status);
	return LUNMASK_EXIT_GOOD;
}

int lunmask_voters(const struct lunmask_options *options)
{
	struct journal_status status;
	struct err err = ERR_INIT;
	json_t *json, *voters;
	int rc = status_get(options, &status, &err);

	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	if (options->output != OUTPUT_TEXT) {
		json = lunmask_json_status(&status);
		voters = json_incref(json_object_get(json, "voters"));
		json_decref(json);
		return lunmask_data_print(options->output, "voters", voters);
	}
	voters_print(&status);
	if (!status.active) {
		(void)puts("As this node knows them; it is not active: others may know more.");
	}
	return LUNMASK_EXIT_GOOD;
}

/* Printed with --yes too, for the caller's logs. */
static void force_solo_explain(void)
{
	(void)fputs(
		"lunmask journal force-solo: this node makes itself the only voter and continues\n"
		"alone. Entries that the other nodes have committed and that this node has not\n"
		"seen are lost. If another node is running, or comes back and is forced too, the\n"
		"cluster has two journals, and a VM may be started twice. Make sure that the\n"
		"other nodes are off. Start them one by one afterwards; each of them joins again\n"
		"by itself.\n",
		stderr);
}

int lunmask_force_solo(const struct lunmask_options *options)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct err err = ERR_INIT;
	struct deadline deadline;
	int rc;

	force_solo_explain();
	rc = lunmask_confirm(options, CONFIRMATION, &err);
	deadline = deadline_in(options->timeout_ms);
	rc = rc < 0 ? rc : journal_open(deadline, &journal, &err);
	rc = rc < 0 ? rc : journal_force_solo(journal, deadline, &err);
	if (rc == -EALREADY) {
		(void)puts("Nothing was done: the journal is active, and needs nobody's word.");
		return LUNMASK_EXIT_GOOD;
	}
	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	(void)puts("This node goes on alone. See lunmask journal status.");
	return LUNMASK_EXIT_GOOD;
}
