/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against drivers that are broken, each in its way. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array/array.h"

static const char *const NAMES[] = {"a"};

/* Asks for the masks of LUN "a" by a driver that is this shell script. */
static int masks_of(const char *script, int timeout_ms, struct array_masks *masks, struct err *err)
{
	char file[] = "/tmp/lunmask-driver-XXXXXX";
	const struct array array = {
		.name = "san1", .driver = file, .runner = {.transport = "exec"}};
	int fd = mkstemp(file);
	int rc;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	assert_int_equal(close(fd), 0);
	rc = array_masks(&array, NAMES, 1, deadline_in(timeout_ms), masks, err);
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
			 5000, &masks, &err),
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
		{"exec head -c 1073741824 /dev/zero", -EMSGSIZE, "more than"},
		{"exec sleep 600", -ETIMEDOUT, "did not finish in time"},
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
		int64_t begin = deadline_now_ms();

		assert_int_equal(masks_of(rows[i].script, 1000, &masks, &err), rows[i].rc);
		assert_non_null(strstr(err_text(&err), rows[i].text));
		assert_non_null(strstr(err_text(&err), "array san1, masks"));
		assert_true(deadline_now_ms() - begin < 4000);
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
	assert_int_equal(array_masks(&array, NAMES, 1, deadline_in(1000), &masks, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "lunmask-array-none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_masks__talks_to_a_driver),
		cmocka_unit_test(array_masks__fails_in_one_line_with_every_bad_driver),
		cmocka_unit_test(array_masks__names_a_driver_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
