/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/takeover.h"

#include <glib.h>
#include <stddef.h>

enum want { ANY = 0, YES, NO };

/* The first row that matches decides. The facts of a row are asked for from left to right. */
struct row {
	enum want lost; /* the policy is TAKEOVER_LOST */
	enum want facts[TAKEOVER_FACTS];
	enum takeover_verdict verdict;
};

static const struct row rows[] = {
	{
		.facts = {[TAKEOVER_MEMBER] = YES,
			  [TAKEOVER_WAS_FENCED] = NO,
			  [TAKEOVER_ORPHANED] = NO},
		.verdict = TAKEOVER_NEVER_FENCED,
	},
	{
		.facts = {[TAKEOVER_MEMBER] = YES, [TAKEOVER_SESSION] = YES},
		.verdict = TAKEOVER_IN_USE,
	},
	{
		.facts = {[TAKEOVER_MEMBER] = YES, [TAKEOVER_DOMAIN] = YES},
		.verdict = TAKEOVER_RUNS_THERE,
	},
	{
		.facts = {[TAKEOVER_MEMBER] = YES},
		.verdict = TAKEOVER_TAKE,
	},
	{
		.facts = {[TAKEOVER_LEFT] = YES, [TAKEOVER_SESSION] = NO},
		.verdict = TAKEOVER_TAKE,
	},
	{
		.facts = {[TAKEOVER_LEFT] = YES, [TAKEOVER_WAS_FENCED] = YES},
		.verdict = TAKEOVER_TAKE,
	},
	{
		.lost = YES,
		.facts = {[TAKEOVER_QUORUM] = YES},
		.verdict = TAKEOVER_TAKE,
	},
	{
		.lost = YES,
		.verdict = TAKEOVER_NO_QUORUM,
	},
	{
		.facts = {[TAKEOVER_LEFT] = YES},
		.verdict = TAKEOVER_LEFT_IN_USE,
	},
	{
		.verdict = TAKEOVER_NOT_FENCED,
	},
};

struct judge {
	takeover_ask *ask;
	void *data;
	struct deadline deadline;
	bool known[TAKEOVER_FACTS];
	bool value[TAKEOVER_FACTS];
};

static int fact_get(struct judge *judge, enum takeover_fact fact, bool *ret, struct err *err)
{
	if (!judge->known[fact]) {
		int rc = judge->ask(judge->data, fact, judge->deadline, &judge->value[fact], err);

		if (rc != 0) {
			return rc;
		}
		judge->known[fact] = true;
	}
	*ret = judge->value[fact];
	return 0;
}

static bool fits(enum want want, bool value)
{
	return want == ANY || (want == YES) == value;
}

static int row_fits(struct judge *judge, const struct row *row, bool lost, bool *ret,
		    struct err *err)
{
	bool value = false;

	*ret = fits(row->lost, lost);
	for (int fact = 0; *ret && fact < TAKEOVER_FACTS; fact++) {
		if (row->facts[fact] != ANY) {
			int rc = fact_get(judge, (enum takeover_fact)fact, &value, err);

			if (rc != 0) {
				return rc;
			}
			*ret = fits(row->facts[fact], value);
		}
	}
	return 0;
}

int takeover_judge(enum takeover_policy policy, takeover_ask *ask, void *data,
		   struct deadline deadline, enum takeover_verdict *ret, struct err *err)
{
	struct judge judge = {.ask = ask, .data = data, .deadline = deadline};
	bool found = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && !found && i < G_N_ELEMENTS(rows); i++) {
		rc = row_fits(&judge, &rows[i], policy == TAKEOVER_LOST, &found, err);
		*ret = rows[i].verdict;
	}
	return rc;
}

bool takeover_fenced_since(const struct takeover_begun *begun, int64_t fencings, int64_t last_s)
{
	int64_t after_ms = last_s * 1000 - begun->ms;

	if (begun->ms == 0 || last_s == 0) {
		return false;
	}
	return after_ms > TAKEOVER_CLOCKS_MS ||
	       (begun->fencings >= 0 && fencings > begun->fencings &&
		after_ms >= -TAKEOVER_CLOCKS_MS);
}
