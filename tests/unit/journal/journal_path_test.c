/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "journal/journal_path.h"

static struct journal_path path_make(void)
{
	return (struct journal_path){
		.node = "n1",
		.array = "san1",
		.portal = "10.0.0.1:3260",
		.origin = JOURNAL_PATH_CONFIGURED,
		.state = PATH_DOWN,
		.age_ms = 0x0102,
		.measured_ms = JOURNAL_PATH_NEVER,
		.latency_us = 7,
		.reason = "no",
	};
}

static void path_encode__has_golden_bytes(void **state)
{
	/* clang-format off */
	static const uint8_t golden[] = {
		1, 2, 0, 'n', '1', 4, 0, 's', 'a', 'n', '1',
		13, 0, '1', '0', '.', '0', '.', '0', '.', '1', ':', '3', '2', '6', '0',
		JOURNAL_PATH_CONFIGURED, PATH_DOWN, 2, 1, 0, 0, 0, 0, 0, 0,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 2, 0, 'n', 'o',
	};
	/* clang-format on */
	const struct journal_path path = path_make();
	uint8_t buffer[JOURNAL_PATH_BYTES_MAX];
	struct journal_path again;
	size_t used;

	(void)state;
	assert_int_equal(journal_path_encode(&path, buffer), sizeof(golden));
	assert_memory_equal(buffer, golden, sizeof(golden));
	assert_int_equal(journal_path_decode(golden, sizeof(golden), &again, &used), 0);
	assert_int_equal(used, sizeof(golden));
	assert_int_equal(journal_path_encode(&again, buffer), sizeof(golden));
	assert_memory_equal(buffer, golden, sizeof(golden));
	for (size_t bytes = 0; bytes < sizeof(golden); bytes++) {
		assert_int_equal(journal_path_decode(golden, bytes, &again, &used), -EBADMSG);
	}
}

static void path_encode__has_room_for_the_longest(void **state)
{
	struct journal_path path = path_make();
	uint8_t buffer[JOURNAL_PATH_BYTES_MAX];
	struct journal_path again;
	size_t used;

	(void)state;
	memset(path.node, 'n', NODE_NAME_MAX);
	memset(path.array, 'a', LUN_NAME_MAX);
	memset(path.reason, 'r', PATH_REASON_MAX);
	assert_true(journal_path_encode(&path, buffer) > 0);
	assert_int_equal(journal_path_decode(buffer, sizeof(buffer), &again, &used), 0);
	assert_string_equal(again.reason, path.reason);
}

static void path_encode__refuses_what_is_not_legal(void **state)
{
	struct journal_path paths[7];
	uint8_t buffer[JOURNAL_PATH_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		paths[i] = path_make();
	}
	paths[0].node[0] = '\0';
	(void)strcpy(paths[1].node, "a b");
	(void)strcpy(paths[2].array, "../x");
	(void)strcpy(paths[3].portal, "array.example:3260");
	paths[4].state = PATH_STATE_MAX;
	paths[5].origin = (enum journal_path_origin)0;
	(void)strcpy(paths[6].reason, "a\nb");
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(journal_path_encode(&paths[i], buffer), 0);
	}
}

static void path_usable__counts_what_is_up_and_configured(void **state)
{
	struct journal_path path = path_make();

	(void)state;
	assert_false(journal_path_usable(&path));
	path.state = PATH_UP;
	assert_true(journal_path_usable(&path));
	path.origin = JOURNAL_PATH_REPORTED;
	assert_false(journal_path_usable(&path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_encode__has_golden_bytes),
		cmocka_unit_test(path_encode__has_room_for_the_longest),
		cmocka_unit_test(path_encode__refuses_what_is_not_legal),
		cmocka_unit_test(path_usable__counts_what_is_up_and_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
