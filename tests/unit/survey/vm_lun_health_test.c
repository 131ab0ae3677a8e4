/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The array is a shell script that answers with what is in the file "luns". */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "survey/vm_lun_health.h"

static char root[64];
static char driver[96];
static char heard[2048];

static void put(const char *name, const char *text)
{
	g_autofree char *file = g_build_filename(root, name, NULL);

	assert_true(g_file_set_contents(file, text, -1, NULL));
	assert_int_equal(chmod(file, 0700), 0);
}

/* What the array says of LUN "a"; "" for nothing. */
static void health_is(const char *health, const char *reason)
{
	g_autofree char *text = g_strdup_printf(
		"{\"luns\":[{\"name\":\"a\",\"size_bytes\":1,\"designators\":[\"naa.6\"],"
		"\"health\":\"%s\",\"health_reason\":\"%s\"}]}",
		health, reason);

	put("luns", text);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	g_autofree char *told = NULL;

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-health-XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(driver, sizeof(driver), "%s/driver", root);
	put("driver", "#!/bin/sh\n"
		      "[ $1 = info ] || { grep -q '\"health\":true' || exit 9; }\n"
		      "case $1 in info) echo '{\"protocol\":1,\"capabilities\":[\"health\"]}' ;;\n"
		      "luns) cat ${0%/*}/luns ;; esac\n");
	told = g_build_filename(root, "told", NULL);
	undo_setenv(VM_LUN_HEALTH_VARIABLE, told);
	return 0;
}

static int tear_down(void **state)
{
	return undo_all(state) | nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static bool was_asked(void)
{
	g_autofree char *file = g_build_filename(root, "asked", NULL);

	return g_file_test(file, G_FILE_TEST_EXISTS);
}

static void event_hear(void *data, const struct task_event *event)
{
	(void)data;
	(void)g_strlcat(heard, event->text, sizeof(heard));
}

/* A monitor of its own; returns what it tells. */
static const char *monitor(void)
{
	const struct vm_settings settings = {.vm = "web1"};
	const struct vm_report report = {.event = event_hear};
	struct vm_context *vm = g_new0(struct vm_context, 1);

	heard[0] = '\0';
	vm->settings = &settings;
	vm->report = &report;
	vm->array =
		(struct array){.name = "san1", .driver = driver, .runner = {.transport = "exec"}};
	vm->lun_names[0] = "a";
	vm->n_luns = 1;
	vm_lun_health_tell(vm, deadline_in(TEST_LIMIT_MS));
	g_free(vm);
	return heard;
}

static void vm_lun_health_tell__tells_each_change_once(void **state)
{
	(void)state;
	health_is("healthy", "");
	assert_string_equal(monitor(), "");
	health_is("degraded", "resync, 12 %");
	assert_string_equal(monitor(), "look at array san1: LUN a is degraded: resync, 12 %");
	health_is("degraded", "resync, 50 %");
	assert_string_equal(monitor(), "");
	health_is("failed", "gone");
	assert_string_equal(monitor(), "look at array san1: LUN a is failed: gone");
	health_is("healthy", "");
	assert_string_equal(monitor(), "LUN a is healthy again");
	assert_string_equal(monitor(), "");
}

static void vm_lun_health_tell__takes_unknown_for_no_change(void **state)
{
	(void)state;
	health_is("unknown", "lvs does not answer");
	assert_string_equal(monitor(), "");
	health_is("degraded", "x");
	assert_string_equal(monitor(), "look at array san1: LUN a is degraded: x");
	health_is("unknown", "lvs does not answer");
	assert_string_equal(monitor(), "");
	put("luns", "nonsense");
	assert_string_equal(monitor(), "");
	health_is("degraded", "x");
	assert_string_equal(monitor(), "");
}

/* It would refuse a member that it does not know. */
static void vm_lun_health_tell__asks_an_older_driver_for_no_health(void **state)
{
	(void)state;
	put("driver",
	    "#!/bin/sh\n"
	    "[ $1 = info ] || { ! grep health >/dev/null || exit 9; echo $1 >>${0%/*}/asked; }\n"
	    "case $1 in info) echo '{\"protocol\":1,\"capabilities\":[]}' ;;\n"
	    "luns) cat ${0%/*}/luns ;; esac\n");
	put("luns", "{\"luns\":[{\"name\":\"a\",\"size_bytes\":1,\"designators\":[\"naa.6\"]}]}");
	assert_string_equal(monitor(), "");
	assert_true(was_asked());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_lun_health_tell__tells_each_change_once),
		TEST(vm_lun_health_tell__takes_unknown_for_no_change),
		TEST(vm_lun_health_tell__asks_an_older_driver_for_no_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
