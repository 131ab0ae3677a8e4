/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redirect/portal_choice.h"

#include <glib.h>

#include "san/iscsi_session.h"

#define PORTAL_TIMEOUT_MS 5000

static const enum iscsi_step steps[] = {ISCSI_STEP_LOGIN, ISCSI_STEP_LOGOUT};

struct choice {
	struct iscsi_session *session[PORTAL_CHOICE_MAX]; /* NULL: it was refused at once */
	size_t count;
	struct err first; /* why the first of them cannot be used */
	int rc;
};

static void failure_note(struct choice *choice, int rc, const struct err *why)
{
	if (choice->rc == 0) {
		choice->rc = err_set(&choice->first, rc, "%s", err_text(why));
	}
}

static void sessions_begin(struct choice *choice, const char *initiator, const char *target,
			   const struct portal_place *portals, struct deadline deadline)
{
	for (size_t i = 0; i < choice->count; i++) {
		struct iscsi_path path = {.portal = portals[i].portal,
					  .initiator = initiator,
					  .target = target,
					  .chap = portals[i].chap};
		struct err why = ERR_INIT;
		int rc = iscsi_session_new(&path, &choice->session[i], &why);

		if (rc < 0) {
			choice->session[i] = NULL;
			failure_note(choice, rc, &why);
			continue;
		}
		iscsi_session_begin(choice->session[i], steps, G_N_ELEMENTS(steps), deadline);
	}
}

/*
 * The first one that has let us in, if none before it may still do so, or late; else count.
 * *ret_waiting: another turn may change that.
 */
static size_t chosen(const struct choice *choice, bool late, bool *ret_waiting)
{
	bool waiting = false;

	*ret_waiting = false;
	for (size_t i = 0; i < choice->count; i++) {
		const struct iscsi_session *session = choice->session[i];

		if (session == NULL) {
			continue;
		}
		if (iscsi_session_running(session)) {
			waiting = true;
		} else if (iscsi_session_result(session, NULL) == 0 && (!waiting || late)) {
			return i;
		}
	}
	*ret_waiting = waiting;
	return choice->count;
}

/* Only the sessions that exist take part in a turn. */
static void sessions_turn(struct choice *choice, struct deadline until)
{
	struct iscsi_session *there[PORTAL_CHOICE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < choice->count; i++) {
		if (choice->session[i] != NULL) {
			there[n++] = choice->session[i];
		}
	}
	iscsi_sessions_turn(there, n, until);
}

int portal_choose(const char *initiator, const char *target, const struct portal_place *portals,
		  size_t n_portals, struct deadline deadline, size_t *ret, struct err *err)
{
	struct deadline patience = deadline_within(deadline, PORTAL_CHOICE_WAIT_MS);
	g_autofree struct choice *choice = g_new0(struct choice, 1);
	bool waiting;
	size_t at;

	if (n_portals == 0 || n_portals > PORTAL_CHOICE_MAX) {
		return err_set(err, -EINVAL, "%zu portals: legal are 1 to %d", n_portals,
			       PORTAL_CHOICE_MAX);
	}
	choice->count = n_portals;
	sessions_begin(choice, initiator, target, portals,
		       deadline_within(deadline, PORTAL_TIMEOUT_MS));
	while ((at = chosen(choice, deadline_passed(patience), &waiting)) == n_portals && waiting) {
		sessions_turn(choice, deadline_passed(patience) ? deadline : patience);
	}
	for (size_t i = 0; i < n_portals; i++) {
		struct err why = ERR_INIT;
		int rc = choice->session[i] == NULL
				 ? 0
				 : iscsi_session_result(choice->session[i], &why);

		if (rc < 0) {
			failure_note(choice, rc, &why);
		}
		iscsi_session_free(choice->session[i]);
	}
	*ret = at;
	return at < n_portals ? 0 : err_set(err, choice->rc, "%s", err_text(&choice->first));
}
