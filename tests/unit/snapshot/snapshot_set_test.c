/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "snapshot/array_snapshot.h"
#include "snapshot/snapshot_set.h"

#define ROW(lun, name, set, taken, note, unfinished)                                               \
	"{\"lun\":\"" lun "\",\"name\":\"" name "\",\"set\":\"" set                                \
	"\",\"size_bytes\":4096,\"taken\":" taken ",\"note\":\"" note                              \
	"\",\"unfinished\":" unfinished "}"
#define REPLY(rows) "{\"snapshots\":[" rows "]}"

static const char *const luns[] = {"a", "b"};
static struct array_snapshots snapshots;
static struct snapshot_sets sets;
static struct err err;

static int decode(const char *reply)
{
	err = (struct err)ERR_INIT;
	return array_snapshot_decode(reply, strlen(reply), &snapshots, &err);
}

static void begin(const char *reply)
{
	assert_int_equal(decode(reply), 0);
	snapshot_sets_of(&snapshots, luns, 2, &sets);
}

static int teardown(void **state)
{
	(void)state;
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return 0;
}

static void sets__have_what_was_made_together(void **state)
{
	(void)state;
	begin(REPLY(ROW("b", "two", "s2", "20", "paused", "false") "," ROW(
		"a", "two", "s2", "20", "paused",
		"false") "," ROW("c", "two", "s3", "30", "frozen",
				 "false") "," ROW("a", "one", "s1", "10", "frozen",
						  "false") "," ROW("b", "one", "s1", "10", "frozen",
								   "false")));
	assert_int_equal(sets.count, 2);
	assert_string_equal(sets.sets[0].name, "one");
	assert_int_equal(sets.sets[0].kind, SNAPSHOT_FROZEN);
	assert_int_equal(sets.sets[0].n_luns, 2);
	assert_int_equal(sets.sets[0].size_bytes, 8192);
	assert_string_equal(sets.sets[1].name, "two");
	assert_int_equal(snapshot_set_fits(&sets.sets[1], luns, 2, &err), 0);
	assert_null(snapshot_set_find(&sets, "three"));
}

/* Without the note, nobody knows whether the guest wrote meanwhile. */
static void set__without_a_note_is_broken(void **state)
{
	(void)state;
	begin(REPLY(ROW("a", "one", "s1", "10", "", "false") "," ROW("b", "one", "s1", "10", "",
								     "false")));
	assert_int_equal(sets.sets[0].kind, SNAPSHOT_BROKEN);
	assert_int_equal(snapshot_set_fits(&sets.sets[0], luns, 2, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "is incomplete"));
}

static void set__with_an_unfinished_member_is_broken(void **state)
{
	(void)state;
	begin(REPLY(ROW("a", "one", "s1", "10", "frozen", "false") "," ROW("b", "one", "s1", "10",
									   "frozen", "true")));
	assert_int_equal(sets.sets[0].kind, SNAPSHOT_BROKEN);
}

static void set__fits_the_same_drives_only(void **state)
{
	static const char *const more[] = {"a", "b", "c"};

	(void)state;
	begin(REPLY(ROW("a", "one", "s1", "10", "stopped", "false") "," ROW("b", "one", "s1", "10",
									    "stopped", "false")));
	assert_int_equal(snapshot_set_fits(&sets.sets[0], luns, 2, &err), 0);
	assert_int_equal(snapshot_set_fits(&sets.sets[0], luns, 1, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "has LUN 'b', too"));
	assert_int_equal(snapshot_set_fits(&sets.sets[0], more, 3, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "LUN 'c' is not in snapshot 'one'"));
}

static void decode__refuses_anything_else(void **state)
{
	static const char *const wrong[] = {
		"",
		"{}",
		"{\"snapshots\":{}}",
		REPLY("1"),
		REPLY(ROW("", "one", "s1", "10", "", "false")),
		REPLY(ROW("a", "o ne", "s1", "10", "", "false")),
		REPLY(ROW("a", "one", "", "10", "", "false")),
		REPLY(ROW("a", "one", "s1", "-1", "", "false")),
		REPLY(ROW("a", "one", "s1", "10", "\\u001b[2J", "false")),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(decode(wrong[i]), -EPROTO);
		assert_string_not_equal(err_text(&err), "");
	}
}

/* A driver that says what it was asked, and has that capability. */
static struct array driver(const char *folder, const char *capability, char *program, size_t size)
{
	g_autofree char *text = g_strdup_printf(
		"#!/bin/sh\ncat >%s/$1\ncase $1 in\n"
		"info) echo '{\"protocol\":1,\"capabilities\":[\"%s\",\"requester\"]}' ;;\n"
		"*) echo '{\"created\":true,\"restored\":false}' ;;\nesac\n",
		folder, capability);

	(void)snprintf(program, size, "%s/driver", folder);
	assert_true(g_file_set_contents(program, text, -1, NULL));
	assert_int_equal(chmod(program, 0700), 0);
	return (struct array){.name = "san1",
			      .driver = program,
			      .by = "iqn.2026-11.x:node1",
			      .runner = {.transport = "exec"}};
}

static char *asked(const char *folder, const char *verb)
{
	g_autofree char *file = g_build_filename(folder, verb, NULL);
	char *text = NULL;

	(void)g_file_get_contents(file, &text, NULL, NULL);
	return text;
}

static void requests__say_what_is_wanted(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("lunmask-XXXXXX", NULL);
	const struct array_snapshot_wish wish = {
		.name = "one", .luns = luns, .n_luns = 2, .note = "frozen", .dry_run = true};
	char program[256];
	struct array array = driver(folder, "snapshot", program, sizeof(program));
	g_autofree char *request = NULL, *command = g_strdup_printf("rm -rf %s", folder);
	bool flag = false;

	(void)state;
	assert_int_equal(array_snapshot_make(&array, &wish, deadline_in(60000), &flag, &err), 0);
	assert_true(flag);
	request = asked(folder, "snapshot");
	assert_non_null(request);
	assert_non_null(strstr(request, "{\"name\":\"one\",\"luns\":[\"a\",\"b\"],"
					"\"note\":\"frozen\",\"dry_run\":true,"
					"\"by\":\"iqn.2026-11.x:node1\","));
	/* What says that nothing was done, has not succeeded. */
	assert_int_equal(array_snapshot_restore(&array, &wish, deadline_in(60000), &err), -EPROTO);
	assert_int_equal(system(command), 0);
}

static void requests__are_not_sent_without_the_capability(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("lunmask-XXXXXX", NULL);
	const struct array_snapshot_wish wish = {.name = "one", .luns = luns, .n_luns = 2};
	char program[256];
	struct array array = driver(folder, "resize", program, sizeof(program));
	g_autofree char *request = NULL, *command = g_strdup_printf("rm -rf %s", folder);
	bool flag;

	(void)state;
	assert_int_equal(array_snapshot_make(&array, &wish, deadline_in(60000), &flag, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "the driver of array san1 makes no snapshots"));
	request = asked(folder, "snapshot");
	assert_null(request);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(sets__have_what_was_made_together, teardown),
		cmocka_unit_test_teardown(set__without_a_note_is_broken, teardown),
		cmocka_unit_test_teardown(set__with_an_unfinished_member_is_broken, teardown),
		cmocka_unit_test_teardown(set__fits_the_same_drives_only, teardown),
		cmocka_unit_test(decode__refuses_anything_else),
		cmocka_unit_test(requests__say_what_is_wanted),
		cmocka_unit_test(requests__are_not_sent_without_the_capability),
	};

	return cmocka_run_group_tests_name("snapshot_set", tests, NULL, NULL);
}
