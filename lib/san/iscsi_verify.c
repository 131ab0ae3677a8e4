/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/iscsi.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "names/designator.h"
#include "names/portal.h"
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

static void attempts_run(struct attempt *attempts, size_t count, struct deadline deadline)
{
	struct iscsi_session *sessions[ISCSI_SESSIONS_MAX];
	size_t n_sessions = 0;

	deadline = deadline_within(deadline, PATH_TIMEOUT_MS);
	for (size_t i = 0; i < count; i++) {
		struct attempt *attempt = &attempts[i];

		attempt->rc = iscsi_session_new(&attempt->path, &attempt->session, &attempt->err);
		if (attempt->rc == 0) {
			iscsi_session_begin(attempt->session, verify_steps, N_VERIFY_STEPS,
					    deadline);
			sessions[n_sessions++] = attempt->session;
		}
	}
	iscsi_sessions_run(sessions, n_sessions);
	for (size_t i = 0; i < count; i++) {
		struct attempt *attempt = &attempts[i];

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

	attempts_run(&attempt, 1, deadline);
	return attempt.rc == 0 ? 0 : err_set(err, attempt.rc, "%s", err_text(&attempt.err));
}

/* The paths of one LUN are n_portals attempts, n_luns elements apart. */
static int paths_judge(const struct attempt *of_lun, size_t n_luns, size_t n_portals,
		       size_t required, size_t *ret_good, struct err *err)
{
	const struct attempt *failed = NULL;
	size_t good = 0;

	for (size_t i = 0; i < n_portals; i++) {
		const struct attempt *attempt = &of_lun[i * n_luns];

		if (attempt->rc == -EUCLEAN) {
			return err_set(err, attempt->rc, "%s", err_text(&attempt->err));
		}
		if (attempt->rc == 0) {
			good++;
		} else if (failed == NULL) {
			failed = attempt;
		}
	}
	if (good < *ret_good) {
		*ret_good = good;
	}
	if (good >= required || failed == NULL) {
		return 0;
	}
	(void)err_set(err, failed->rc, "%s", err_text(&failed->err));
	return n_portals == 1 ? failed->rc
			      : err_prefix(err, failed->rc, "%zu of %zu paths, %zu required", good,
					   n_portals, required);
}

static int luns_judge(const struct attempt *attempts, size_t n_luns, size_t n_portals,
		      size_t required, size_t *ret_paths, struct err *err)
{
	size_t good = n_portals;
	int first_rc = 0;

	for (size_t i = 0; i < n_luns; i++) {
		struct err text = ERR_INIT;
		int rc = paths_judge(&attempts[i], n_luns, n_portals, required, &good, &text);

		if (rc == -EUCLEAN || (rc < 0 && first_rc == 0)) {
			first_rc = err_set(err, rc, "%s", err_text(&text));
		}
		if (rc == -EUCLEAN) {
			break;
		}
	}
	if (ret_paths != NULL) {
		*ret_paths = first_rc == -EUCLEAN ? 0 : good;
	}
	return first_rc;
}

int iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
		      size_t n_portals, const char *initiator, size_t paths_required,
		      struct deadline deadline, size_t *ret_paths, struct err *err)
{
	size_t count = n_luns * n_portals;
	size_t required = paths_required == 0 ? n_portals : paths_required;
	struct attempt *attempts;
	int rc;

	if (n_luns == 0 || n_luns > VM_LUNS_MAX || n_portals == 0 || n_portals > PORTALS_MAX ||
	    required > n_portals) {
		return err_set(
			err, -EINVAL,
			"%zu LUNs, %zu portals, %zu paths required: legal are 1 to %d LUNs, 1 "
			"to %d portals and no more paths than portals",
			n_luns, n_portals, paths_required, VM_LUNS_MAX, PORTALS_MAX);
	}
	attempts = calloc(count, sizeof(*attempts));
	if (attempts == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		attempts[i].expected = &luns[i % n_luns];
		attempts[i].path = (struct iscsi_path){.portal = portals[i / n_luns],
						       .initiator = initiator,
						       .target = luns[i % n_luns].target,
						       .number = luns[i % n_luns].number};
	}
	for (size_t i = 0; i < count; i += ISCSI_SESSIONS_MAX) {
		size_t part = count - i < ISCSI_SESSIONS_MAX ? count - i : ISCSI_SESSIONS_MAX;

		attempts_run(&attempts[i], part, deadline);
	}
	rc = luns_judge(attempts, n_luns, n_portals, required, ret_paths, err);
	free(attempts);
	return rc;
}
