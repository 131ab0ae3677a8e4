/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/login_reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_INITIATOR 2
#define DETAIL_AUTHENTICATION 1
#define DETAIL_AUTHORIZATION 2
#define DETAIL_NOT_FOUND 3

/* Class and detail, as one number; 0: the message names none. */
static int status_of(const char *message)
{
	const char *status = strrchr(message, '(');

	return strstr(message, "Status: ") != NULL && status != NULL ? atoi(status + 1) : 0;
}

static void unproven(const struct chap *chap, const char *initiator, char *reason)
{
	if (chap_wanted(chap)) {
		(void)snprintf(reason, LOGIN_REASON_MAX + 1,
			       "correct the secret in %s, or the array's account: it refuses the "
			       "CHAP secret of %s",
			       chap->secret_file, chap_user(chap, initiator));
	} else {
		(void)snprintf(reason, LOGIN_REASON_MAX + 1,
			       "set chap_secret_file in lunmask.conf: the array wants CHAP");
	}
}

enum login_verdict login_reason(const char *message, const struct chap *chap, const char *initiator,
				char reason[LOGIN_REASON_MAX + 1])
{
	int status = status_of(message);
	const char *meaning = "";

	reason[0] = '\0';
	/* libiscsi's own: CHAP_N or CHAP_R of the target is wrong, or missing. */
	if (status == 0 && chap_wanted(chap) && chap->target_user != NULL &&
	    strstr(message, "CHAP") != NULL) {
		(void)snprintf(reason, LOGIN_REASON_MAX + 1,
			       "correct the secret in %s, or chap_target_user: the array has not "
			       "proven to be %s",
			       chap->target_secret_file, chap->target_user);
		return LOGIN_STRANGE;
	}
	if (status >> 8 != CLASS_INITIATOR) {
		return LOGIN_FAILED;
	}
	if ((status & 0xff) == DETAIL_AUTHENTICATION) {
		unproven(chap, initiator, reason);
		return LOGIN_UNPROVEN;
	}
	switch (status & 0xff) {
	case DETAIL_AUTHORIZATION: meaning = "the array does not admit this initiator"; break;
	case DETAIL_NOT_FOUND: meaning = "the array does not know this initiator"; break;
	default: break;
	}
	(void)snprintf(reason, LOGIN_REASON_MAX + 1, "%s", meaning);
	return LOGIN_MASKED;
}
