/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/md/md_condition.h"

/* A folder as the kernel has one for each block device. */
static char root[64];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(root, "/tmp/lunmask-md-XXXXXX");
	return mkdtemp(root) != NULL ? 0 : -1;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *content)
{
	g_autofree char *file = g_build_filename(root, name, NULL);
	g_autofree char *folder = g_path_get_dirname(file);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(file, content, -1, NULL));
}

static void md_put(const char *device, const char *state, const char *degraded, const char *action)
{
	g_autofree char *level_file = g_build_filename(device, "md/level", NULL);
	g_autofree char *state_file = g_build_filename(device, "md/array_state", NULL);
	g_autofree char *degraded_file = g_build_filename(device, "md/degraded", NULL);
	g_autofree char *action_file = g_build_filename(device, "md/sync_action", NULL);

	put(level_file, "raid5\n");
	put(state_file, state);
	put(degraded_file, degraded);
	put(action_file, action);
}

static void is(const char *device, const char *class, enum lun_health health, const char *says)
{
	g_autofree char *folder = g_build_filename(root, device, NULL);
	struct lun_condition condition = md_condition(folder, class);

	if (condition.health != health || strstr(condition.reason, says) == NULL) {
		fail_msg("%s: %s: '%s'", device, lun_health_to_str(condition.health),
			 condition.reason);
	}
}

static void md_condition__reads_what_the_kernel_says(void **state)
{
	(void)state;
	md_put("md", "active\n", "0\n", "idle\n");
	is("md", "raid5", LUN_HEALTHY, "");
	is("md", "mirror", LUN_DEGRADED, "is a raid5, which is not mirror");
	md_put("md", "clean\n", "1\n", "idle\n");
	is("md", "raid5", LUN_DEGRADED, "lacks devices: 1");
	md_put("md", "clean\n", "0\n", "resync\n");
	is("md", "raid5", LUN_DEGRADED, "is being built: resync");
	md_put("md", "clean\n", "0\n", "check\n");
	is("md", "raid5", LUN_HEALTHY, "");
	md_put("md", "broken\n", "2\n", "idle\n");
	is("md", "raid5", LUN_FAILED, "broken");
}

static void md_condition__looks_below(void **state)
{
	(void)state;
	md_put("dm/slaves/md1", "clean\n", "0\n", "idle\n");
	is("dm", "raid5", LUN_HEALTHY, "");
	put("dm/slaves/sda/size", "8\n");
	is("dm", "raid5", LUN_HEALTH_UNKNOWN, "do not tell");
	md_put("dm/slaves/md2", "clean\n", "1\n", "idle\n");
	is("dm", "raid5", LUN_DEGRADED, "lacks devices");
	md_put("md3", "clean\n", "0\n", "idle\n");
	put("md3/md3p1/partition", "1\n");
	is("md3/md3p1", "raid5", LUN_HEALTHY, "");
}

static void md_condition__does_not_know_a_plain_disk(void **state)
{
	(void)state;
	put("sda/size", "8\n");
	is("sda", "none", LUN_HEALTH_UNKNOWN, "do not tell");
	is("nothing", "none", LUN_HEALTH_UNKNOWN, "do not tell");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(md_condition__reads_what_the_kernel_says),
		TEST(md_condition__looks_below),
		TEST(md_condition__does_not_know_a_plain_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
