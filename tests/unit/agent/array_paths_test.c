/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/array_paths.h"
#include "journal/journal.h"
#include "san/portal_probe.h"

/* Against a lunmaskd, portals and an attrd_updater that do what they are told. */
#define LIMIT_MS 60000
#define CONF                                                                                       \
	"[array san1]\ndriver = d\ntransport = exec\nportals = 10.0.0.1:3260 10.0.0.2:3260\n"      \
	"[array san2]\ndriver = d\ntransport = exec\nportals = 10.0.1.1:3260\n"                    \
	"[host node1]\ninitiator = iqn.2026-11.x:1\n"
/* Keeps its calls; fails where there is a file "broken". */
#define UPDATER                                                                                    \
	"#!/bin/sh\ncd $(dirname $0)\necho \"$*\" >>calls\n[ ! -e broken ] || "                    \
	"{ echo 'no attrd' >&2; exit 102; }\n"

static struct {
	int journal;
	enum path_state told[3];
	enum path_state measured[3];
	size_t probes;
} world;
static const char *const portals[] = {"10.0.0.1:3260", "10.0.0.2:3260", "10.0.1.1:3260"};
static char dir[64];
static struct array_paths settings;
static struct array_paths_count count;
static struct err error;
static char *path_before;

int __wrap_journal_open(struct deadline deadline, struct journal **ret, struct err *err);
void __wrap_journal_drop(struct journal **journal);
int __wrap_journal_path_list(struct journal *journal, struct deadline deadline,
			     struct journal_path **ret, size_t *ret_n, char *trouble,
			     struct err *err);
void __wrap_portal_probe(struct path *paths, size_t n, const char *initiator,
			 const struct config *config, int timeout_ms,
			 void (*done)(void *data, const struct path *path), void *data);

int __wrap_journal_open(struct deadline deadline, struct journal **ret, struct err *err)
{
	(void)deadline, (void)ret;
	return world.journal < 0 ? err_set(err, world.journal, "no lunmaskd") : 0;
}

void __wrap_journal_drop(struct journal **journal)
{
	(void)journal;
}

/* Of this node and, the contrary, of another. */
int __wrap_journal_path_list(struct journal *journal, struct deadline deadline,
			     struct journal_path **ret, size_t *ret_n, char *trouble,
			     struct err *err)
{
	(void)journal, (void)deadline, (void)err;
	*trouble = '\0';
	*ret_n = 6;
	*ret = calloc(6, sizeof(**ret));
	for (size_t i = 0; i < 6; i++) {
		struct journal_path *path = &(*ret)[i];

		(void)strcpy(path->node, i < 3 ? "node1" : "node2");
		(void)strcpy(path->array, i % 3 < 2 ? "san1" : "san2");
		(void)strcpy(path->portal, portals[i % 3]);
		path->state = i < 3 ? world.told[i] : PATH_DOWN;
	}
	return 0;
}

void __wrap_portal_probe(struct path *paths, size_t n, const char *initiator,
			 const struct config *config, int timeout_ms,
			 void (*done)(void *data, const struct path *path), void *data)
{
	assert_string_equal(initiator, "iqn.2026-11.x:1");
	assert_non_null(config);
	assert_true(timeout_ms > 0);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(portals); k++) {
			if (strcmp(paths[i].portal, portals[k]) == 0) {
				paths[i].state = world.measured[k];
			}
		}
		done(data, &paths[i]);
		world.probes++;
	}
}

static char *file_in(const char *name)
{
	return g_build_filename(dir, name, NULL);
}

static void file_write(const char *name, const char *text, mode_t mode)
{
	g_autofree char *path = file_in(name);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(chmod(path, mode), 0);
}

/* The attrd_updater's calls since the last time. */
static void called(const char *want)
{
	g_autofree char *path = file_in("calls");
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		text = g_strdup("");
	}
	(void)unlink(path);
	assert_string_equal(text, want);
}

static int setup(void **state)
{
	g_autofree char *conf = NULL, *path = NULL, *attributes = NULL;

	(void)state;
	(void)strcpy(dir, "/tmp/lunmask-array-paths-XXXXXX");
	assert_non_null(mkdtemp(dir));
	file_write("attrd_updater", UPDATER, 0700);
	file_write("lunmask.conf", CONF, 0600);
	conf = file_in("lunmask.conf");
	attributes = file_in("attributes");
	path_before = g_strdup(getenv("PATH"));
	path = g_strdup_printf("%s:%s", dir, path_before);
	(void)setenv("PATH", path, 1);
	(void)setenv("LUNMASK_CONF", conf, 1);
	(void)setenv(ARRAY_PATHS_VARIABLE, attributes, 1);
	memset(&world, 0, sizeof(world));
	for (size_t i = 0; i < 3; i++) {
		world.told[i] = PATH_UP;
		world.measured[i] = PATH_DOWN;
	}
	settings = (struct array_paths){
		.prefix = "lunmask-", .dampen_ms = 5000, .multiplier = 1, .node = "node1"};
	error = (struct err)ERR_INIT;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"attrd_updater", "lunmask.conf",        "calls",
					    "broken",        "attributes/lunmask-", "attributes"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = file_in(names[i]);

		(void)remove(path);
	}
	(void)setenv("PATH", path_before, 1);
	g_free(path_before);
	return rmdir(dir);
}

static int publish(bool first)
{
	error = (struct err)ERR_INIT;
	return array_paths_publish(&settings, first, deadline_in(LIMIT_MS), &count, &error);
}

#define SET(array, how, n) "--name lunmask-" array " " how " " n " --delay 5000ms\n"

static void array_paths_publish__what_lunmaskd_knows(void **state)
{
	(void)state;
	assert_false(array_paths_published(&settings));
	assert_int_equal(publish(true), 0);
	assert_true(array_paths_published(&settings));
	called(SET("san1", "--update-both", "2") SET("san2", "--update-both", "1"));
	assert_int_equal(count.usable, 3);
	assert_int_equal(count.portals, 3);
	assert_int_equal(world.probes, 0);
	assert_string_equal(err_text(&error), "");
}

static void array_paths_publish__a_loss_is_told(void **state)
{
	(void)state;
	world.told[1] = PATH_DOWN;
	world.told[2] = PATH_REFUSED;
	assert_int_equal(publish(false), 0);
	called(SET("san1", "--update", "1") SET("san2", "--update", "0"));
	assert_int_equal(count.usable, 1);
	assert_int_equal(world.probes, 0);
	assert_string_equal(err_text(&error),
			    "array san1: 1 of 2 portals are usable; see 'lunmask paths'");
}

static void array_paths_publish__measures_only_what_lunmaskd_does_not_know(void **state)
{
	(void)state;
	world.told[1] = PATH_UNKNOWN;
	world.measured[1] = PATH_UP;
	assert_int_equal(publish(false), 0);
	called(SET("san1", "--update", "2") SET("san2", "--update", "1"));
	assert_int_equal(world.probes, 1);
	assert_true(count.measured_here);
	assert_string_equal(err_text(&error), "lunmaskd does not know all paths, so this action "
					      "has measured them; see 'lunmask paths'");
}

/* No VM has to go because lunmaskd is away, and none may come because of what was true before. */
static void array_paths_publish__measures_all_without_lunmaskd(void **state)
{
	(void)state;
	world.journal = -ENOTCONN;
	world.measured[0] = PATH_UP;
	assert_int_equal(publish(false), 0);
	called(SET("san1", "--update", "1") SET("san2", "--update", "0"));
	assert_int_equal(world.probes, 3);
	assert_true(count.measured_here);
}

static void array_paths_publish__only_the_arrays_that_are_named(void **state)
{
	(void)state;
	assert_int_equal(publish(true), 0);
	called(SET("san1", "--update-both", "2") SET("san2", "--update-both", "1"));
	settings.arrays = " san2  san2";
	settings.multiplier = 1000;
	assert_int_equal(publish(false), 0);
	called(SET("san2", "--update", "1000") "--name lunmask-san1 --delete\n");
	assert_int_equal(count.portals, 1);
	assert_int_equal(array_paths_clear(&settings, deadline_in(LIMIT_MS), &error), 0);
	called("--name lunmask-san2 --delete\n");
	settings.arrays = "san9";
	assert_int_equal(publish(false), -ENOENT);
	assert_true(count.conf_unusable);
}

static void array_paths_publish__a_broken_file_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(publish(true), 0);
	called(SET("san1", "--update-both", "2") SET("san2", "--update-both", "1"));
	file_write("lunmask.conf", "[arr", 0600);
	assert_true(publish(false) < 0);
	assert_true(count.conf_unusable);
	called("");
	file_write("lunmask.conf", CONF, 0600);
	settings.node = "node3";
	assert_true(publish(false) < 0);
	assert_true(count.conf_unusable);
	called("");
	assert_true(array_paths_published(&settings));
}

static void array_paths_publish__fails_where_attributes_cannot_be_set(void **state)
{
	(void)state;
	file_write("broken", "", 0600);
	assert_int_equal(publish(true), -ENOTCONN);
	assert_false(count.conf_unusable);
	assert_string_equal(err_text(&error),
			    "node attribute lunmask-san1: no attrd (exit status 102)");
}

static void array_paths_clear__takes_all_away(void **state)
{
	(void)state;
	assert_int_equal(array_paths_clear(&settings, deadline_in(LIMIT_MS), &error), 0);
	called("");
	assert_int_equal(publish(true), 0);
	called(SET("san1", "--update-both", "2") SET("san2", "--update-both", "1"));
	/* Of what it no longer finds in lunmask.conf, too. */
	file_write("lunmask.conf", "[arr", 0600);
	assert_int_equal(array_paths_clear(&settings, deadline_in(LIMIT_MS), &error), 0);
	called("--name lunmask-san1 --delete\n--name lunmask-san2 --delete\n");
	assert_false(array_paths_published(&settings));
}

/* A stop that fails fences the host. */
static void array_paths_clear__succeeds_without_an_attribute_manager(void **state)
{
	(void)state;
	assert_int_equal(publish(true), 0);
	called(SET("san1", "--update-both", "2") SET("san2", "--update-both", "1"));
	file_write("broken", "", 0600);
	assert_int_equal(array_paths_clear(&settings, deadline_in(LIMIT_MS), &error), 0);
	assert_non_null(strstr(err_text(&error), "no attrd"));
	called("--name lunmask-san1 --delete\n--name lunmask-san2 --delete\n");
	assert_false(array_paths_published(&settings));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(array_paths_publish__what_lunmaskd_knows),
		TEST(array_paths_publish__a_loss_is_told),
		TEST(array_paths_publish__measures_only_what_lunmaskd_does_not_know),
		TEST(array_paths_publish__measures_all_without_lunmaskd),
		TEST(array_paths_publish__only_the_arrays_that_are_named),
		TEST(array_paths_publish__a_broken_file_changes_nothing),
		TEST(array_paths_publish__fails_where_attributes_cannot_be_set),
		TEST(array_paths_clear__takes_all_away),
		TEST(array_paths_clear__succeeds_without_an_attribute_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
