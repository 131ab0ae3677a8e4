/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LOGIN_REASON_H
#define LUNMASK_LOGIN_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "config/chap.h"

/*
 * Why a login has failed, in words that say what to do. libiscsi reports the status of a login only
 * in its message, which ends in "(NUMBER)": the class and detail of RFC 7143 11.13.5.
 */
#define LOGIN_REASON_MAX 255

enum login_verdict {
	LOGIN_FAILED,   /* the portal has an error, or something is between */
	LOGIN_MASKED,   /* the array does not admit this initiator, or not to this target */
	LOGIN_UNPROVEN, /* the array refuses what this host says to prove itself, or wants more */
	LOGIN_STRANGE,  /* the array has not proven itself to this host */
};

/*
 * message: libiscsi's. chap: how this host logged in, or NULL. Fills reason, which has no secret;
 * "" if there is nothing to add to the message.
 */
enum login_verdict login_reason(const char *message, const struct chap *chap, const char *initiator,
				char reason[LOGIN_REASON_MAX + 1]);

#endif
