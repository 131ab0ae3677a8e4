/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_ask.h"
#include "tests/unit/support/undo.h"

#define DEFINITION                                                                                 \
	"<domain type='kvm' "                                                                      \
	"xmlns:q='http://example.org/q'><name>web1</name><memory>65536</memory>"                   \
	"<metadata><a/></metadata><cpu mode='custom'><model>x</model></cpu>"                       \
	"<os><type arch='x86_64' machine='q35'>hvm</type><loader>/x</loader></os><devices>"        \
	"<emulator>/usr/bin/qemu</emulator><disk><auth/></disk>"                                   \
	"<memory model='dimm'/><graphics passwd='secret'/></devices><q:x/></domain>"

static int setup(void **state)
{
	(void)state;
	journal_fake_reset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	journal_fake_release();
	return 0;
}

static struct deadline soon(void)
{
	return deadline_in(TEST_LIMIT_MS);
}

static const struct peer_needs needs = {.tpm = true};

static void ask__of_a_definition_sends_what_is_looked_at_only(void **state)
{
	struct peer_reply reply;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_PREFLIGHT] = "{\"ok\":true,\"host\":\"node2 -\"}";
	assert_int_equal(
		peer_ask_preflight("node2", "web1", DEFINITION, &needs, soon(), &reply, NULL), 0);
	assert_int_equal(reply.rc, 0);
	assert_string_equal(reply.host, "node2 -");
	for (const char *const *gone =
		     (const char *const[]){"secret", "disk", "metadata", "q:x", NULL};
	     *gone != NULL; gone++) {
		assert_null(strstr(journal_fake.question, *gone));
	}
	for (const char *const *kept =
		     (const char *const[]){"emulator", "dimm", "65536", "q35", "<model>x",
					   "\"flash\":false,\"tpm\":true", NULL};
	     *kept != NULL; kept++) {
		assert_non_null(strstr(journal_fake.question, *kept));
	}
}

/* What says something about the domain is an answer; what says that nobody could look is none. */
static void ask__tells_a_verdict_from_no_answer(void **state)
{
	static const struct {
		const char *answer;
		int rc, verdict;
	} cases[] = {
		{NULL, -EOPNOTSUPP, 0},
		{"garbage", -EPROTO, 0},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"ENOSPC\"}", 0,
		 -ENOSPC},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"EEXIST\"}", 0,
		 -EEXIST},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"ENOTSUP\"}", 0,
		 -ENOTSUP},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"EIO\"}", 0, -EIO},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"ECONNREFUSED\"}",
		 -ECONNREFUSED, 0},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"ETIMEDOUT\"}",
		 -ETIMEDOUT, 0},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"EINVAL\"}", -EINVAL,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct peer_reply reply;
		struct err err = ERR_INIT;

		journal_fake.answers[JOURNAL_ASK_PREFLIGHT] = cases[i].answer;
		assert_int_equal(peer_ask_preflight("node2", "web1", DEFINITION, &needs, soon(),
						    &reply, &err),
				 cases[i].rc);
		if (cases[i].rc == 0) {
			assert_int_equal(reply.rc, cases[i].verdict);
			assert_string_equal(reply.text, "e");
		} else {
			assert_true(strlen(err_text(&err)) > 0);
		}
	}
}

/* An error there is never taken for a domain that is not there. */
static void ask__of_a_domain_gives_its_state_or_none(void **state)
{
	static const struct {
		const char *answer;
		int rc;
	} cases[] = {
		{"{\"ok\":true,\"host\":\"\",\"state\":\"LOST\"}", 0},
		{"{\"ok\":true,\"host\":\"\"}", -EPROTO},
		{"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"EIO\"}", -EIO},
		{NULL, -EOPNOTSUPP},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct peer_reply reply = {.state = DOMAIN_ABSENT};

		journal_fake.answers[JOURNAL_ASK_DOMAIN] = cases[i].answer;
		assert_int_equal(peer_ask_domain("node2", "web1", soon(), &reply, NULL),
				 cases[i].rc);
		if (cases[i].rc == 0) {
			assert_int_equal(reply.state, DOMAIN_LOST);
		}
	}
	journal_fake.absent = true;
	{
		struct peer_reply reply;
		struct err err = ERR_INIT;

		assert_int_equal(peer_ask_domain("node2", "web1", soon(), &reply, &err), -ENOTCONN);
		assert_non_null(strstr(err_text(&err), "no answer of node2"));
	}
}

static int verify(const char *answer, int *ret_rc, struct iscsi_portals *ret, struct err *err)
{
	static const char *const portals[] = {"10.0.0.1:3260", "10.0.1.1:3260"};
	static const struct lun luns[] = {{.name = "a",
					   .designator = "naa.60014050000000000000000000000001",
					   .size_bytes = 512,
					   .target = "iqn.2026-11.org.example:san"}};
	const struct peer_probe_request request = {.node = "node2",
						   .initiator = "iqn.2026-11.org.example:n2",
						   .portals = portals,
						   .n_portals = 2,
						   .luns = luns,
						   .n_luns = 1};

	journal_fake.answers[JOURNAL_ASK_VERIFY] = answer;
	*ret_rc = 0;
	return peer_ask_verify("node2", &request, soon(), ret, ret_rc, err);
}

static void ask__of_luns_gives_the_portals_that_are_good(void **state)
{
	struct iscsi_portals portals;
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	assert_int_equal(
		verify("{\"ok\":true,\"paths\":1,\"portals\":[false,true]}", &rc, &portals, &err),
		0);
	assert_int_equal(rc, 0);
	assert_int_equal(portals.n_good, 1);
	assert_true(portals.good[1]);
	assert_null(strstr(journal_fake.question, "\"node\""));
	assert_int_equal(verify("{\"ok\":false,\"paths\":0,\"portals\":[false,false],"
				"\"error\":\"another volume\",\"errno_name\":\"EUCLEAN\"}",
				&rc, &portals, &err),
			 0);
	assert_int_equal(rc, -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "another volume"));
}

static void ask__of_luns_counts_no_portal_without_an_answer(void **state)
{
	static const char *const answers[] = {
		NULL,
		"garbage",
		"{\"ok\":true,\"paths\":2,\"portals\":[true]}",
		"{\"ok\":true,\"paths\":2,\"portals\":[true,false]}",
		"{\"ok\":false,\"paths\":1,\"portals\":[true,false],\"error\":\"no JSON\","
		"\"errno_name\":\"EINVAL\"}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		struct iscsi_portals portals = {.n_good = 2};
		int rc;

		assert_true(verify(answers[i], &rc, &portals, NULL) < 0);
		assert_int_equal(portals.n_good, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ask__of_a_definition_sends_what_is_looked_at_only),
		TEST(ask__tells_a_verdict_from_no_answer),
		TEST(ask__of_a_domain_gives_its_state_or_none),
		TEST(ask__of_luns_gives_the_portals_that_are_good),
		TEST(ask__of_luns_counts_no_portal_without_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
