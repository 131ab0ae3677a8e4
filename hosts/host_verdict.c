/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_verdict.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "hosts/list_text.h"

static const char *const answers[] = {
	[HOST_NOT_KNOWN] = "unknown",
	[HOST_NO] = "no",
	[HOST_YES] = "yes",
};
static_assert(G_N_ELEMENTS(answers) == HOST_ANSWER_MAX, "an answer has no name");

/*
 * The reasons, worst first. no: said if the fact is NO. doubt: if it is not known. A detail follows
 * after a colon. optional: a host of which it is not known may have the VM,
 * as where there is no definition to ask about.
 */
static const struct row {
	const char *name;
	const char *no;
	const char *doubt;
	bool optional;
} rows[] = {
	[HOST_QUORUM] = {.name = "quorum",
			 .no = "this partition has no quorum, so nothing is started in it",
			 .doubt = "whether this partition has quorum is not known"},
	[HOST_MEMBER] = {.name = "member",
			 .no = "it is not in the cluster",
			 .doubt = "whether it is in the cluster is not known"},
	[HOST_INITIATOR] = {.name = "initiator",
			    .no = "it has no initiator name",
			    .doubt = "its initiator name is not known"},
	[HOST_UNFENCED] = {.name = "fenced",
			   .no = "the array has fenced it, and grants it nothing",
			   .doubt = "whether the array has fenced it is not known"},
	[HOST_PATHS] = {.name = "paths"},
	[HOST_MANAGED] = {.name = "maintenance",
			  .no = "it is in maintenance, so nothing is started there",
			  .doubt = "whether it is in maintenance is not known"},
	[HOST_ACTIVE] = {.name = "standby",
			 .no = "it is in standby",
			 .doubt = "whether it is in standby is not known"},
	[HOST_HEALTHY] = {.name = "health",
			  .no = "its health keeps resources away",
			  .doubt = "how healthy it is is not known"},
	[HOST_PERMITTED] = {.name = "location",
			    .no = "a location constraint keeps the VM away",
			    .doubt = "whether a location constraint keeps the VM away is not "
				     "known"},
	[HOST_NOT_FAILED] = {.name = "failed",
			     .no = "the VM has failed there",
			     .doubt = "whether the VM has failed there is not known"},
	[HOST_LIBVIRT] = {.name = "libvirt",
			  .no = "its libvirt does not answer",
			  .doubt = "what its libvirt says is not known"},
	[HOST_CPU] = {.name = "cpu",
		      .no = "the guest cannot run there as it is defined",
		      .doubt = "whether the guest can run there as it is defined is not known",
		      .optional = true},
	[HOST_MEMORY] = {.name = "memory",
			 .no = "its memory is too small for the guest",
			 .doubt = "whether the guest's memory fits is not known",
			 .optional = true},
};
static_assert(G_N_ELEMENTS(rows) == HOST_FACTS, "a fact has no row");

const char *host_answer_to_str(enum host_answer answer)
{
	return answers[answer];
}

const char *host_fact_to_str(enum host_fact fact)
{
	return rows[fact].name;
}

static void __attribute__((format(printf, 4, 5)))
add(GArray *reasons, enum host_fact fact, enum host_answer effect, const char *format, ...)
{
	struct host_reason reason = {.fact = fact, .effect = effect};
	va_list args;

	va_start(args, format);
	reason.text = g_strdup_vprintf(format, args);
	va_end(args);
	g_array_append_val(reasons, reason);
}

/* The facts that are one answer each */

static void plain_judge(enum host_fact fact, const struct host_known *known, GArray *reasons)
{
	const struct row *row = &rows[fact];
	const char *colon = known->detail[0] != '\0' ? ": " : "";

	if (known->is == HOST_NO) {
		add(reasons, fact, HOST_NO, "%s%s%s", row->no, colon, known->detail);
	} else if (known->is == HOST_NOT_KNOWN) {
		add(reasons, fact, row->optional ? HOST_YES : HOST_NOT_KNOWN, "%s%s%s", row->doubt,
		    colon, known->detail);
	}
}

/*
 * What only libvirt knows is not known where it does not answer, which is said already. So is that
 * a node that is not in the cluster cannot be asked; and what has ended a look at the guest.
 */
static bool is_told(const struct host_facts *facts, enum host_fact fact)
{
	const struct host_known *known = facts->known;

	if (known[fact].is != HOST_NOT_KNOWN) {
		return false;
	}
	switch (fact) {
	case HOST_LIBVIRT: return known[HOST_MEMBER].is == HOST_NO;
	case HOST_CPU: return known[HOST_LIBVIRT].is != HOST_YES;
	case HOST_MEMORY:
		return known[HOST_LIBVIRT].is != HOST_YES || known[HOST_CPU].is == HOST_NO;
	default: return false;
	}
}

/* Paths */

struct lun_paths {
	size_t up;
	size_t not_known;
	size_t usable; /* portals of lunmask.conf that expose the LUN */
	uint64_t missing;
};

static struct lun_paths lun_paths(const struct host_need *need, const struct host_facts *facts,
				  const struct host_lun *lun)
{
	struct lun_paths ret = {0};

	for (size_t i = 0; i < need->n_portals; i++) {
		bool exposes = lun->exists != HOST_YES || (lun->exposed & (UINT64_C(1) << i)) != 0;

		if (!need->portals[i].configured || !exposes) {
			continue;
		}
		ret.usable++;
		ret.up += facts->paths[i].state == PATH_UP;
		ret.not_known += facts->paths[i].state == PATH_UNKNOWN;
		ret.missing |= facts->paths[i].state != PATH_UP ? UINT64_C(1) << i : 0;
	}
	return ret;
}

static size_t required(const struct host_need *need)
{
	size_t configured = 0;

	for (size_t i = 0; i < need->n_portals; i++) {
		configured += need->portals[i].configured;
	}
	return need->paths_required == 0 ? configured : MIN(need->paths_required, configured);
}

/* If it is not known what exposes the LUN, it may be fewer portals, but never more. */
static enum host_answer lun_reached(const struct host_need *need, const struct host_lun *lun,
				    const struct lun_paths *paths)
{
	size_t want = MAX(required(need), 1);

	if (lun->exists == HOST_NO || paths->up + paths->not_known < want) {
		return HOST_NO;
	}
	return lun->exists == HOST_YES && paths->up >= want ? HOST_YES : HOST_NOT_KNOWN;
}

/* A path that is down decides only where it is why a LUN is not reached. */
static enum host_answer path_effect(const struct host_path *path, uint64_t bit,
				    const uint64_t missing[HOST_ANSWER_MAX])
{
	if (path->state == PATH_UNKNOWN) {
		return ((missing[HOST_NO] | missing[HOST_NOT_KNOWN]) & bit) != 0 ? HOST_NOT_KNOWN
										 : HOST_YES;
	}
	return (missing[HOST_NO] & bit) != 0 ? HOST_NO : HOST_YES;
}

static void path_add(const struct host_need *need, const struct host_path *path, size_t i,
		     const uint64_t missing[HOST_ANSWER_MAX], GArray *reasons)
{
	uint64_t bit = UINT64_C(1) << i;
	enum host_answer effect = path_effect(path, bit, missing);
	const char *portal = need->portals[i].portal;
	const char *colon = path->reason[0] != '\0' ? ": " : "";
	char age[LIST_TEXT_AGE];

	if (((missing[HOST_NO] | missing[HOST_NOT_KNOWN] | missing[HOST_YES]) & bit) == 0) {
		return;
	}
	(void)list_text_age(path->age_ms, age);
	if (path->state == PATH_UNKNOWN) {
		add(reasons, HOST_PATHS, effect,
		    "whether it reaches portal %s of %s is not known%s%s", portal, need->array,
		    colon, path->reason);
	} else if (path->state == PATH_REFUSED) {
		add(reasons, HOST_PATHS, effect, "portal %s of %s has not let it in for %s%s%s",
		    portal, need->array, age, colon, path->reason);
	} else {
		add(reasons, HOST_PATHS, effect, "no path to portal %s of %s for %s%s%s", portal,
		    need->array, age, colon, path->reason);
	}
}

/* If all LUNs are alike, the portals say most of it. */
static void lun_add(const struct host_need *need, const struct host_lun *lun,
		    const struct lun_paths *paths, enum host_answer reached, bool alike,
		    GArray *reasons)
{
	g_autofree char *what = alike ? g_strdup("each LUN") : g_strdup_printf("LUN %s", lun->name);

	if (lun->exists == HOST_NO) {
		add(reasons, HOST_PATHS, HOST_NO, "%s has no LUN %s", need->array, lun->name);
	} else if (lun->exists == HOST_YES && paths->usable == 0) {
		add(reasons, HOST_PATHS, HOST_NO, "no portal of lunmask.conf exposes %s on %s",
		    alike ? "its LUNs" : what, need->array);
	} else if (paths->up > 0 && reached == HOST_NO) {
		add(reasons, HOST_PATHS, HOST_NO,
		    "it reaches %s through %zu of the %zu portals that paths_required wants", what,
		    paths->up, required(need));
	} else if (!alike && reached == HOST_NO) {
		add(reasons, HOST_PATHS, HOST_NO, "it reaches %s through none of %zu portals", what,
		    paths->usable);
	} else if (!alike && reached == HOST_NOT_KNOWN && lun->exists == HOST_YES) {
		add(reasons, HOST_PATHS, HOST_NOT_KNOWN, "whether it reaches %s is not known",
		    what);
	}
}

static bool all_alike(const struct host_need *need)
{
	for (size_t i = 1; i < need->n_luns; i++) {
		if (need->luns[i].exists != need->luns[0].exists ||
		    need->luns[i].exposed != need->luns[0].exposed) {
			return false;
		}
	}
	return true;
}

/* LUNs that are alike in every respect are told of once. */
static void paths_judge(const struct host_need *need, const struct host_facts *facts,
			GArray *reasons)
{
	uint64_t missing[HOST_ANSWER_MAX] = {0};
	bool alike = all_alike(need), exists_doubt = need->n_luns == 0;

	for (size_t i = 0; i < need->n_luns; i++) {
		const struct host_lun *lun = &need->luns[i];
		struct lun_paths paths = lun_paths(need, facts, lun);
		enum host_answer reached = lun_reached(need, lun, &paths);

		missing[lun->exists == HOST_NO ? HOST_YES : reached] |= paths.missing;
		exists_doubt = exists_doubt || lun->exists == HOST_NOT_KNOWN;
		if (!alike || i == 0 || lun->exists == HOST_NO) {
			lun_add(need, lun, &paths, reached, alike, reasons);
		}
	}
	for (size_t i = 0; i < need->n_portals; i++) {
		path_add(need, &facts->paths[i], i, missing, reasons);
	}
	if (exists_doubt) {
		add(reasons, HOST_PATHS, HOST_NOT_KNOWN,
		    "which portals expose its LUNs is not known: %s",
		    need->array_trouble[0] != '\0' ? need->array_trouble : "they are not known");
	}
}

static size_t paths_up(const struct host_need *need, const struct host_facts *facts)
{
	size_t n = 0;

	for (size_t i = 0; i < need->n_portals; i++) {
		n += need->portals[i].configured && facts->paths[i].state == PATH_UP;
	}
	return n;
}

void host_verdict(const struct host_need *need, const struct host_facts *facts,
		  struct host_verdict *ret)
{
	static const enum host_answer order[] = {HOST_NO, HOST_NOT_KNOWN, HOST_YES};
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct host_reason));
	g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(struct host_reason));

	for (size_t fact = 0; fact < HOST_FACTS; fact++) {
		if (fact == HOST_PATHS) {
			paths_judge(need, facts, found);
		} else if (!is_told(facts, (enum host_fact)fact)) {
			plain_judge((enum host_fact)fact, &facts->known[fact], found);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		for (guint k = 0; k < found->len; k++) {
			struct host_reason *reason = &g_array_index(found, struct host_reason, k);

			if (reason->effect == order[i]) {
				g_array_append_vals(sorted, reason, 1);
			}
		}
	}
	*ret = (struct host_verdict){.answer = HOST_YES, .paths_up = paths_up(need, facts)};
	ret->n_reasons = sorted->len;
	ret->reasons = (struct host_reason *)(void *)g_array_free(g_steal_pointer(&sorted), FALSE);
	if (ret->n_reasons > 0) {
		ret->answer = ret->reasons[0].effect;
	}
}

void host_verdict_release(struct host_verdict *verdict)
{
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		g_free(verdict->reasons[i].text);
	}
	g_free(verdict->reasons);
	*verdict = (struct host_verdict){.reasons = NULL};
}
