/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redirect/login_message.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "names/lun.h"

/* RFC 7143 11.2.1, 11.12, 11.13: where in the header. */
enum {
	AT_OPCODE = 0,
	AT_FLAGS = 1,
	AT_AHS_WORDS = 4,
	AT_LENGTH = 5,
	AT_ISID = 8,
	AT_TSIH = 14,
	AT_TASK = 16,
	AT_COMMAND_NUMBER = 24,   /* of a request */
	AT_EXPECTED_COMMAND = 28, /* of an answer */
	AT_MAX_COMMAND = 32,
	AT_STATUS = 36,
};

#define OPCODE_LOGIN 0x03
#define OPCODE_LOGIN_ANSWER 0x23
#define OPCODE_MASK 0x3f
#define FLAGS_STAGE 0x0c /* the current stage */
#define PADDING(bytes) ((4 - (bytes) % 4) % 4)

static size_t length_of(const unsigned char *header)
{
	return (size_t)header[AT_LENGTH] << 16 | (size_t)header[AT_LENGTH + 1] << 8 |
	       header[AT_LENGTH + 2];
}

int login_request_length(const unsigned char header[LOGIN_HEADER_BYTES], size_t *ret_bytes,
			 struct err *err)
{
	size_t bytes = length_of(header);

	if ((header[AT_OPCODE] & OPCODE_MASK) != OPCODE_LOGIN) {
		return err_set(err, -EBADMSG, "opcode 0x%02x is not a login request",
			       header[AT_OPCODE] & OPCODE_MASK);
	}
	if (bytes > LOGIN_DATA_MAX || header[AT_AHS_WORDS] != 0) {
		return err_set(err, -EBADMSG,
			       "a login request of %zu bytes with %d words of additional headers: "
			       "legal are %d bytes, and none",
			       bytes, header[AT_AHS_WORDS], LOGIN_DATA_MAX);
	}
	*ret_bytes = bytes + PADDING(bytes);
	return 0;
}

/* The value of "key=value" among the strings of text, each of which ends with a NUL; or NULL. */
static const char *value_find(const char *text, size_t bytes, const char *key)
{
	size_t length = strlen(key);

	for (size_t at = 0; at < bytes;) {
		size_t left = strnlen(text + at, bytes - at);

		if (at + left == bytes) {
			return NULL; /* its end is in another message */
		}
		if (left > length && text[at + length] == '=' &&
		    strncmp(text + at, key, length) == 0) {
			return text + at + length + 1;
		}
		at += left + 1;
	}
	return NULL;
}

static int name_take(const char *text, size_t bytes, const char *key, char *ret,
		     struct login_request *request, struct err *err)
{
	const char *value = value_find(text, bytes, key);

	if (value == NULL) {
		request->refusal = LOGIN_PARAMETER_MISSING;
		return err_set(err, -EBADMSG, "the login request has no %s", key);
	}
	if (!iscsi_name_valid(value)) {
		request->refusal = LOGIN_MALFORMED;
		return err_set(err, -EBADMSG, "%s=%.50s is not a name of iSCSI", key, value);
	}
	(void)g_strlcpy(ret, value, ISCSI_NAME_MAX + 1);
	return 0;
}

int login_request_decode(const unsigned char header[LOGIN_HEADER_BYTES], const unsigned char *data,
			 size_t bytes, struct login_request *ret, struct err *err)
{
	const char *text = (const char *)data;
	const char *type;
	size_t used = MIN(bytes, length_of(header));
	int rc;

	*ret = (struct login_request){.refusal = LOGIN_MOVED};
	memcpy(ret->header, header, LOGIN_HEADER_BYTES);
	type = value_find(text, used, "SessionType");
	if (type != NULL && strcmp(type, "Normal") != 0) {
		ret->refusal = LOGIN_NO_DISCOVERY;
		return err_set(err, -EBADMSG, "SessionType=%.20s: only Normal is redirected", type);
	}
	rc = name_take(text, used, "InitiatorName", ret->initiator, ret, err);
	return rc < 0 ? rc : name_take(text, used, "TargetName", ret->target, ret, err);
}

/* RFC 7143 11.13: where the status is not 0, flags and the target's numbers mean nothing. */
static size_t answer(const struct login_request *request, enum login_status status,
		     const char *text, size_t bytes, unsigned char *ret)
{
	size_t whole = LOGIN_HEADER_BYTES + bytes + PADDING(bytes);
	const unsigned char *asked = request->header;

	memset(ret, 0, whole);
	ret[AT_OPCODE] = OPCODE_LOGIN_ANSWER;
	ret[AT_FLAGS] = asked[AT_FLAGS] & FLAGS_STAGE;
	ret[AT_LENGTH + 2] = (unsigned char)bytes;
	memcpy(ret + AT_ISID, asked + AT_ISID, AT_TSIH - AT_ISID);
	memcpy(ret + AT_TASK, asked + AT_TASK, 4);
	memcpy(ret + AT_EXPECTED_COMMAND, asked + AT_COMMAND_NUMBER, 4);
	memcpy(ret + AT_MAX_COMMAND, asked + AT_COMMAND_NUMBER, 4);
	ret[AT_STATUS] = (unsigned char)((unsigned int)status >> 8);
	ret[AT_STATUS + 1] = (unsigned char)((unsigned int)status & 0xff);
	memcpy(ret + LOGIN_HEADER_BYTES, text, bytes);
	return whole;
}

/* RFC 7143 13.8: without a portal group tag. */
size_t login_answer_redirect(const struct login_request *request, const char *portal,
			     unsigned char *ret)
{
	char text[LOGIN_ANSWER_MAX - LOGIN_HEADER_BYTES];
	int bytes =
		snprintf(text, sizeof(text), "TargetAddress=%.*s", ISCSI_PORTAL_MAX, portal);

	return answer(request, LOGIN_MOVED, text, (size_t)bytes + 1, ret);
}

size_t login_answer_refuse(const struct login_request *request, enum login_status status,
			   unsigned char *ret)
{
	return answer(request, status, "", 0, ret);
}
