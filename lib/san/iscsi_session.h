/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ISCSI_SESSION_H
#define LUNMASK_ISCSI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "san/iscsi.h"

/*
 * Runs an iSCSI session as a list of steps (a walk), so that many sessions run in parallel in one
 * poll loop. This module implements iscsi.h. It, iscsi_login.c and portal_probe.c are the only ones
 * that use libiscsi; a build without it has iscsi_session_absent.c and portal_probe_absent.c in
 *their place.
 *
 *	static const enum iscsi_step open[] = {ISCSI_STEP_LOGIN, ISCSI_STEP_REPORT_LUNS};
 *
 *	iscsi_session_new(&path, &session, err);
 *	iscsi_session_begin(session, open, 2, deadline);
 *	iscsi_sessions_run(&session, 1);
 *	rc = iscsi_session_result(session, err);     then begin the next walk, or free the session
 *	iscsi_session_free(session);
 *
 * The first failure ends the walk and makes the session unusable: every later walk fails with the
 * same error. The errors are those of iscsi.h.
 */
#define ISCSI_SESSIONS_MAX 256 /* in one iscsi_sessions_run() */

enum iscsi_step {
	ISCSI_STEP_LOGIN,       /* connects, follows one redirection; must be the first step */
	ISCSI_STEP_REPORT_LUNS, /* -ENXIO if the LUN is not listed */
	ISCSI_STEP_IDENTIFY,    /* sets the designators in the facts */
	ISCSI_STEP_CAPACITY,    /* sets the size and the block size in the facts */
	ISCSI_STEP_CAPACITY10,  /* automatic fallback if the LUN lacks READ CAPACITY (16) */
	ISCSI_STEP_READ,        /* READ and WRITE transfer what iscsi_session_transfer() has set */
	ISCSI_STEP_WRITE,
	ISCSI_STEP_FLUSH,
	ISCSI_STEP_LOGOUT, /* no command may follow */
	ISCSI_STEP_MAX
};

struct iscsi_session;

/*
 * The strings are copied; the chap of path must live as long as the session. -EINVAL for an illegal
 * portal, name or LUN number; -EKEYREJECTED for a secret that cannot be used here; -EIO.
 */
int iscsi_session_new(const struct iscsi_path *path, struct iscsi_session **ret, struct err *err);

/* Closes an open connection without a logout, and frees the session. Accepts NULL. */
void iscsi_session_free(struct iscsi_session *session);

/* Starts a walk. steps (at least one) must live until the walk has ended. */
void iscsi_session_begin(struct iscsi_session *session, const enum iscsi_step *steps,
			 size_t n_steps, struct deadline deadline);

/*
 * Sets what the next READ or WRITE step transfers. offset_bytes and bytes are multiples of the
 * block size, so a CAPACITY step must have run before. data must live until the walk has ended.
 */
void iscsi_session_transfer(struct iscsi_session *session, uint64_t offset_bytes, void *data,
			    size_t bytes);

/* Returns when every walk has ended: completed, failed, or past its deadline. */
void iscsi_sessions_run(struct iscsi_session *const *sessions, size_t count);

/*
 * Waits until something has happened to one of them, and at most until the time given. False,
 * without waiting, if every walk has ended.
 */
bool iscsi_sessions_turn(struct iscsi_session *const *sessions, size_t count,
			 struct deadline until);
bool iscsi_session_running(const struct iscsi_session *session);

/* The result of the last walk: 0, or -errno with a text that begins with portal and target. */
int iscsi_session_result(const struct iscsi_session *session, struct err *err);

/* The facts that the steps have read so far. Borrowed: it lives as long as the session. */
const struct iscsi_facts *iscsi_session_facts(const struct iscsi_session *session);

#endif
