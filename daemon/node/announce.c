/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/announce.h"

#include <stdio.h>
#include <string.h>

#define VOTERS_TEXT_MAX (JOURNAL_VOTERS_MAX * 11 + 8)

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
	/*
	 * Before the node is active, its role and ballot change often; those changes are not
	 * reported.
	 */
	return now->active &&
	       (before->role != now->role || ballot_compare(before->ballot, now->ballot) != 0);
}

static void voters_text(const struct voters *voters, char *ret, size_t size)
{
	size_t used = 0;

	(void)snprintf(ret, size, "none");
	for (size_t i = 0; i < voters->n && used < size; i++) {
		int n = snprintf(ret + used, size - used, "%s%u", i == 0 ? "" : ",",
				 voters->voter[i].node);

		used += n > 0 ? (size_t)n : 0;
	}
}

void announce_text(const struct core_status *status, char ret[ANNOUNCE_TEXT_MAX])
{
	char voters[VOTERS_TEXT_MAX];

	voters_text(&status->voters, voters, sizeof(voters));
	(void)snprintf(ret, ANNOUNCE_TEXT_MAX, "%s%s%s | ballot=%llu.%u voters=%s commit=%llu",
		       state_of(status), status->active ? ", " : "",
		       status->active ? core_role_to_str(status->role) : "",
		       (unsigned long long)status->ballot.counter, status->ballot.node, voters,
		       (unsigned long long)status->commit);
}
