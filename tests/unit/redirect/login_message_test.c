/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "redirect/login_message.h"
#include "tests/unit/test.h"

/* What QEMU 7.2 sends first, by libiscsi 1.19: stage 1, next stage 3, command number 1. */
static const unsigned char header[LOGIN_HEADER_BYTES] = {
	0x43, 0x87, 0,    0,    0, 0, 1, 174, 0x80, 0x47, 0xef, 0xaa, 0, 0, 0, 0,
	0x2b, 0xb1, 0xc7, 0x59, 0, 0, 0, 0,   0x2f, 0xbe, 0x3e, 0x32, 0, 0, 0, 1,
};
#define INITIATOR "iqn.2008-11.org.linux-kvm:web1"
#define TARGET "iqn.2026-11.org.example:san1"
#define TEXT(type, initiator, target)                                                              \
	initiator "\0" target "\0SessionType=" type "\0HeaderDigest=None,CRC32C\0DataDigest="      \
						    "None\0"

static struct login_request decoded(const char *text, size_t bytes, int rc, struct err *err)
{
	unsigned char start[LOGIN_HEADER_BYTES];
	unsigned char data[LOGIN_DATA_MAX] = {0};
	struct login_request request;
	size_t whole;

	memcpy(start, header, sizeof(start));
	start[6] = (unsigned char)(bytes >> 8);
	start[7] = (unsigned char)bytes;
	memcpy(data, text, bytes);
	assert_int_equal(login_request_length(start, &whole, err), 0);
	assert_int_equal(whole % 4, 0);
	assert_int_equal(login_request_decode(start, data, whole, &request, err), rc);
	return request;
}
#define DECODED(text, rc, err) decoded(text, sizeof(text) - 1, rc, err)

static void login_request_length__is_padded(void **state)
{
	size_t bytes;

	(void)state;
	assert_int_equal(login_request_length(header, &bytes, NULL), 0);
	assert_int_equal(bytes, 432); /* 430 */
}

static void login_request_length__refuses_what_is_no_login(void **state)
{
	static const struct {
		size_t at;
		unsigned char value;
	} cases[] = {{0, 0x41}, {0, 0x23}, {4, 1}, {5, 1}, {6, 0x21}};
	unsigned char other[LOGIN_HEADER_BYTES];
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		memcpy(other, header, sizeof(other));
		other[cases[i].at] = cases[i].value;
		assert_int_equal(login_request_length(other, &bytes, &err), -EBADMSG);
		assert_string_not_equal(err_text(&err), "");
	}
}

static void login_request_decode__finds_the_names(void **state)
{
	struct login_request request =
		DECODED(TEXT("Normal", "InitiatorName=" INITIATOR, "TargetName=" TARGET), 0, NULL);

	(void)state;
	assert_string_equal(request.initiator, INITIATOR);
	assert_string_equal(request.target, TARGET);
	assert_int_equal(request.refusal, LOGIN_MOVED);
	/* A session is normal if nobody says otherwise. */
	request = DECODED("TargetName=" TARGET "\0InitiatorName=" INITIATOR "\0", 0, NULL);
	assert_string_equal(request.target, TARGET);
}

static void login_request_decode__refuses(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
		enum login_status refusal;
	} cases[] = {
#define CASE(text, refusal) {text, sizeof(text) - 1, refusal}
		CASE(TEXT("Discovery", "InitiatorName=" INITIATOR, "TargetName=" TARGET),
		     LOGIN_NO_DISCOVERY),
		CASE(TEXT("Normal", "X=1", "TargetName=" TARGET), LOGIN_PARAMETER_MISSING),
		CASE(TEXT("Normal", "InitiatorName=" INITIATOR, "XTargetName=" TARGET),
		     LOGIN_PARAMETER_MISSING),
		CASE(TEXT("Normal", "InitiatorName=" INITIATOR, "TargetName=../etc"),
		     LOGIN_MALFORMED),
		CASE("", LOGIN_PARAMETER_MISSING),
		/* The end of the name is in another message. */
		CASE("InitiatorName=" INITIATOR "\0TargetName=iqn.2026-11.org.exa",
		     LOGIN_PARAMETER_MISSING),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct login_request request =
			decoded(cases[i].text, cases[i].bytes, -EBADMSG, &err);

		assert_int_equal(request.refusal, cases[i].refusal);
		assert_string_not_equal(err_text(&err), "");
	}
}

/* RFC 7143 11.13 and 13.8, byte by byte. */
static void login_answer_redirect__bytes(void **state)
{
	static const unsigned char expected[] = {
		0x23, 0x04, 0,    0,    0, 0, 0, 28, 0x80, 0x47, 0xef, 0xaa, 0,    0,    0,    0,
		0x2b, 0xb1, 0xc7, 0x59, 0, 0, 0, 0,  0,    0,    0,    0,    0x2f, 0xbe, 0x3e, 0x32,
		0x2f, 0xbe, 0x3e, 0x32, 1, 1, 0, 0,  0,    0,    0,    0,    0,    0,    0,    0,
	};
	struct login_request request;
	unsigned char answer[LOGIN_ANSWER_MAX];

	(void)state;
	request =
		DECODED(TEXT("Normal", "InitiatorName=" INITIATOR, "TargetName=" TARGET), 0, NULL);
	assert_int_equal(login_answer_redirect(&request, "10.9.0.1:3260", answer), 48 + 28);
	assert_memory_equal(answer, expected, sizeof(expected));
	assert_memory_equal(answer + 48, "TargetAddress=10.9.0.1:3260\0", 28);
	assert_int_equal(login_answer_refuse(&request, LOGIN_UNAVAILABLE, answer), 48);
	assert_int_equal(answer[36], 3);
	assert_int_equal(answer[37], 1);
	assert_int_equal(answer[7], 0);
}

static void login_answer_redirect__has_room_for_the_longest_portal(void **state)
{
	char portal[ISCSI_PORTAL_MAX + 1];
	unsigned char answer[LOGIN_ANSWER_MAX];
	struct login_request request = {.refusal = LOGIN_MOVED};

	(void)state;
	memset(portal, '1', sizeof(portal) - 1);
	portal[ISCSI_PORTAL_MAX] = '\0';
	assert_true(login_answer_redirect(&request, portal, answer) <= LOGIN_ANSWER_MAX);
	assert_memory_equal(answer + 48 + strlen("TargetAddress="), portal, sizeof(portal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_request_length__is_padded),
		cmocka_unit_test(login_request_length__refuses_what_is_no_login),
		cmocka_unit_test(login_request_decode__finds_the_names),
		cmocka_unit_test(login_request_decode__refuses),
		cmocka_unit_test(login_answer_redirect__bytes),
		cmocka_unit_test(login_answer_redirect__has_room_for_the_longest_portal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
