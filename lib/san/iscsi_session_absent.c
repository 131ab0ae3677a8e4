/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of iscsi_session.c where lunmask is built without libiscsi: there is never a session. */
#include "san/iscsi_session.h"

#include <glib.h>

int iscsi_supported(struct err *err)
{
	return err_set(err, -ENOTSUP,
		       "run VMs on another node: lunmask was built without libiscsi here, and "
		       "cannot log in to a LUN");
}

int iscsi_session_new(const struct iscsi_path *path, struct iscsi_session **ret, struct err *err)
{
	(void)path, (void)ret;
	return iscsi_supported(err);
}

void iscsi_session_free(struct iscsi_session *session)
{
	g_assert(session == NULL);
}

void iscsi_session_begin(struct iscsi_session *session, const enum iscsi_step *steps,
			 size_t n_steps, struct deadline deadline)
{
	(void)session, (void)steps, (void)n_steps, (void)deadline;
	g_assert_not_reached();
}

void iscsi_session_transfer(struct iscsi_session *session, uint64_t offset_bytes, void *data,
			    size_t bytes)
{
	(void)session, (void)offset_bytes, (void)data, (void)bytes;
	g_assert_not_reached();
}

void iscsi_sessions_run(struct iscsi_session *const *sessions, size_t count)
{
	(void)sessions;
	g_assert(count == 0);
}

bool iscsi_sessions_turn(struct iscsi_session *const *sessions, size_t count, struct deadline until)
{
	(void)sessions, (void)until;
	g_assert(count == 0);
	return false;
}

bool iscsi_session_running(const struct iscsi_session *session)
{
	(void)session;
	g_assert_not_reached();
}

int iscsi_session_result(const struct iscsi_session *session, struct err *err)
{
	(void)session, (void)err;
	g_assert_not_reached();
}

const struct iscsi_facts *iscsi_session_facts(const struct iscsi_session *session)
{
	(void)session;
	g_assert_not_reached();
}
