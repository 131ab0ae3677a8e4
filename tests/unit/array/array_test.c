/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against drivers that are broken, each in its way. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array/array.h"

static const char *const NAMES[] = {"a"};

static void driver_make(char *file, const char *script)
{
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	assert_int_equal(close(fd), 0);
}

/* Asks for the masks of LUN "a" by a driver that is this shell script. */
static int masks_of(const char *script, int time_ms, struct array_masks *masks, struct err *err)
{
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {
		.name = "san1", .driver = file, .runner = {.transport = "exec"}};
	int rc;

	driver_make(file, script);
	rc = array_masks(&array, NAMES, 1, deadline_in(time_ms), masks, err);
	assert_int_equal(unlink(file), 0);
	return rc;
}

static void array_masks__talks_to_a_driver(void **state)
{
	struct array_masks masks;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		masks_of("grep -q '\"luns\":\\[\"a\"\\]' || exit 9\n[ \"$1\" = masks ] || exit 8\n"
			 "echo '{\"masks\":[{\"lun\":\"a\",\"initiators\":[\"iqn.2026-11.x:s\"],"
			 "\"nexuses\":[]}]}'",
			 TEST_LIMIT_MS, &masks, &err),
		0);
	assert_true(array_mask_holds(&masks.masks[0], "iqn.2026-11.x:s"));
	array_masks_release(&masks);
}

static void array_masks__fails_in_one_line_with_every_bad_driver(void **state)
{
	static const struct {
		const char *script;
		int rc;
		const char *text;
	} rows[] = {
		{"echo garbage", -EPROTO, "garbage"},
		{"exit 0", -EPROTO, "not a JSON object"},
		{"echo '{}'", -EPROTO, "no list 'masks'"},
		{"exec cat /dev/zero", -EMSGSIZE, "more than"},
		{"exec sleep 1800", -ETIMEDOUT, "did not finish in time"},
		{"echo 'cannot find libfoo' >&2; exit 127", -ENOENT, "cannot find libfoo"},
		{"kill -KILL $$", -EIO, "signal 9"},
		{"echo 'out of cheese' >&2; exit 1", -EPROTO, "out of cheese"},
		{"echo '{\"error\":{\"code\":\"busy\",\"message\":\"later\"}}'; exit 1", -EBUSY,
		 "later"},
		{"echo '{\"error\":{\"code\":\"unreachable\",\"message\":\"no tgtd\"}}'; exit 1",
		 -ECONNREFUSED, "no tgtd"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct array_masks masks;
		struct err err = ERR_INIT;
		int time_ms = rows[i].rc == -ETIMEDOUT ? 300 : TEST_LIMIT_MS;

		assert_int_equal(masks_of(rows[i].script, time_ms, &masks, &err), rows[i].rc);
		assert_non_null(strstr(err_text(&err), rows[i].text));
		assert_non_null(strstr(err_text(&err), "array san1, masks"));
		array_masks_release(&masks);
	}
}

static void array_masks__names_a_driver_that_is_missing(void **state)
{
	const struct array array = {.name = "san1",
				    .driver = "/nonexistent/lunmask-array-none",
				    .runner = {.transport = "exec"}};
	struct array_masks masks;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(array_masks(&array, NAMES, 1, deadline_in(TEST_LIMIT_MS), &masks, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "lunmask-array-none"));
}

/* A driver that knows the verbs and members in $known; it keeps its calls in FILE.calls. */
#define DRIVER(capabilities, known)                                                                \
	"r=$(cat); echo \"$1 $r\" >>$0.calls\n"                                                    \
	"case $1 in info) echo '{\"protocol\":1,\"capabilities\":[" capabilities                   \
	"],\"new\":{}}'; exit ;; esac\n"                                                           \
	"for m in $(echo \"$r\" | grep -o '\"[a-z_]*\":' | tr -d '\":'); do\n"                     \
	"  case \" " known " timeout_ms \" in *\" $m \"*) ;; *)\n"                                 \
	"    echo '{\"error\":{\"code\":\"bad-request\",\"message\":\"no member '$m'\"}}'\n"       \
	"    exit 1 ;; esac; done\n"

#define APPLY_REPLY                                                                                \
	"echo '{\"granted\":[\"a\"],\"revoked\":[],\"new\":1,\"masks\":[{\"lun\":\"a\","           \
	"\"initiators\":[\"iqn.2026-11.x:s\"],\"nexuses\":[],\"new\":[1]}]}'"

static const char *const OLD =
	DRIVER("\"revoke-cuts-nexus\"",
	       "luns grant revoke allowed") "case $1 in apply) " APPLY_REPLY " ;; *)\n"
					    "echo "
					    "'{\"next\":5,\"masks\":[{\"lun\":\"b\",\"initiators\":"
					    "[\"iqn.2026-11.x:t\"],"
					    "\"nexuses\":[]},{\"lun\":\"c\",\"initiators\":[],"
					    "\"nexuses\":[{\"initiator\":"
					    "\"iqn.2026-11.x:s\"}]}]}' ;; esac";

static const char *const NEW =
	DRIVER("\"revoke-cuts-nexus\",\"requester\",\"masks-select\","
	       "\"urgent\",\"hosts\",\"time-travel\"",
	       "luns grant revoke allowed by host initiators rules after limit "
	       "urgent") "case $1 in apply) " APPLY_REPLY "; exit ;; esac\n"
			 /* Two empty pages, then one that is not. */
			 "case $r in *'\"after\":\"a\"'*) echo "
			 "'{\"masks\":[],\"next\":\"b\"}' ;;\n"
			 "*'\"after\":\"b\"'*) echo "
			 "'{\"masks\":[{\"lun\":\"c\",\"initiators\":[],"
			 "\"nexuses\":["
			 "{\"initiator\":\"iqn.2026-11.x:s\"}]}]}' ;;\n"
			 "*) echo '{\"masks\":[],\"next\":\"a\"}' ;; esac";

/* What the driver was asked, and removes it. */
static char *calls_take(const char *file)
{
	g_autofree char *name = g_strdup_printf("%s.calls", file);
	char *text = NULL;

	assert_true(g_file_get_contents(name, &text, NULL, NULL));
	assert_int_equal(unlink(name), 0);
	assert_int_equal(unlink(file), 0);
	return text;
}

static size_t count_of(const char *text, const char *word)
{
	g_auto(GStrv) parts = g_strsplit(text, word, -1);

	return g_strv_length(parts) - 1;
}

/* In a rolling upgrade, the driver may be older or newer. Nothing fails for that reason. */
static void array_apply__sends_what_the_driver_knows(void **state)
{
	static const struct {
		const char *const *script;
		size_t by;
	} rows[] = {{&OLD, 0}, {&NEW, 2}};
	const struct array_change change = {.luns = NAMES, .n_luns = 1, .grant = "iqn.2026-11.x:s"};

	static const char text[] = "[array san1]\ndriver = d\ntransport = exec\nportals = "
				   "10.0.0.1:3260\n[host node1]\ninitiator = iqn.2026-11.x:s\n";
	struct config *config;

	(void)state;
	assert_int_equal(config_parse(text, sizeof(text) - 1, "f", &config, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char file[] = "/tmp/lunmask-driver-XXXXXX";
		struct array_info info = {.known = false};
		const struct array array = {.name = "san1",
					    .driver = file,
					    .by = "iqn.2026-11.x:s",
					    .config = config,
					    .cluster = "c1",
					    .info = &info,
					    .runner = {.transport = "exec"}};
		g_autofree char *calls = NULL;
		struct err err = ERR_INIT;

		driver_make(file, *rows[i].script);
		for (size_t k = 0; k < 2; k++) {
			if (array_apply(&array, &change, deadline_in(60000), NULL, &err) != 0) {
				fail_msg("%s", err_text(&err));
			}
		}
		calls = calls_take(file);
		assert_int_equal(count_of(calls, "info {"), 1);
		assert_int_equal(count_of(calls, "\"by\""), rows[i].by);
		assert_int_equal(count_of(calls, "\"host\":\"node1@c1\""), rows[i].by);
	}
	config_free(config);
}

static void array_path_find__looks_at_every_page(void **state)
{
	static const char *const hosts[] = {"iqn.2026-11.x:s"};
	static const struct {
		const char *const *script;
		size_t masks;
	} rows[] = {{&OLD, 1}, {&NEW, 3}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char file[] = "/tmp/lunmask-driver-XXXXXX";
		const struct array array = {
			.name = "san1", .driver = file, .runner = {.transport = "exec"}};
		g_autofree char *calls = NULL;
		struct array_path path;
		struct err err = ERR_INIT;

		driver_make(file, *rows[i].script);
		if (array_path_find(&array, hosts, 1, false, deadline_in(60000), &path, &err) !=
		    0) {
			fail_msg("%s", err_text(&err));
		}
		assert_string_equal(path.lun, "c");
		assert_string_equal(path.holder, hosts[0]);
		calls = calls_take(file);
		assert_int_equal(count_of(calls, "masks {"), rows[i].masks);
	}
}

static bool is_c(void *data, const char *lun)
{
	(void)data;
	return strcmp(lun, "c") == 0;
}

static bool is_not_c(void *data, const char *lun)
{
	return !is_c(data, lun);
}

static void array_path_find_unknown__passes_over_what_is_known(void **state)
{
	static const char *const *const scripts[] = {&OLD, &NEW};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		char file[] = "/tmp/lunmask-driver-XXXXXX";
		const struct array array = {
			.name = "san1", .driver = file, .runner = {.transport = "exec"}};
		g_autofree char *calls = NULL;
		struct array_path path;

		driver_make(file, *scripts[i]);
		assert_int_equal(array_path_find_unknown(&array, "iqn.2026-11.x:s", is_not_c, NULL,
							 deadline_in(60000), &path, NULL),
				 0);
		assert_string_equal(path.lun, "c");
		assert_int_equal(array_path_find_unknown(&array, "iqn.2026-11.x:s", is_c, NULL,
							 deadline_in(60000), &path, NULL),
				 0);
		assert_string_not_equal(path.lun, "c");
		calls = calls_take(file);
	}
}

static void array_apply__does_not_ask_a_driver_that_lacks_the_class(void **state)
{
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {
		.name = "san1", .driver = file, .runner = {.transport = "exec"}};
	const struct array_change change = {
		.luns = NAMES, .n_luns = 1, .grant = "iqn.2026-11.x:s", .read_only = true};
	g_autofree char *calls = NULL;
	struct err err = ERR_INIT;

	(void)state;
	driver_make(file, NEW);
	assert_int_equal(array_apply(&array, &change, deadline_in(TEST_LIMIT_MS), NULL, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "capability read-only"));
	calls = calls_take(file);
	assert_null(strstr(calls, "apply"));
}

static void array_path_find__refuses_pages_without_an_end(void **state)
{
	static const char *const hosts[] = {"iqn.2026-11.x:s"};
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {
		.name = "san1", .driver = file, .runner = {.transport = "exec"}};
	struct array_path path;
	struct err err = ERR_INIT;

	(void)state;
	driver_make(file, "case $1 in info) echo '{\"protocol\":1,\"capabilities\":["
			  "\"masks-select\"]}' ;; *) echo '{\"masks\":[],\"next\":\"a\"}' ;; esac");
	assert_int_equal(array_path_find(&array, hosts, 1, false, deadline_in(60000), &path, &err),
			 -EPROTO);
	assert_non_null(strstr(err_text(&err), "pages do not end"));
	assert_int_equal(unlink(file), 0);
}

/* LUN "a" is made or deleted by a driver that answers so; *err has the text. */
static int volume_by(bool create, const char *capabilities, const char *answer, bool *ret,
		     struct err *err)
{
	const struct array_volume volume = {
		.name = "a", .size_bytes = 1024, .reliability = "raid6"};
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {.name = "san1",
				    .driver = file,
				    .by = "iqn.2026-11.x:me",
				    .runner = {.transport = "exec"}};
	g_autofree char *script = g_strdup_printf(
		"case $1 in info) echo '{\"protocol\":1,\"capabilities\":[%s]}'; exit ;; esac\n"
		"request=$(cat)\n"
		"case $1$request in %s) ;; *) echo \"bad: $request\" >&2; exit 9 ;; esac\n%s",
		capabilities,
		create ? "create*'\"name\":\"a\",\"size_bytes\":1024,\"reliability\":\"raid6\",'*"
		       : "delete*'\"name\":\"a\",'*",
		answer);
	int rc;

	driver_make(file, script);
	rc = create ? array_create(&array, &volume, deadline_in(TEST_LIMIT_MS), ret, err)
		    : array_delete(&array, "a", deadline_in(TEST_LIMIT_MS), ret, err);
	assert_int_equal(unlink(file), 0);
	return rc;
}

#define VOLUMES "\"create\",\"delete\""

static void array_create__says_whether_it_made_the_lun(void **state)
{
	struct err err = ERR_INIT;
	bool created;

	(void)state;
	assert_int_equal(volume_by(true, VOLUMES, "echo '{\"created\":true}'", &created, &err), 0);
	assert_true(created);
	assert_int_equal(volume_by(true, VOLUMES, "echo '{\"created\":false}'", &created, &err), 0);
	assert_false(created);
	assert_int_equal(volume_by(false, VOLUMES, "echo '{\"deleted\":true}'", &created, &err), 0);
	assert_true(created);
	assert_int_equal(volume_by(true, VOLUMES, "echo '{\"created\":1}'", &created, &err),
			 -EPROTO);
	assert_int_equal(volume_by(false, VOLUMES, "echo '{}'", &created, &err), -EPROTO);
	assert_non_null(strstr(err_text(&err), "has deleted the LUN"));
}

static void array_create__fails_as_the_driver_says(void **state)
{
	static const struct {
		const char *code;
		int rc;
	} rows[] = {
		{"unsupported", -EOPNOTSUPP}, {"exists", -EEXIST}, {"no-space", -ENOSPC},
		{"in-use", -ENOTEMPTY},       {"busy", -EBUSY},    {"unfinished", -EINPROGRESS},
	};
	struct err err = ERR_INIT;
	bool created = true;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *answer = g_strdup_printf(
			"echo '{\"error\":{\"code\":\"%s\",\"message\":\"so\"}}'; exit 1",
			rows[i].code);

		assert_int_equal(volume_by(true, VOLUMES, answer, &created, &err), rows[i].rc);
		assert_string_equal(err_text(&err), "array san1, create: so");
		assert_false(created);
	}
	assert_int_equal(volume_by(true, "\"create\"", "", &created, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "cannot make and delete LUNs"));
}

static int class_by(const char *info, const char *class, struct err *err)
{
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {
		.name = "san1", .driver = file, .runner = {.transport = "exec"}};
	g_autofree char *script = g_strdup_printf("echo '{\"protocol\":1,%s}'", info);
	int rc;

	driver_make(file, script);
	rc = array_class_check(&array, class, deadline_in(TEST_LIMIT_MS), err);
	assert_int_equal(unlink(file), 0);
	return rc;
}

static void array_class_check__names_those_that_there_are(void **state)
{
	static const char info[] =
		"\"capabilities\":[\"classes\"],\"classes\":[\"none\",\"raid5\"]";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(class_by(info, "raid5", &err), 0);
	assert_int_equal(class_by(info, "raid6", &err), -EOPNOTSUPP);
	assert_string_equal(err_text(&err),
			    "array san1 has no reliability class 'raid6'; it has: none, raid5");
	/* An older driver does not say; create says it then. */
	assert_int_equal(class_by("\"capabilities\":[]", "raid6", &err), 0);
}

static int resize_by(const char *capabilities, const char *answer, bool *ret, struct err *err)
{
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {.name = "san1",
				    .driver = file,
				    .by = "iqn.2026-11.x:me",
				    .runner = {.transport = "exec"}};
	g_autofree char *script = g_strdup_printf(
		"case $1 in info) echo '{\"protocol\":1,\"capabilities\":[%s]}'; exit ;; esac\n"
		"request=$(cat)\n"
		"case $1$request in resize'{\"name\":\"a\",\"size_bytes\":2048,\"by\":"
		"\"iqn.2026-11.x:me\",\"timeout_ms\"'*) ;; *) echo \"bad: $request\" >&2; exit 9 "
		";; esac\n%s",
		capabilities, answer);
	int rc;

	driver_make(file, script);
	rc = array_resize(&array, "a", 2048, deadline_in(TEST_LIMIT_MS), ret, err);
	assert_int_equal(unlink(file), 0);
	return rc;
}

static void array_resize__says_whether_it_has_grown(void **state)
{
	static const char can[] = "\"requester\",\"resize\"";
	struct err err = ERR_INIT;
	bool resized;

	(void)state;
	assert_int_equal(resize_by(can, "echo '{\"resized\":true}'", &resized, &err), 0);
	assert_true(resized);
	assert_int_equal(resize_by(can, "echo '{\"resized\":false}'", &resized, &err), 0);
	assert_false(resized);
	assert_int_equal(resize_by(can, "echo '{}'", &resized, &err), -EPROTO);
	assert_int_equal(resize_by("\"requester\"", "", &resized, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "capability resize"));
}

/* A fenced host must not make or delete anything. */
static void array_create__names_who_asks(void **state)
{
	struct err err = ERR_INIT;
	bool created;

	(void)state;
	assert_int_equal(volume_by(true, VOLUMES ",\"requester\"",
				   "case $request in *'\"by\":\"iqn.2026-11.x:me\"'*) echo "
				   "'{\"created\":true}' ;; esac",
				   &created, &err),
			 0);
	assert_true(created);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_masks__talks_to_a_driver),
		cmocka_unit_test(array_masks__fails_in_one_line_with_every_bad_driver),
		cmocka_unit_test(array_masks__names_a_driver_that_is_missing),
		cmocka_unit_test(array_apply__sends_what_the_driver_knows),
		cmocka_unit_test(array_path_find__looks_at_every_page),
		cmocka_unit_test(array_path_find_unknown__passes_over_what_is_known),
		cmocka_unit_test(array_apply__does_not_ask_a_driver_that_lacks_the_class),
		cmocka_unit_test(array_path_find__refuses_pages_without_an_end),
		cmocka_unit_test(array_create__says_whether_it_made_the_lun),
		cmocka_unit_test(array_create__fails_as_the_driver_says),
		cmocka_unit_test(array_create__names_who_asks),
		cmocka_unit_test(array_class_check__names_those_that_there_are),
		cmocka_unit_test(array_resize__says_whether_it_has_grown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
