/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "san/path_report.h"

static int decode(const char *text, struct path_report *ret)
{
	return path_report_decode(text, strlen(text), ret);
}

static void path_request__is_the_same_after_the_way(void **state)
{
	struct path_place places[] = {{"san1", "10.0.0.1:3260"}, {"san2", "[fd00::1]:3260"}};
	const struct path_request requests[] = {
		{.node = "node1", .timeout_ms = 5000, .ask = PATH_ASK_ALL},
		{.node = "n-2.x", .timeout_ms = 100, .ask = PATH_ASK_PORTS},
		{.node = "node1",
		 .timeout_ms = 60000,
		 .ask = PATH_ASK_SOME,
		 .portals = places,
		 .n_portals = 2},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autofree char *text = path_request_encode(&requests[i]);
		struct path_request got;

		assert_non_null(text);
		assert_int_equal(path_request_decode(text, strlen(text), &got), 0);
		assert_string_equal(got.node, requests[i].node);
		assert_int_equal(got.timeout_ms, requests[i].timeout_ms);
		assert_int_equal(got.ask, requests[i].ask);
		assert_int_equal(got.n_portals, requests[i].n_portals);
		for (size_t k = 0; k < got.n_portals; k++) {
			assert_string_equal(got.portals[k].array, places[k].array);
			assert_string_equal(got.portals[k].portal, places[k].portal);
		}
		path_request_release(&got);
	}
}

static void path_request__is_not_made_of_what_is_not_legal(void **state)
{
	(void)state;
	assert_null(path_request_encode(&(struct path_request){.node = "a b", .timeout_ms = 500}));
	assert_null(path_request_encode(&(struct path_request){.node = "", .timeout_ms = 500}));
	assert_null(path_request_encode(&(struct path_request){.node = "a", .timeout_ms = 99}));
	assert_null(path_request_encode(&(struct path_request){.node = "a", .timeout_ms = 60001}));
}

static void path_request__refuses_what_is_not_legal(void **state)
{
	static const char *const texts[] = {
		"",
		"end\n",
		"round node1 5000 all\n",
		"round node1 5000 all\nend",
		"round node1 5000 all\nend\n\n",
		"round node1 5000 all\nend\nend\n",
		"round node1 5000 none\nend\n",
		"round node1 5000 all ports\nend\n",
		"round node1 50 all\nend\n",
		"round node1 -1 all\nend\n",
		"round  5000 all\nend\n",
		"round ../x 5000 all\nend\n",
		"portal san1 10.0.0.1:3260\nend\n",
		"round node1 5000 some\nround node1 5000 some\nend\n",
		"round node1 5000 some\nportal san1 array.example:3260\nend\n",
		"round node1 5000 some\nportal sa/n1 10.0.0.1:3260\nend\n",
		"round node1 5000 some\nportal san1 10.0.0.1:3260 x\nend\n",
		"round node1 5000 some\nportal san1\nend\n",
	};
	struct path_request got;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (path_request_decode(texts[i], strlen(texts[i]), &got) != -EBADMSG) {
			fail_msg("taken: %s", texts[i]);
		}
		assert_null(got.portals);
	}
}

static void path_report__is_the_same_after_the_way(void **state)
{
	const struct path paths[] = {
		{"san1", "10.0.0.1:3260", true, PATH_UP, 812, ""},
		{"san1", "10.0.0.2:3260", true, PATH_DOWN, 0, "cannot connect: refused"},
		{"san2", "[fd00::1]:3260", false, PATH_REFUSED, 0, "login refused:  (513)"},
	};
	char line[PATH_REPORT_LINE_MAX];
	g_autoptr(GString) text = g_string_new(NULL);
	struct path_report report;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		path_report_path(&paths[i], line);
		g_string_append_printf(text, "%s\n", line);
	}
	path_report_ports("san1", NULL, line);
	g_string_append_printf(text, "%s\n", line);
	path_report_ports("san2", "array san2: no route", line);
	g_string_append_printf(text, "%s\nend\n", line);
	assert_int_equal(decode(text->str, &report), 0);
	assert_int_equal(report.n_paths, 3);
	assert_memory_equal(report.paths, paths, sizeof(paths));
	assert_int_equal(report.n_ports, 2);
	assert_true(report.ports[0].told);
	assert_false(report.ports[1].told);
	assert_string_equal(report.ports[1].reason, "array san2: no route");
	assert_false(report.failed);
	path_report_release(&report);
}

static void path_report__says_why_nothing_was_measured(void **state)
{
	char line[PATH_REPORT_LINE_MAX], text[PATH_REPORT_LINE_MAX + 8];
	struct path_report report;

	(void)state;
	path_report_failed("no\n/etc/lunmask.conf \xc3\xa9", line);
	(void)snprintf(text, sizeof(text), "%s\nend\n", line);
	assert_int_equal(decode(text, &report), 0);
	assert_true(report.failed);
	assert_string_equal(report.reason, "no?/etc/lunmask.conf ??");
	assert_int_equal(report.n_paths, 0);
	path_report_release(&report);
}

static void path_report__cuts_a_reason_that_is_too_long(void **state)
{
	struct path path = {"san1", "10.0.0.1:3260", true, PATH_DOWN, UINT32_MAX, ""};
	char line[PATH_REPORT_LINE_MAX], text[PATH_REPORT_LINE_MAX + 8];
	struct path_report report;

	(void)state;
	memset(path.array, 'a', LUN_NAME_MAX);
	memset(path.reason, 'x', PATH_REASON_MAX);
	path_report_path(&path, line);
	(void)snprintf(text, sizeof(text), "%s\nend\n", line);
	assert_int_equal(decode(text, &report), 0);
	assert_string_equal(report.paths[0].reason, path.reason);
	assert_int_equal(report.paths[0].latency_us, UINT32_MAX);
	path_report_release(&report);
}

#define GOOD "path san1 10.0.0.1:3260 configured up 5 \n"

static void path_report__is_taken_whole_or_not_at_all(void **state)
{
	static const char *const texts[] = {
		"",
		GOOD,
		GOOD "en",
		GOOD "end\n" GOOD,
		GOOD GOOD "end\n", /* twice */
		GOOD "path san1 10.0.0.2:3260 configured up 5\nend\n",
		GOOD "path san1 10.0.0.2:3260 configured well 5 \nend\n",
		GOOD "path san1 10.0.0.2:3260 perhaps up 5 \nend\n",
		GOOD "path san1 10.0.0.2:3260 configured up -5 \nend\n",
		GOOD "path san1 10.0.0.2:3260 configured up 4294967296 \nend\n",
		GOOD "path san1 10.0.0.2 configured up 5 \nend\n",
		GOOD "path san1 10.0.0.2:3260 configured up 5 a\tb\nend\n",
		GOOD "path san1 10.0.0.2:3260 configured up 5 \x80\nend\n",
		GOOD "path  10.0.0.2:3260 configured up 5 \nend\n",
		GOOD "hello\nend\n",
		GOOD "\nend\n",
		GOOD "ports san1 told\nports san1 told\nend\n",
		GOOD "ports san1 told x\nend\n",
		GOOD "ports san1 silent\nend\n",
		GOOD "ports san/1 told\nend\n",
		"failed x\n" GOOD "end\n",
		"failed\nend\n",
	};
	static char flood[PATH_REPORT_BYTES_MAX + 2];
	struct path_report report;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (decode(texts[i], &report) != -EBADMSG) {
			fail_msg("taken: %s", texts[i]);
		}
		assert_null(report.paths);
	}
	assert_int_equal(path_report_decode("end\n\0", 5, &report), -EBADMSG);
	memset(flood, '\n', sizeof(flood));
	assert_int_equal(path_report_decode(flood, sizeof(flood), &report), -EBADMSG);
}

static void path_report__has_at_most_so_many_paths(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct path_report report;

	(void)state;
	for (int i = 0; i < PATHS_MAX; i++) {
		g_string_append_printf(text, "path san1 10.0.%d.%d:3260 configured up 5 \n",
				       i / 256, i % 256);
	}
	g_string_append(text, "end\n");
	assert_int_equal(decode(text->str, &report), 0);
	assert_int_equal(report.n_paths, PATHS_MAX);
	path_report_release(&report);
	g_string_prepend(text, GOOD);
	assert_int_equal(decode(text->str, &report), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_request__is_the_same_after_the_way),
		cmocka_unit_test(path_request__is_not_made_of_what_is_not_legal),
		cmocka_unit_test(path_request__refuses_what_is_not_legal),
		cmocka_unit_test(path_report__is_the_same_after_the_way),
		cmocka_unit_test(path_report__says_why_nothing_was_measured),
		cmocka_unit_test(path_report__cuts_a_reason_that_is_too_long),
		cmocka_unit_test(path_report__is_taken_whole_or_not_at_all),
		cmocka_unit_test(path_report__has_at_most_so_many_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
