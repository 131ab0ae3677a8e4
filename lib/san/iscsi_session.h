/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ISCSI_SESSION_H
#define LUNMASK_ISCSI_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "san/iscsi.h"

/*
 * One iSCSI session as a walk through steps, so that many sessions run side by side in one poll
 * loop. The inside of iscsi.h, and the only module that knows libiscsi.
 *
 *	static const enum iscsi_step open[] = {ISCSI_STEP_LOGIN, ISCSI_STEP_REPORT_LUNS};
 *
 *	iscsi_session_new(&path, &session, err);
 *	iscsi_session_begin(session, open, 2, deadline);
 *	iscsi_sessions_run(&session, 1);
 *	rc = iscsi_session_result(session, err);     then begin the next walk, or
 *	iscsi_session_free(session);
 *
 * The first failure ends the walk and the session with it: every later walk fails the same way.
 */
#define ISCSI_SESSIONS_MAX 256 /* in one iscsi_sessions_run() */

enum iscsi_step {
	ISCSI_STEP_LOGIN,       /* connects too; must be the first */
	ISCSI_STEP_REPORT_LUNS, /* -ENXIO when the LUN is not listed */
	ISCSI_STEP_IDENTIFY,    /* fills the designators of the facts */
	ISCSI_STEP_CAPACITY,    /* fills size and block size */
	ISCSI_STEP_CAPACITY10,  /* for a LUN that does not know the former; taken by itself */
	ISCSI_STEP_READ,        /* these two do what iscsi_session_transfer() said */
	ISCSI_STEP_WRITE,
	ISCSI_STEP_FLUSH,
	ISCSI_STEP_LOGOUT, /* no command may follow */
	ISCSI_STEP_MAX
};

struct iscsi_session;

/* Strings are copied. -EINVAL for a portal that is not "address:port" in numbers. */
int iscsi_session_new(const struct iscsi_path *path, struct iscsi_session **ret, struct err *err);

/* Cuts the connection when it is still there. Accepts NULL. */
void iscsi_session_free(struct iscsi_session *session);

/* steps must live until the walk has ended. */
void iscsi_session_begin(struct iscsi_session *session, const enum iscsi_step *steps,
			 size_t n_steps, struct deadline deadline);

/* What the next READ or WRITE is about; data must live until the walk has ended. */
void iscsi_session_transfer(struct iscsi_session *session, uint64_t offset_bytes, void *data,
			    size_t bytes);

/* Returns when every walk has ended: done, failed, or past its deadline. */
void iscsi_sessions_run(struct iscsi_session *const *sessions, size_t count);

/* Of the last walk. The text begins with portal and target. */
int iscsi_session_result(const struct iscsi_session *session, struct err *err);

/* What the steps so far have found out. */
const struct iscsi_facts *iscsi_session_facts(const struct iscsi_session *session);

#endif
