/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/usage.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define WORDS_MAX 8
#define LINE_MAX_CHARACTERS 80

static gboolean foreground;
static char *file;
static int seconds;

static const GOptionEntry rows[] = {
	{"foreground", 'f', 0, G_OPTION_ARG_NONE, &foreground, "log to standard error", NULL},
	{"config", 'c', 0, G_OPTION_ARG_FILENAME, &file, "the settings", "FILE"},
	{"timeout", 't', 0, G_OPTION_ARG_INT, &seconds, "time limit", "SECONDS"},
	{0},
};

static struct usage usage;
static char out[4096], wrong[4096];
static char **words;

static int setup(void **state)
{
	(void)state;
	foreground = FALSE;
	g_free(file);
	file = NULL;
	g_strfreev(words);
	words = NULL;
	usage = (struct usage){.name = "program deed",
			       .words = USAGE_WORDS,
			       .word = "VM",
			       .summary = "Does the deed.",
			       .text = "More of it.",
			       .rows = rows};
	return 0;
}

/* What is written to the descriptor while the function runs. */
static void captured_read(int fd, int kept, FILE *elsewhere, char *ret)
{
	size_t bytes;

	assert_true(dup2(kept, fd) >= 0);
	(void)close(kept);
	rewind(elsewhere);
	bytes = fread(ret, 1, sizeof(out) - 1, elsewhere);
	ret[bytes] = '\0';
	(void)fclose(elsewhere);
}

static enum usage_end parse(const char *first, const char *second, const char *third)
{
	char *argv[] = {"program", (char *)(uintptr_t)first, (char *)(uintptr_t)second,
			(char *)(uintptr_t)third, NULL};
	int argc = 1 + (first != NULL) + (second != NULL) + (third != NULL);
	FILE *files[] = {tmpfile(), tmpfile()};
	int kept[2];
	enum usage_end end;

	for (int i = 0; i < 2; i++) {
		assert_non_null(files[i]);
		kept[i] = dup(i + 1);
		assert_true(dup2(fileno(files[i]), i + 1) >= 0);
	}
	end = usage_parse(&usage, argc, argv, &words);
	(void)fflush(stdout);
	(void)fflush(stderr);
	captured_read(1, kept[0], files[0], out);
	captured_read(2, kept[1], files[1], wrong);
	return end;
}

static void usage_parse__takes_options_and_words_in_any_order(void **state)
{
	(void)state;
	assert_int_equal(parse("one", "--config=a file", "-f"), USAGE_CONTINUE);
	assert_true(foreground);
	assert_string_equal(file, "a file");
	assert_string_equal(words[0], "one");
	assert_null(words[1]);
	assert_string_equal(out, "");
	assert_string_equal(wrong, "");
	(void)setup(NULL);
	assert_int_equal(parse("-t", "7", NULL), USAGE_CONTINUE);
	assert_int_equal(seconds, 7);
	assert_null(words);
}

static void usage_parse__takes_what_follows_a_double_dash_as_words(void **state)
{
	(void)state;
	assert_int_equal(parse("--", "-f", "-"), USAGE_CONTINUE);
	assert_false(foreground);
	assert_string_equal(words[0], "-f");
	assert_string_equal(words[1], "-");
	assert_null(words[2]);
}

static void usage_parse__takes_text_that_is_no_utf8(void **state)
{
	(void)state;
	assert_int_equal(parse("-c", "\xff\xfe", NULL), USAGE_CONTINUE);
	assert_string_equal(file, "\xff\xfe");
}

static void usage_parse__names_what_it_refuses(void **state)
{
	static const struct {
		const char *words[2];
		const char *named;
	} cases[] = {
		{{"--foreground=no"}, "--foreground=no"},
		{{"--bogus"}, "--bogus"},
		{{"--conf", "x"}, "--conf"},
		{{"-x"}, "-x"},
		{{"--config"}, "--config"},
		{{"-t", "x"}, "x"},
		{{"--timeout=7x"}, "7x"},
		{{"-t", "99999999999"}, "99"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		(void)setup(NULL);
		assert_int_equal(parse(cases[i].words[0], cases[i].words[1], NULL), USAGE_WRONG);
		assert_non_null(strstr(wrong, cases[i].named));
		assert_non_null(strstr(wrong, "program deed: "));
		assert_non_null(strstr(wrong, "; see program deed --help\n"));
		assert_null(words);
	}
}

static void usage_parse__counts_words(void **state)
{
	(void)state;
	usage.words = USAGE_NO_WORD;
	assert_int_equal(parse("web1", NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, "'web1'"));
	usage.words = USAGE_WORD_NEEDED;
	assert_int_equal(parse(NULL, NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, "VM is missing"));
	usage.words = USAGE_WORD_OPTIONAL;
	assert_int_equal(parse("web1", "web2", NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, "'web2'"));
	assert_int_equal(parse(NULL, NULL, NULL), USAGE_CONTINUE);
	assert_null(words);
}

static void usage_parse__counts_two_words(void **state)
{
	(void)state;
	usage.words = USAGE_TWO_WORDS;
	usage.word = "VM FILE";
	assert_int_equal(parse(NULL, NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, ": VM is missing"));
	assert_int_equal(parse("web1", NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, ": FILE is missing"));
	assert_int_equal(parse("web1", "a", "b"), USAGE_WRONG);
	assert_non_null(strstr(wrong, "'b'"));
	assert_int_equal(parse("web1", "a", NULL), USAGE_CONTINUE);
	assert_string_equal(words[1], "a");
	(void)setup(NULL);
	usage.words = USAGE_WORD_OR_TWO;
	usage.word = "VM [FILE]";
	assert_int_equal(parse(NULL, NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, ": VM is missing"));
	assert_int_equal(parse("web1", NULL, NULL), USAGE_CONTINUE);
	assert_null(words[1]);
}

static void usage_parse__counts_three_words(void **state)
{
	(void)state;
	usage.words = USAGE_THREE_WORDS;
	usage.word = "VM DRIVE SIZE";
	assert_int_equal(parse("web1", NULL, NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, ": DRIVE is missing"));
	assert_int_equal(parse("web1", "vda", NULL), USAGE_WRONG);
	assert_non_null(strstr(wrong, ": SIZE is missing"));
	assert_int_equal(parse("web1", "vda", "1GiB"), USAGE_CONTINUE);
	assert_string_equal(words[2], "1GiB");
}

static void usage_parse__help_names_every_option_within_80_columns(void **state)
{
	char *line;

	(void)state;
	assert_int_equal(parse("--help", NULL, NULL), USAGE_HELP);
	assert_string_equal(wrong, "");
	assert_non_null(strstr(out, "program deed"));
	assert_non_null(strstr(out, "[VM...]"));
	assert_non_null(strstr(out, "Does the deed."));
	assert_non_null(strstr(out, "More of it."));
	assert_non_null(strstr(out, "-c, --config=FILE"));
	assert_non_null(strstr(out, "-h, --help"));
	assert_non_null(strstr(out, "-V, --version"));
	for (line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		assert_true(strlen(line) <= LINE_MAX_CHARACTERS);
	}
}

static void usage_parse__version_is_the_programs(void **state)
{
	(void)state;
	assert_int_equal(parse("-V", NULL, NULL), USAGE_VERSION);
	assert_string_equal(out, "program " PACKAGE_VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(usage_parse__takes_options_and_words_in_any_order, setup),
		cmocka_unit_test_setup(usage_parse__takes_what_follows_a_double_dash_as_words,
				       setup),
		cmocka_unit_test_setup(usage_parse__takes_text_that_is_no_utf8, setup),
		cmocka_unit_test(usage_parse__names_what_it_refuses),
		cmocka_unit_test_setup(usage_parse__counts_words, setup),
		cmocka_unit_test_setup(usage_parse__counts_two_words, setup),
		cmocka_unit_test_setup(usage_parse__counts_three_words, setup),
		cmocka_unit_test_setup(usage_parse__help_names_every_option_within_80_columns,
				       setup),
		cmocka_unit_test_setup(usage_parse__version_is_the_programs, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
