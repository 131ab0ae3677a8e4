/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/lun_process.h"
#include "tests/unit/process/qemu_player.h"

static char target[128];

/* before, target, after: the option that has the drive. */
static bool found_with(const char *before, const char *after, unsigned int number,
		       const char *except)
{
	char option[256];
	struct lun_process found;
	pid_t player;

	(void)snprintf(option, sizeof(option), "%s%s%s", before, target, after);
	player = qemu_player_start(false,
				   (const char *const[]){"-name", "guest=unit-vm,debug-threads=on",
							 "-blockdev", option, NULL});
	assert_int_equal(lun_process_find(target, number, except, &found, NULL), 0);
	qemu_player_kill(player);
	if (found.pid != 0) {
		assert_int_equal(found.pid, player);
		assert_string_equal(found.name, "unit-vm");
	}
	return found.pid != 0;
}

static void find__knows_it_in_every_notation(void **state)
{
	(void)state;
	assert_true(found_with("{\"driver\":\"iscsi\",\"target\":\"", "\",\"lun\":7}", 7, "web1"));
	assert_true(found_with("{\"lun\": 7, \"target\": \"", "\"}", 7, "web1"));
	assert_true(found_with("driver=iscsi,target=", ",lun=7", 7, "web1"));
	assert_true(found_with("file.driver=iscsi,file.target=", ",file.lun=7", 7, "web1"));
	assert_true(found_with("file=iscsi://10.0.0.1:3260/", "/7,if=none", 7, "web1"));
	assert_true(found_with("driver=iscsi,target=", "", 0, "web1"));
}

static void find__is_not_mistaken(void **state)
{
	(void)state;
	assert_false(found_with("driver=iscsi,target=", ",lun=17", 7, "web1"));
	assert_false(found_with("driver=iscsi,target=", "2,lun=7", 7, "web1"));
	assert_false(found_with("driver=iscsi,target=x.", ",lun=7", 7, "web1"));
	assert_false(found_with("file=iscsi://10.0.0.1/", "/71", 7, "web1"));
	assert_false(found_with("driver=iscsi,target=", ",lun=7", 7, "unit-vm"));
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(find__knows_it_in_every_notation),
		TEST(find__is_not_mistaken),
	};

	(void)argc;
	qemu_player_main(argv);
	(void)snprintf(target, sizeof(target), "iqn.2026-11.org.example:lun-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
