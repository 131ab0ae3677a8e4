/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ocf/ocf_man.h"

static const struct ocf_parameter parameters[] = {
	{.name = "vm",
	 .required = true,
	 .shortdesc = ".dot first",
	 .longdesc = "one\n'two a\\b allow-migrate"},
	{.name = "mode", .fallback = "a-b", .reloadable = true, .shortdesc = "s", .longdesc = "l"},
};
static const struct ocf_action actions[] = {
	{.name = "monitor", .timeout_s = 30, .interval_s = 60, .depth = 10},
	{.name = "meta-data", .timeout_s = 5},
};
static const struct ocf_agent agent = {.name = "A",
				       .version = "7",
				       .date = "2026-01-02",
				       .shortdesc = "short",
				       .longdesc = "long\nlonger",
				       .parameters = parameters,
				       .n_parameters = 2,
				       .actions = actions,
				       .n_actions = 2};

static char text[8192];

static int page_write(void **state)
{
	FILE *stream = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(stream);
	assert_int_equal(ocf_man_write(&agent, stream), 0);
	fclose(stream);
	return 0;
}

static void assert_has(const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in:\n%s", part, text);
	}
}

static void ocf_man_write__takes_away_what_text_means_to_roff(void **state)
{
	(void)state;
	assert_has("\n\\&.dot first\n");
	assert_has("\none\n.br\n\\&'two a\\eb allow\\-migrate\n");
	assert_has("\nlong\n.PP\nlonger\n");
}

static void ocf_man_write__has_the_rows(void **state)
{
	(void)state;
	assert_has(" 7 \"2026-01-02\" \"lunmask 7\" ");
	assert_has(".TP\n.B vm\n");
	assert_has("(\\fIstring\\fR, required)");
	assert_has("(\\fIstring\\fR, default \\fBa\\-b\\fR, changed without restart)");
	assert_has(".B monitor\ntimeout 30 s, interval 60 s, OCF_CHECK_LEVEL=10\n");
	assert_has(".B meta\\-data\ntimeout 5 s\n");
}

static void ocf_man_write__examples_are_made_of_the_rows(void **state)
{
	(void)state;
	assert_has("primitive \\fIID\\fR ocf:lunmask:A \\e\n    params vm=\\fIVALUE\\fR \\e\n"
		   "    op monitor interval=60s timeout=30s OCF_CHECK_LEVEL=10\n.fi\n");
	assert_has("create \\fIID\\fR ocf:lunmask:A \\e\n    vm=\\fIVALUE\\fR \\e\n");
	assert_null(strstr(text, "op meta"));
}

static void ocf_man_write__full_stream_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(ocf_man_write(&agent, full), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocf_man_write__takes_away_what_text_means_to_roff),
		cmocka_unit_test(ocf_man_write__has_the_rows),
		cmocka_unit_test(ocf_man_write__examples_are_made_of_the_rows),
		cmocka_unit_test(ocf_man_write__full_stream_is_an_error),
	};

	return cmocka_run_group_tests(tests, page_write, NULL);
}
