/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/check/doctor_peer.h"

static struct doctor_facts facts_make(void)
{
	struct doctor_facts facts = {.node = "node2", .version = "0.1.0"};

	(void)strcpy(facts.config.digest, "abc");
	(void)strcpy(facts.key.id.text, "0123456789abcdef");
	return facts;
}

/* What one node prints, another reads. */
static void doctor_peer_decode__reads_what_doctor_json_writes(void **state)
{
	struct doctor_facts facts = facts_make();
	struct doctor_report report = {0}, read = {0};
	struct doctor_peer peer = {.node = "node2", .address = "192.0.2.2"};
	json_t *json;
	char *text;

	(void)state;
	doctor_report_add(&report, DOCTOR_PASS, "node2", "config", NULL, NULL, NULL);
	doctor_report_add(&report, DOCTOR_FAIL, "node2", "lunmaskd", "it does not run", "because",
			  "start it");
	json = doctor_json(&facts, &report, 10, 20);
	text = json_dumps(json, 0);
	assert_int_equal(doctor_peer_decode(text, strlen(text), &peer, NULL), 0);
	assert_string_equal(peer.version, "0.1.0");
	assert_string_equal(peer.config, "abc");
	assert_string_equal(peer.key, "0123456789abcdef");
	assert_int_equal(peer.began_ms, 10);
	assert_int_equal(peer.ended_ms, 20);
	doctor_peer_add(&peer, &read);
	assert_int_equal(read.n, 2);
	assert_int_equal(read.counts[DOCTOR_PASS], 1);
	assert_int_equal(read.rows[1].level, DOCTOR_FAIL);
	assert_string_equal(read.rows[1].what, "it does not run");
	assert_string_equal(read.rows[1].why, "because");
	assert_string_equal(read.rows[1].mend, "start it");
	doctor_report_release(&read);
	doctor_report_release(&report);
	json_decref(peer.checks);
	json_decref(json);
	free(text);
}

static void doctor_peer_decode__refuses_what_is_no_report(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{"", -EPROTO},
		{"[]", -EPROTO},
		{"{\"node\": \"node2\"}", -EPROTO},
		{"{\"node\": \"node2\", \"lunmask\": \"a\\nb\", \"config_sha256\": \"\", "
		 "\"cluster_id\": \"\", \"began_ms\": 1, \"ended_ms\": 2, \"checks\": []}",
		 -EPROTO},
		{"{\"node\": \"node2\", \"lunmask\": \"1\", \"config_sha256\": \"\", "
		 "\"cluster_id\": \"\", \"began_ms\": 1, \"ended_ms\": 2, \"checks\": {}}",
		 -EPROTO},
		{"{\"node\": \"node3\", \"lunmask\": \"1\", \"config_sha256\": \"\", "
		 "\"cluster_id\": \"\", \"began_ms\": 1, \"ended_ms\": 2, \"checks\": []}",
		 -EADDRNOTAVAIL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct doctor_peer peer = {.node = "node2", .address = "192.0.2.2"};
		struct err err = ERR_INIT;

		assert_int_equal(
			doctor_peer_decode(cases[i].text, strlen(cases[i].text), &peer, &err),
			cases[i].rc);
		assert_null(peer.checks);
		assert_true(err.text[0] != '\0');
	}
}

/* A row of a later release, or a broken one, never passes; a terminal's codes are not printed. */
static void doctor_peer_add__believes_no_row_that_it_cannot_read(void **state)
{
	struct doctor_peer peer = {.node = "node2"};
	struct doctor_report report = {0};

	(void)state;
	peer.checks =
		json_loads("[1, {}, {\"level\": \"GREAT\", \"check\": \"x\"}, "
			   "{\"level\": \"FAIL\", \"check\": \"y\", \"what\": \"\\u001b[2J\"}]",
			   0, NULL);
	assert_non_null(peer.checks);
	doctor_peer_add(&peer, &report);
	assert_int_equal(report.n, 4);
	assert_int_equal(report.counts[DOCTOR_UNKNOWN], 3);
	assert_int_equal(report.counts[DOCTOR_FAIL], 1);
	assert_string_equal(report.rows[3].what, "its answer cannot be read");
	doctor_report_release(&report);
	json_decref(peer.checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_peer_decode__reads_what_doctor_json_writes),
		cmocka_unit_test(doctor_peer_decode__refuses_what_is_no_report),
		cmocka_unit_test(doctor_peer_add__believes_no_row_that_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
