/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/settings.h"

static int parse(const char *text, struct settings *ret, struct err *err)
{
	return settings_parse(text, strlen(text), "j.conf", ret, err);
}

static void settings_parse__has_defaults(void **state)
{
	struct settings settings;

	(void)state;
	assert_int_equal(parse("", &settings, NULL), 0);
	assert_false(settings.allow_unencrypted);
	assert_true(settings.solo_after_fencing);
	assert_false(settings.debug);
	assert_int_equal(settings.paths.interval_ms, 30000);
	assert_int_equal(settings.paths.timeout_ms, 5000);
	assert_int_equal(parse("# nothing\n[journal]\n", &settings, NULL), 0);
	assert_true(settings.solo_after_fencing);
}

/* Each key is there, with its default: without the '#', nothing changes. */
static void settings_parse__takes_the_file_that_is_installed(void **state)
{
	g_autofree char *text = NULL;
	struct settings defaults, settings;
	struct err err = ERR_INIT;
	char *key;

	(void)state;
	memset(&defaults, 0, sizeof(defaults)); /* with what is between the members */
	memset(&settings, 0, sizeof(settings));
	assert_true(g_file_get_contents(CONF "/journal.conf", &text, NULL, NULL));
	assert_int_equal(parse("", &defaults, NULL), 0);
	assert_int_equal(parse(text, &settings, NULL), 0);
	for (key = strstr(text, "[journal]"); (key = strchr(key, '#')) != NULL;) {
		*key = ' ';
	}
	if (parse(text, &settings, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_memory_equal(&settings, &defaults, sizeof(settings));
}

/* An older lunmaskd refuses a section that it does not know: after a downgrade it has this file. */
static void settings_parse__an_older_one_takes_the_file_that_is_installed(void **state)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	(void)state;
	assert_true(g_file_get_contents(CONF "/journal.conf", &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		if (**line != '#' && **line != '\0') {
			assert_string_equal(*line, "[journal]");
		}
	}
}

static void settings_parse__takes_each_key(void **state)
{
	struct settings settings;

	(void)state;
	assert_int_equal(parse("[journal]\nallow_unencrypted = yes\nsolo_after_fencing=no\n"
			       "debug = yes\n",
			       &settings, NULL),
			 0);
	assert_true(settings.allow_unencrypted);
	assert_false(settings.solo_after_fencing);
	assert_true(settings.debug);
	assert_int_equal(parse("[paths]\ninterval = 2min\ntimeout=1500ms\n", &settings, NULL), 0);
	assert_int_equal(settings.paths.interval_ms, 120000);
	assert_int_equal(settings.paths.timeout_ms, 1500);
	assert_int_equal(parse("[paths]\ninterval = 10min\ntimeout=1min\n", &settings, NULL), 0);
	assert_int_equal(settings.paths.interval_ms, 600000);
	assert_int_equal(settings.paths.timeout_ms, 60000);
}

static void settings_parse__refuses_and_says_what_and_where(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"[jornal]\n",
		 "j.conf: line 1: there is no section [jornal]; legal are: [journal], [paths]"},
		{"[journal]\ndebg = yes\n", "there is no key 'debg'; legal are: allow_unencrypted"},
		{"[journal]\ndebug = true\n", "[journal] debug: 'true' is not legal: yes, or no"},
		{"[journal]\ndebug =\n", "[journal] debug: '' is not legal"},
		{"[journal]\ndebug=yes\ndebug=no\n", "the key 'debug' is there twice"},
		{"debug = yes\n", "line 1"},
		{"[journal]\ndebug = yes\n[journal]\n", "[journal] is there twice"},
		{"[paths]\ninterval = 30\n",
		 "line 2: [paths] interval: '30' is not legal: a whole number with its unit, ms, s "
		 "or min, from 1s to 10min"},
		{"[paths]\ninterval = s\n", "'s' is not legal"},
		{"[paths]\ninterval = -5s\n", "'-5s' is not legal"},
		{"[paths]\ninterval = 5 s\n", "'5 s' is not legal"},
		{"[paths]\ninterval = 999ms\n", "'999ms' is not legal"},
		{"[paths]\ninterval = 601s\n", "'601s' is not legal"},
		{"[paths]\ninterval = 4294967297min\n", "is not legal"},
		{"[paths]\ninterval = 99999999999999999999s\n", "is not legal"},
		{"[paths]\ntimeout = 99ms\n", "from 100ms to 1min"},
		{"[paths]\ninterval = 5s\n",
		 "[paths]: timeout is 5000 ms and interval 5000 ms: timeout has to be less"},
	};
	struct settings settings;
	struct err err;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_int_equal(parse(cases[i].text, &settings, &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), cases[i].says));
	}
}

static void settings_parse__refuses_a_zero_byte_and_too_much(void **state)
{
	static char big[SETTINGS_FILE_MAX_BYTES + 1];
	struct settings settings;

	(void)state;
	memset(big, '\n', sizeof(big));
	assert_int_equal(settings_parse("#\0", 2, "j.conf", &settings, NULL), -EINVAL);
	assert_int_equal(settings_parse(big, sizeof(big), "j.conf", &settings, NULL), -EINVAL);
	assert_int_equal(settings_parse(big, sizeof(big) - 1, "j.conf", &settings, NULL), 0);
}

static void settings_load__wants_a_named_file_that_nobody_else_can_write(void **state)
{
	char path[] = "/tmp/settings_test.XXXXXX";
	int fd = mkstemp(path);
	struct settings settings;
	struct err err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[journal]\ndebug = yes\n", 22), 22);
	assert_int_equal(settings_load(path, &settings, NULL), 0);
	assert_true(settings.debug);
	assert_int_equal(fchmod(fd, 0620), 0);
	assert_int_equal(settings_load(path, &settings, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "its mode is 0620; use chmod 0600"));
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(settings_load(path, &settings, &err), -ENOENT);
	assert_int_equal(settings_load("/tmp", &settings, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_parse__has_defaults),
		cmocka_unit_test(settings_parse__takes_the_file_that_is_installed),
		cmocka_unit_test(settings_parse__an_older_one_takes_the_file_that_is_installed),
		cmocka_unit_test(settings_parse__takes_each_key),
		cmocka_unit_test(settings_parse__refuses_and_says_what_and_where),
		cmocka_unit_test(settings_parse__refuses_a_zero_byte_and_too_much),
		cmocka_unit_test(settings_load__wants_a_named_file_that_nobody_else_can_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
