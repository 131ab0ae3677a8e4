/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LOGIN_MESSAGE_H
#define LUNMASK_LOGIN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/name_limits.h"

/*
 * The first two messages of an iSCSI login, from the side of a target that sends every initiator to
 * another portal (RFC 7143 11.12, 11.13). No I/O.
 *
 *	read LOGIN_HEADER_BYTES
 *	rc = login_request_length(header, &bytes, err);       read that many bytes
 *	rc = login_request_decode(header, data, bytes, &request, err);
 *	bytes = login_answer_redirect(&request, portal, answer);  or login_answer_refuse()
 */
#define LOGIN_HEADER_BYTES 48
#define LOGIN_DATA_MAX 8192 /* what one message of a login may hold: RFC 7143 13.12 */
#define LOGIN_ANSWER_MAX (LOGIN_HEADER_BYTES + 16 + ISCSI_PORTAL_MAX + 1)

/* Status class and detail: RFC 7143 11.13.5. */
enum login_status {
	LOGIN_MOVED = 0x0101, /* temporarily: the next login comes here again */
	LOGIN_MALFORMED = 0x0200,
	LOGIN_PARAMETER_MISSING = 0x0207,
	LOGIN_NO_DISCOVERY = 0x0209,
	LOGIN_UNAVAILABLE = 0x0301,
};

struct login_request {
	char initiator[ISCSI_NAME_MAX + 1];
	char target[ISCSI_NAME_MAX + 1];
	enum login_status refusal; /* if the request cannot be redirected, else LOGIN_MOVED */
	unsigned char header[LOGIN_HEADER_BYTES];
};

/*
 * How many bytes follow the header: the text and its padding. -EBADMSG: it is no request to log in,
 * or its text is too long; the connection is of no use then.
 */
int login_request_length(const unsigned char header[LOGIN_HEADER_BYTES], size_t *ret_bytes,
			 struct err *err);

/*
 * bytes: as login_request_length() said. -EBADMSG: the names in it are missing or not legal, or it
 * asks for a discovery; then refusal says with which status to answer.
 */
int login_request_decode(const unsigned char header[LOGIN_HEADER_BYTES], const unsigned char *data,
			 size_t bytes, struct login_request *ret, struct err *err);

/* Each writes at most LOGIN_ANSWER_MAX bytes, and returns how many. portal: ADDRESS:PORT. */
size_t login_answer_redirect(const struct login_request *request, const char *portal,
			     unsigned char *ret);
size_t login_answer_refuse(const struct login_request *request, enum login_status status,
			   unsigned char *ret);

#endif
