/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/iscsi.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "names/designator.h"
#include "san/iscsi_session.h"

/* Limits the time for a portal that does not answer, so that time is left for other paths. */
#define PATH_TIMEOUT_MS 5000

static const enum iscsi_step verify_steps[] = {ISCSI_STEP_LOGIN, ISCSI_STEP_REPORT_LUNS,
					       ISCSI_STEP_IDENTIFY, ISCSI_STEP_CAPACITY,
					       ISCSI_STEP_LOGOUT};
#define N_VERIFY_STEPS (G_N_ELEMENTS(verify_steps))

static int facts_compare(const struct iscsi_facts *facts, const struct lun *expected,
			 const struct iscsi_path *path, struct err *err)
{
	struct designator_list list = {.count = facts->n_designators};
	char names[512];

	memcpy(list.names, facts->designators, sizeof(list.names));
	if (!designator_list_holds(&list, expected->designator)) {
		designator_list_to_str(&list, names, sizeof(names));
		return err_set(
			err, -EUCLEAN,
			"LUN '%s' should be %s, but portal %s, target %s, LUN %u is %s: another "
			"volume has taken its place; correct the mask on the array",
			expected->name, expected->designator, path->portal, path->target,
			path->number, names);
	}
	if (facts->size_bytes != expected->size_bytes) {
		return err_set(err, -EUCLEAN,
			       "LUN '%s' (%s) should have %" PRIu64
			       " bytes, but on portal %s it has "
			       "%" PRIu64,
			       expected->name, expected->designator, expected->size_bytes,
			       path->portal, facts->size_bytes);
	}
	return 0;
}

/* One LUN through one portal. */
struct attempt {
	struct iscsi_path path;
	const struct lun *expected;
	struct iscsi_session *session;
	int rc;
	struct err err;
};

static void attempts_run(struct attempt *const *attempts, size_t count, struct deadline deadline)
{
	struct iscsi_session *sessions[ISCSI_SESSIONS_MAX];
	size_t n_sessions = 0;

	deadline = deadline_within(deadline, PATH_TIMEOUT_MS);
	for (size_t i = 0; i < count; i++) {
		struct attempt *attempt = attempts[i];

		attempt->rc = iscsi_session_new(&attempt->path, &attempt->session, &attempt->err);
		if (attempt->rc == 0) {
			iscsi_session_begin(attempt->session, verify_steps, N_VERIFY_STEPS,
					    deadline);
			sessions[n_sessions++] = attempt->session;
		}
	}
	iscsi_sessions_run(sessions, n_sessions);
	for (size_t i = 0; i < count; i++) {
		struct attempt *attempt = attempts[i];

		if (attempt->rc == 0) {
			attempt->rc = iscsi_session_result(attempt->session, &attempt->err);
		}
		if (attempt->rc == 0) {
			attempt->rc =
				facts_compare(iscsi_session_facts(attempt->session),
					      attempt->expected, &attempt->path, &attempt->err);
		} else {
			(void)err_prefix(&attempt->err, attempt->rc, "LUN '%s'",
					 attempt->expected->name);
		}
		iscsi_session_free(attempt->session);
		attempt->session = NULL;
	}
}

int iscsi_path_verify(const struct iscsi_path *path, const struct lun *expected,
		      struct deadline deadline, struct err *err)
{
	struct attempt attempt = {.path = *path, .expected = expected};

	attempts_run((struct attempt *const[]){&attempt}, 1, deadline);
	return attempt.rc == 0 ? 0 : err_set(err, attempt.rc, "%s", err_text(&attempt.err));
}

/*
 * The attempts of one LUN, one for each portal, are next to each other. failed: per portal, its
 * first attempt that failed, where a mismatch comes before other failures; or NULL
 */
static void all_run(struct attempt *attempts, size_t count, size_t n_portals,
		    const struct attempt **failed, struct deadline deadline)
{
	for (size_t i = 0; i < count;) {
		struct attempt *group[ISCSI_SESSIONS_MAX];
		size_t n = 0;

		for (; i < count && n < ISCSI_SESSIONS_MAX; i++) {
			if (failed[i % n_portals] == NULL) {
				group[n++] = &attempts[i];
			}
		}
		attempts_run(group, n, deadline);
		for (size_t k = 0; k < n; k++) {
			const struct attempt **first =
				&failed[(size_t)(group[k] - attempts) % n_portals];

			if (group[k]->rc != 0 && (*first == NULL || (group[k]->rc == -EUCLEAN &&
								     (*first)->rc != -EUCLEAN))) {
				*first = group[k];
			}
		}
	}
}

/* A mismatch counts more than any other failure. */
static int portals_judge(const struct attempt *const *failed, size_t n_portals, size_t required,
			 struct iscsi_portals *ret, struct err *err)
{
	const struct attempt *first = NULL;

	*ret = (struct iscsi_portals){.n_good = 0};
	for (size_t i = 0; i < n_portals; i++) {
		if (failed[i] == NULL) {
			ret->good[i] = true;
			ret->n_good++;
		} else if (failed[i]->rc == -EUCLEAN) {
			*ret = (struct iscsi_portals){.n_good = 0};
			return err_set(err, -EUCLEAN, "%s", err_text(&failed[i]->err));
		} else if (first == NULL) {
			first = failed[i];
		}
	}
	if (ret->n_good >= required || first == NULL) {
		return 0;
	}
	(void)err_set(err, first->rc, "%s", err_text(&first->err));
	return n_portals == 1 ? first->rc
			      : err_prefix(err, first->rc, "%zu of %zu portals, %zu required",
					   ret->n_good, n_portals, required);
}

size_t iscsi_portals_first(const struct iscsi_portals *portals)
{
	size_t i = 0;

	while (i < PORTALS_MAX - 1 && !portals->good[i]) {
		i++;
	}
	return i;
}

int iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
		      size_t n_portals, const char *initiator, const struct chap *chap,
		      size_t portals_required, struct deadline deadline, struct iscsi_portals *ret,
		      struct err *err)
{
	const struct attempt *failed[PORTALS_MAX] = {NULL};
	size_t count = n_luns * n_portals;
	size_t required = portals_required == 0 ? n_portals : portals_required;
	g_autofree struct attempt *attempts = NULL;
	struct iscsi_portals good;
	int rc = iscsi_supported(err);

	if (rc < 0) {
		*(ret != NULL ? ret : &good) = (struct iscsi_portals){.n_good = 0};
		return rc;
	}
	if (n_luns == 0 || n_luns > VM_LUNS_MAX || n_portals == 0 || n_portals > PORTALS_MAX ||
	    required > n_portals) {
		return err_set(
			err, -EINVAL,
			"%zu LUNs, %zu portals, %zu of them required: legal are 1 to %d LUNs, 1 "
			"to %d portals, and at most all of them required",
			n_luns, n_portals, portals_required, VM_LUNS_MAX, PORTALS_MAX);
	}
	attempts = g_new0(struct attempt, count);
	for (size_t i = 0; i < count; i++) {
		const struct lun *lun = &luns[i / n_portals];

		attempts[i].expected = lun;
		attempts[i].path = (struct iscsi_path){.portal = portals[i % n_portals],
						       .initiator = initiator,
						       .target = lun->target,
						       .number = lun->number,
						       .chap = chap};
	}
	all_run(attempts, count, n_portals, failed, deadline);
	return portals_judge(failed, n_portals, required, ret != NULL ? ret : &good, err);
}

/* Where nobody listens, that is known at once. */
const char *iscsi_source_portal(const struct lun *luns, size_t n_luns, const char *first,
				const char *redirect, const char *initiator,
				const struct chap *chap, struct deadline deadline)
{
	return *redirect != '\0' && iscsi_luns_verify(luns, n_luns, &redirect, 1, initiator, chap,
						      1, deadline, NULL, NULL) == 0
		       ? redirect
		       : first;
}
