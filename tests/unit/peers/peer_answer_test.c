/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_answer.h"
#include "peers/peer_body.h"
#include "san/iscsi.h"
#include "san/peer_probe.h"

#define URI "test:///default" /* it has a domain `test`, which runs */

static void answer_get(enum journal_ask_kind kind, const char *body, const char *uri,
		       struct peer_reply *ret)
{
	const struct journal_ask_request request = {
		.kind = kind, .timeout_ms = TEST_LIMIT_MS, .body = body, .bytes = strlen(body)};
	char *text = peer_answer(&request, uri);

	assert_non_null(text);
	if (peer_reply_decode(text, strlen(text), ret, NULL) != 0) {
		fail_msg("%s", text);
	}
	free(text);
}

static void peer_answer__says_how_a_domain_is(void **state)
{
	struct peer_reply reply;

	(void)state;
	answer_get(JOURNAL_ASK_DOMAIN, "{\"vm\":\"test\"}", URI, &reply);
	assert_int_equal(reply.rc, 0);
	assert_int_equal(reply.state, DOMAIN_RUNNING);
	assert_non_null(strchr(reply.host, ' '));
	answer_get(JOURNAL_ASK_DOMAIN, "{\"vm\":\"lunmask-none\"}", URI, &reply);
	assert_int_equal(reply.rc, 0);
	assert_int_equal(reply.state, DOMAIN_ABSENT);
}

static void peer_answer__says_why_it_cannot_look(void **state)
{
	struct peer_reply reply;

	(void)state;
	answer_get(JOURNAL_ASK_DOMAIN, "{}", URI, &reply);
	assert_int_equal(reply.rc, -EINVAL);
	answer_get(JOURNAL_ASK_PREFLIGHT, "{\"vm\":\"lunmask-none\"}", URI, &reply);
	assert_int_equal(reply.rc, -EINVAL);
	assert_non_null(strstr(reply.text, "'definition'"));
	answer_get(JOURNAL_ASK_DOMAIN, "{\"vm\":\"test\"}", "qemu+unix:///system?socket=/nowhere/s",
		   &reply);
	assert_int_equal(reply.rc, -ECONNREFUSED);
	assert_string_equal(reply.host, "");
}

static void peer_answer__refuses_a_domain_that_is_there(void **state)
{
	struct peer_reply reply;

	(void)state;
	answer_get(JOURNAL_ASK_PREFLIGHT, "{\"vm\":\"test\",\"definition\":\"<domain/>\"}", URI,
		   &reply);
	assert_int_equal(reply.rc, -EEXIST);
	assert_non_null(strstr(reply.text, "running already"));
	answer_get(JOURNAL_ASK_PREFLIGHT, "{\"vm\":\"lunmask-none\",\"definition\":\"<domain/>\"}",
		   URI, &reply);
	assert_int_equal(reply.rc, -EINVAL); /* no memory */
}

static void peer_answer__verifies_as_the_probe_does(void **state)
{
	static const char good[] =
		"{\"initiator\":\"iqn.2026-11.org.example:n2\",\"portals\":[\"127.0.0.1:1\"],"
		"\"paths_required\":0,\"timeout_ms\":5000,\"luns\":[{\"name\":\"a\","
		"\"designator\":\"naa.60014050000000000000000000000001\",\"size_bytes\":512,"
		"\"target\":\"iqn.2026-11.org.example:san\",\"number\":1}]}";
	struct journal_ask_request request = {
		.kind = JOURNAL_ASK_VERIFY, .timeout_ms = TEST_LIMIT_MS, .body = "{}", .bytes = 2};
	struct iscsi_portals portals;
	struct err err = ERR_INIT;
	char *text = peer_answer(&request, URI);

	(void)state;
	assert_int_equal(peer_probe_answer_decode(text, strlen(text), 0, &portals, &err), -EINVAL);
	free(text);
	request.body = good;
	request.bytes = strlen(good);
	text = peer_answer(&request, URI); /* nobody listens there */
	assert_int_not_equal(peer_probe_answer_decode(text, strlen(text), 1, &portals, &err), 0);
	assert_int_equal(portals.n_good, 0);
	assert_non_null(strstr(err_text(&err),
			       iscsi_supported(NULL) == 0 ? "127.0.0.1:1" : "without libiscsi"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_answer__says_how_a_domain_is),
		cmocka_unit_test(peer_answer__says_why_it_cannot_look),
		cmocka_unit_test(peer_answer__refuses_a_domain_that_is_there),
		cmocka_unit_test(peer_answer__verifies_as_the_probe_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
