/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks what the verb masks selects, and its pages. Other LUNs may be on the array. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "conformance.h"

#define PAGES_MAX 100000

static bool grant_one(struct bench *bench, size_t lun, size_t initiator)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			bench->luns[lun], bench->initiators[initiator]);
}

static const json_t *mask_find(const json_t *reply, const char *lun)
{
	const json_t *list = json_object_get(reply, "masks");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *mask = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(mask, "lun"));

		if (name != NULL && strcmp(name, lun) == 0) {
			return mask;
		}
	}
	return NULL;
}

/* Requires that a selection has the first LUN, and the second one, or not. */
static bool selects(struct bench *bench, const char *members, bool first, bool second)
{
	const bool wanted[BENCH_LUNS] = {first, second};
	json_t *reply;
	bool ok = bench_ok(bench, "masks", &reply, "{%s}", members);

	if (!ok) {
		return false;
	}
	for (size_t i = 0; i < BENCH_LUNS && ok; i++) {
		if ((mask_find(reply, bench->luns[i]) != NULL) != wanted[i]) {
			ok = bench_fail(bench, "masks {%.400s} %s LUN '%s'", members,
					wanted[i] ? "leaves out" : "lists", bench->luns[i]);
		}
	}
	json_decref(reply);
	return ok;
}

static bool reachable_are_selected(struct bench *bench)
{
	g_autofree char *first = g_strdup_printf("\"initiators\":[\"%s\"]", bench->initiators[0]);
	g_autofree char *second = g_strdup_printf("\"initiators\":[\"%s\"]", bench->initiators[1]);
	g_autofree char *both = g_strdup_printf("\"initiators\":[\"%s\",\"%s\"]",
						bench->initiators[0], bench->initiators[1]);

	return selects(bench, both, false, false) && grant_one(bench, 0, 0) &&
	       selects(bench, first, true, false) && selects(bench, second, false, false) &&
	       selects(bench, both, true, false) && grant_one(bench, 1, 1) &&
	       selects(bench, first, true, false) && selects(bench, second, false, true) &&
	       selects(bench, both, true, true);
}

static bool rules_are_selected(struct bench *bench)
{
	g_autofree char *rules = g_strdup_printf("\"initiators\":[\"%s\",\"%s\"],\"rules\":true",
						 bench->initiators[0], bench->initiators[1]);

	return grant_one(bench, 0, 0) && selects(bench, rules, false, false);
}

/* A page of at most one LUN. *ret_next, which the caller frees, is NULL after the last page. */
static bool page_get(struct bench *bench, const char *after, char **ret_lun, char **ret_next)
{
	const json_t *list;
	json_t *reply;
	bool ok = after == NULL ? bench_ok(bench, "masks", &reply, "{\"limit\":1}")
				: bench_ok(bench, "masks", &reply, "{\"limit\":1,\"after\":\"%s\"}",
					   after);

	if (!ok) {
		return false;
	}
	list = json_object_get(reply, "masks");
	*ret_lun = g_strdup(json_string_value(json_object_get(json_array_get(list, 0), "lun")));
	*ret_next = g_strdup(json_string_value(json_object_get(reply, "next")));
	ok = json_array_size(list) <= 1;
	json_decref(reply);
	return ok ? true : bench_fail(bench, "a page with limit 1 has more than one LUN");
}

static bool pages_have_each_lun_once(struct bench *bench)
{
	g_autofree char *after = NULL;
	size_t seen = 0;

	for (size_t i = 0; i < PAGES_MAX; i++) {
		g_autofree char *lun = NULL;
		char *next;

		if (!page_get(bench, after, &lun, &next)) {
			return false;
		}
		seen += lun != NULL && g_strv_contains((const char *const[]){bench->luns[0],
									     bench->luns[1], NULL},
						       lun)
				? 1
				: 0;
		if (next == NULL) {
			return seen == BENCH_LUNS ? true
						  : bench_fail(bench,
							       "the pages list the two LUNs %zu "
							       "times in all",
							       seen);
		}
		if ((lun != NULL && after != NULL && strcmp(lun, after) <= 0) ||
		    (after != NULL && strcmp(next, after) <= 0)) {
			g_free(next);
			return bench_fail(bench, "after '%s', a page is not in the order of names",
					  after);
		}
		g_free(after);
		after = next;
	}
	return bench_fail(bench, "the pages do not end");
}

static bool wrong_selections_are_refused(struct bench *bench)
{
	static const char *const members[] = {
		"\"initiators\":[]", "\"initiators\":[\"ALL\"]", "\"rules\":true",   "\"rules\":1",
		"\"limit\":0",       "\"limit\":\"1\"",          "\"after\":\"a b\""};

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		if (!bench_refused(bench, "masks", "bad-request", "{%s}", members[i])) {
			return false;
		}
	}
	return bench_refused(bench, "masks", "bad-request", "{\"luns\":[\"%s\"],\"limit\":1}",
			     bench->luns[0]);
}

static bool urgent_is_known(struct bench *bench)
{
	return bench_ok(bench, "masks", NULL, "{\"luns\":[\"%s\"],\"urgent\":true}",
			bench->luns[0]) &&
	       bench_refused(bench, "masks", "bad-request", "{\"luns\":[\"%s\"],\"urgent\":1}",
			     bench->luns[0]);
}

const struct check SELECT_CHECKS[] = {
	{"masks selects what an initiator can reach", reachable_are_selected, "masks-select"},
	{"masks selects what rules admit to", rules_are_selected, "masks-select"},
	{"pages are in order and have each LUN once", pages_have_each_lun_once, "masks-select"},
	{"a wrong selection is bad-request", wrong_selections_are_refused, "masks-select"},
	{"masks may be urgent", urgent_is_known, "urgent"},
	{NULL, NULL, NULL},
};
