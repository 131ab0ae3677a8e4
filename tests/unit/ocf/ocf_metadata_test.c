/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocf/ocf_metadata.h"

static const char *const modes[] = {"auto", "live", NULL};

static const struct ocf_parameter parameters[] = {
	{.name = "vm", .required = true, .unique_group = "vm", .shortdesc = "s<", .longdesc = "l"},
	{.name = "a",
	 .unique_group = "both",
	 .reloadable = true,
	 .shortdesc = "s",
	 .longdesc = "l"},
	{.name = "b", .unique_group = "both", .shortdesc = "s", .longdesc = "l"},
	{.name = "mode",
	 .type = OCF_SELECT,
	 .options = modes,
	 .fallback = "auto",
	 .shortdesc = "s",
	 .longdesc = "auto or live"},
	{.name = "wait", .type = OCF_TIME, .fallback = "2s", .shortdesc = "s", .longdesc = "l"},
	{.name = "many",
	 .type = OCF_INTEGER,
	 .min = 1,
	 .max = 255,
	 .fallback = "1",
	 .shortdesc = "s",
	 .longdesc = "l"},
};
static const struct ocf_action actions[] = {
	{.name = "monitor", .timeout_s = 30, .interval_s = 60, .depth = 10},
	{.name = "reload-agent", .timeout_s = 20, .flags = OCF_ACTION_1_1},
};
static const struct ocf_agent agent = {.name = "A",
				       .version = "7",
				       .shortdesc = "short",
				       .longdesc = "long",
				       .parameters = parameters,
				       .n_parameters = 6,
				       .actions = actions,
				       .n_actions = 2};

static char text[8192];

static void write_profile(enum ocf_profile profile)
{
	FILE *stream = fmemopen(text, sizeof(text), "w");

	assert_non_null(stream);
	assert_int_equal(ocf_metadata_write(&agent, profile, stream), 0);
	fclose(stream);
}

static void assert_has(const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in:\n%s", part, text);
	}
}

static void assert_lacks(const char *part)
{
	if (strstr(text, part) != NULL) {
		fail_msg("%s in:\n%s", part, text);
	}
}

static void ocf_metadata_write__1_1_has_what_that_standard_added(void **state)
{
	(void)state;
	write_profile(OCF_PROFILE_1_1);
	assert_has("<version>1.1</version>");
	assert_has("<parameter name=\"vm\" required=\"1\" unique-group=\"vm\" reloadable=\"0\">");
	assert_has("<parameter name=\"a\" required=\"0\" unique-group=\"both\" reloadable=\"1\">");
	assert_has("<content type=\"select\" default=\"auto\">");
	assert_has("<option value=\"live\"/>");
	assert_has("<content type=\"string\" default=\"2s\"/>");
	assert_has("<action name=\"reload-agent\" timeout=\"20s\"/>");
	assert_lacks("DOCTYPE");
}

static void ocf_metadata_write__1_0_leaves_that_out(void **state)
{
	(void)state;
	write_profile(OCF_PROFILE_1_0);
	assert_has("<!DOCTYPE resource-agent");
	assert_has("SYSTEM \"ra-api-1.dtd\">");
	assert_has("<version>1.0</version>");
	assert_has("<parameter name=\"vm\" required=\"1\" unique=\"1\">");
	assert_has("<parameter name=\"a\" required=\"0\" unique=\"0\">");
	assert_has("<content type=\"string\" default=\"auto\"/>");
	assert_has("<content type=\"time\" default=\"2s\"/>");
	assert_lacks("reload");
	assert_lacks("option");
	assert_lacks("unique-group");
}

static void ocf_metadata_write__is_the_same_otherwise(void **state)
{
	(void)state;
	for (int profile = OCF_PROFILE_1_0; profile <= OCF_PROFILE_1_1; profile++) {
		write_profile((enum ocf_profile)profile);
		assert_has("<?xml version=\"1.0\"?>\n");
		assert_has("<resource-agent name=\"A\" version=\"7\">");
		assert_has("<shortdesc lang=\"en\">s&lt;</shortdesc>");
		assert_has("<longdesc lang=\"en\">l\nA whole number from 1 to 255.</longdesc>");
		assert_has("<content type=\"integer\" default=\"1\"/>");
		assert_has(
			"<action name=\"monitor\" timeout=\"30s\" interval=\"60s\" depth=\"10\"/>");
	}
}

static void ocf_metadata_write__reports_a_full_stream(void **state)
{
	FILE *stream = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(stream);
	setvbuf(stream, NULL, _IONBF, 0);
	assert_int_equal(ocf_metadata_write(&agent, OCF_PROFILE_1_1, stream), -EIO);
	fclose(stream);
}

static void ocf_metadata_profile__is_what_the_caller_understands(void **state)
{
	static const struct {
		const char *major, *minor;
		enum ocf_profile profile;
	} cases[] = {{"1", "1", OCF_PROFILE_1_1}, {"1", "2", OCF_PROFILE_1_1},
		     {"2", "0", OCF_PROFILE_1_1}, {"1", "0", OCF_PROFILE_1_0},
		     {"", "", OCF_PROFILE_1_0},   {"x", "y", OCF_PROFILE_1_0}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		setenv("OCF_RA_VERSION_MAJOR", cases[i].major, 1);
		setenv("OCF_RA_VERSION_MINOR", cases[i].minor, 1);
		assert_int_equal(ocf_metadata_profile(), cases[i].profile);
	}
	unsetenv("OCF_RA_VERSION_MAJOR");
	unsetenv("OCF_RA_VERSION_MINOR");
	assert_int_equal(ocf_metadata_profile(), OCF_PROFILE_1_0);
}

static void ocf_metadata_write_help__names_everything(void **state)
{
	FILE *stream = fmemopen(text, sizeof(text), "w");

	(void)state;
	ocf_metadata_write_help(&agent, stream);
	fclose(stream);
	assert_has("monitor        timeout 30s, interval 60s, OCF_CHECK_LEVEL=10");
	assert_has("vm: s< (required)");
	assert_has("mode: s (default: auto)\n        auto or live\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocf_metadata_write__1_1_has_what_that_standard_added),
		cmocka_unit_test(ocf_metadata_write__1_0_leaves_that_out),
		cmocka_unit_test(ocf_metadata_write__is_the_same_otherwise),
		cmocka_unit_test(ocf_metadata_write__reports_a_full_stream),
		cmocka_unit_test(ocf_metadata_profile__is_what_the_caller_understands),
		cmocka_unit_test(ocf_metadata_write_help__names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
