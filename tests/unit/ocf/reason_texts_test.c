/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <ctype.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "ocf/ocf_reason.h"

/*
 * Every text of the sources that can become an exit reason, with the longest names that are legal,
 * as a failed step tells it: it fits, and has the step, how it failed, and what to do. A text that
 * does not is to be said in fewer words, or its advice begins with a verb that ocf_reason.c lacks.
 */
#define STEP "takeover: " /* the longest name of a step */
#define SAME 16           /* characters of a clause that must be left */
#define PIECES_MAX 8

static const char *const rooms[] = {"lib", "ocf", "agent", "driver"};
static const char *const setters[] = {"err_set", "err_prefix", "fault_set"};
static size_t texts, wrong;

/* The string literals of a call's arguments before the first argument that is none. */
static const char *literals_read(const char *c, GString *ret)
{
	int depth = 1;
	bool begun = false;

	while (depth > 0 && *c != '\0') {
		if (*c == '"') {
			begun = true;
			for (c++; *c != '"'; c++) {
				c += *c == '\\' ? 1 : 0;
				g_string_append_c(ret, *c == 'n' && c[-1] == '\\' ? ' ' : *c);
			}
		} else if (begun && *c == ',' && depth == 1) {
			return c;
		} else if (begun && g_str_has_prefix(c, "PRI")) {
			g_string_append_c(ret,
					  'd'); /* ends the conversion that the literal began */
		} else {
			depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
		}
		c++;
	}
	return c;
}

/* What the conversions stand for, at their longest. */
static void longest_make(const char *format, GString *ret)
{
	while (*format != '\0') {
		int precision = 63;

		if (*format != '%' || format[1] == '%') {
			g_string_append_c(ret, *format);
			format += *format == '%' ? 2 : 1;
			continue;
		}
		for (format++; *format != '\0' && strchr("sdiuxoXc", *format) == NULL; format++) {
			precision = *format == '.' && isdigit((unsigned char)format[1])
					    ? (int)g_ascii_strtoull(format + 1, NULL, 10)
					    : precision;
		}
		for (int i = 0; *format == 's' && i < MIN(precision, 223); i++) {
			g_string_append_c(ret, 'n');
		}
		g_string_append(ret, *format == 's' ? "" : "2147483647");
		format += *format == '\0' ? 0 : 1;
	}
}

static bool has(const char *text, const char *clause)
{
	g_autofree char *begin = g_strndup(clause, MIN(strcspn(clause, ":;."), SAME));

	return strstr(text, begin) != NULL;
}

static void judge(const char *place, const char *format)
{
	g_autoptr(GString) text = g_string_new(STEP);
	char fitted[OCF_REASON_MAX + 1];
	bool good = true;
	const char *clause;

	longest_make(format, text);
	(void)ocf_reason_fit(text->str, fitted);
	clause = text->str + strlen(STEP);
	good = strlen(fitted) <= OCF_REASON_MAX && g_str_has_prefix(fitted, STEP) &&
	       has(fitted, clause);
	for (; clause != NULL; clause = strpbrk(clause, ":;.")) {
		clause += strspn(clause, ":;. ");
		if (ocf_reason_is_advice(clause)) {
			good = good && has(fitted, clause);
			break;
		}
	}
	texts++;
	if (!good) {
		wrong++;
		printf("%s: '%s'\n  becomes '%s'\n", place, text->str, fitted);
	}
}

static void file_judge(const char *path)
{
	g_autofree char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(setters); i++) {
		g_autofree char *call = g_strdup_printf("%s(", setters[i]);

		for (const char *c = text; (c = strstr(c, call)) != NULL;) {
			g_autoptr(GString) format = g_string_new(NULL);

			c = literals_read(c + strlen(call), format);
			if (format->len > 0) {
				judge(path + strlen(SOURCES) + 1, format->str);
			}
		}
	}
}

static void directory_judge(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	assert_non_null(directory);
	while ((name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *each = g_build_filename(path, name, NULL);

		if (g_file_test(each, G_FILE_TEST_IS_DIR)) {
			directory_judge(each);
		} else if (g_str_has_suffix(name, ".c")) {
			file_judge(each);
		}
	}
}

static void every_text__fits_and_says_what_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++) {
		g_autofree char *path = g_build_filename(SOURCES, rooms[i], NULL);

		directory_judge(path);
	}
	/* If the texts are not found any more, nothing is judged. */
	assert_true(texts > 500);
	if (wrong > 0) {
		fail_msg("%zu of %zu texts lose what matters", wrong, texts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text__fits_and_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
