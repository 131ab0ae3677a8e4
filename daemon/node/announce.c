/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/announce.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static bool voters_equal(const struct voters *a, const struct voters *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++) {
		equal = a->voter[i].node == b->voter[i].node &&
			id128_equal(&a->voter[i].disk, &b->voter[i].disk);
	}
	return equal;
}

static const char *state_of(const struct core_status *status)
{
	if (status->active) {
		return status->gate ? "active" : "active, no LUN may be granted";
	}
	if (status->role == CORE_BLANK) {
		return "blank: waits for a cluster, or for all nodes to form one";
	}
	if (status->role == CORE_LEARNER) {
		return "learner: no voter yet";
	}
	return status->quorate ? "not active: no majority of the voters yet"
			       : "not active: corosync has no quorum";
}

bool announce_changed(const struct core_status *before, const struct core_status *now)
{
	if (strcmp(state_of(before), state_of(now)) != 0 ||
	    !voters_equal(&before->voters, &now->voters)) {
		return true;
	}
	/* Before the node is active, role and ballot change often, which is not reported. */
	return now->active &&
	       (before->role != now->role || ballot_compare(before->ballot, now->ballot) != 0);
}

void announce_text(const struct core_status *status, char ret[ANNOUNCE_TEXT_MAX])
{
	g_autoptr(GString) voters = g_string_new(status->voters.n == 0 ? "none" : "");

	for (size_t i = 0; i < status->voters.n; i++) {
		g_string_append_printf(voters, "%s%u", i == 0 ? "" : ",",
				       status->voters.voter[i].node);
	}
	(void)snprintf(ret, ANNOUNCE_TEXT_MAX, "%s%s%s | ballot=%llu.%u voters=%s commit=%llu",
		       state_of(status), status->active ? ", " : "",
		       status->active ? core_role_to_str(status->role) : "",
		       (unsigned long long)status->ballot.counter, status->ballot.node, voters->str,
		       (unsigned long long)status->commit);
}
