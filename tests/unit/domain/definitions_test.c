/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The definitions of tests/definitions: which are accepted. tests/virt/definitions_live runs them.
 */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "tests/definitions/corpus.h"

static size_t n_rows;
static struct corpus_row *rows;

static int setup(void **state)
{
	(void)state;
	rows = corpus_load(DEFINITIONS, &n_rows);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	corpus_free(rows, n_rows);
	return 0;
}

static void every_definition__has_one_row(void **state)
{
	g_autoptr(GDir) folder = g_dir_open(DEFINITIONS, 0, NULL);
	const char *file;
	size_t files = 0;

	(void)state;
	assert_non_null(folder);
	while ((file = g_dir_read_name(folder)) != NULL) {
		size_t found = 0;

		if (!g_str_has_suffix(file, ".xml")) {
			continue;
		}
		for (size_t i = 0; i < n_rows; i++) {
			found += strcmp(rows[i].file, file) == 0;
		}
		if (found != 1) {
			fail_msg("%s has %zu rows", file, found);
		}
		files++;
	}
	assert_int_equal(files, n_rows);
}

/* True if the row is as it should be. */
static bool row_is_right(const struct corpus_row *row)
{
	g_autofree char *xml = corpus_read(DEFINITIONS, row->file);
	struct mapping *mapping = NULL;
	struct err err = ERR_INIT;
	int rc = corpus_build(xml, false, &mapping, &err);
	bool right = row->verdict == CORPUS_REFUSED || row->verdict == CORPUS_MEDIUM
			     ? rc == -EINVAL && strstr(err_text(&err), row->text) != NULL
			     : rc == 0;

	mapping_free(mapping);
	if (!right) {
		print_error("%s: %d %s\n", row->file, rc, err_text(&err));
	}
	return right;
}

static void every_definition__has_its_verdict(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		wrong += !row_is_right(&rows[i]);
	}
	assert_int_equal(wrong, 0);
}

/* What was built is legal, says the same when it is built again, and can be given to libvirt. */
static void accepted__is_stable(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		g_autofree char *xml = corpus_read(DEFINITIONS, rows[i].file);
		g_autofree char *given = NULL;
		bool media = rows[i].verdict == CORPUS_MEDIUM;
		struct mapping *mapping = NULL;
		struct mapping *again = NULL;
		struct err err = ERR_INIT;

		if (rows[i].verdict == CORPUS_REFUSED) {
			continue;
		}
		if (corpus_build(xml, media, &mapping, &err) != 0 ||
		    corpus_build(mapping->xml, media, &again, &err) != 0 ||
		    corpus_render(mapping, NULL, &given, &err) != 0) {
			fail_msg("%s: %s", rows[i].file, err_text(&err));
		}
		assert_string_equal(mapping->xml, again->xml);
		mapping_free(mapping);
		mapping_free(again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_definition__has_one_row),
		cmocka_unit_test(every_definition__has_its_verdict),
		cmocka_unit_test(accepted__is_stable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
