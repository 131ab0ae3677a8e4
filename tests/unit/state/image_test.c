/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "state/image.h"
#include "state/slot.h"
#include "tests/unit/test.h"

/* What is refused before anything is started. tests/storage has the rest, which needs root. */
static const struct iscsi_path path = {.portal = "127.0.0.1:3260",
				       .initiator = "iqn.2026-11.x:host",
				       .target = "iqn.2026-11.x:target",
				       .number = 1};

static int open_image(const char *vm, uint64_t offset_bytes, uint64_t length_bytes,
		      uint64_t lun_size_bytes)
{
	struct extent extent = {
		.lun = "state", .offset_bytes = offset_bytes, .length_bytes = length_bytes};
	struct image_export *export = NULL;
	struct err err = ERR_INIT;
	int rc = image_export_open(vm, &path, &extent, lun_size_bytes, deadline_in(0), &export,
				   &err);

	assert_null(export);
	assert_string_not_equal(err_text(&err), "");
	return rc;
}

static void image_export_open__refuses_names_that_leave_the_directory(void **state)
{
	char name[VM_NAME_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(open_image("", 0, 0, 1 << 30), -EINVAL);
	assert_int_equal(open_image("..", 0, 0, 1 << 30), -EINVAL);
	assert_int_equal(open_image("a/b", 0, 0, 1 << 30), -EINVAL);
	assert_int_equal(open_image(name, 0, 0, 1 << 30), -EINVAL);
}

static void image_export_open__refuses_an_extent_without_room(void **state)
{
	(void)state;
	assert_int_equal(open_image("vm", 0, 0, SLOT_AREA_BYTES), -EINVAL);
	assert_int_equal(open_image("vm", 0, SLOT_AREA_BYTES, 1 << 30), -EINVAL);
	assert_int_equal(open_image("vm", 1 << 30, 0, 1 << 30), -EINVAL);
	assert_int_equal(open_image("vm", 4096, 1 << 30, 1 << 30), -EINVAL);
	assert_int_equal(open_image("vm", UINT64_MAX - 511, 4096, 1 << 30), -EINVAL);
	assert_int_equal(open_image("vm", 4096, UINT64_MAX - 511, 1 << 30), -EINVAL);
}

static void image_export_end_stale__without_an_export_is_done(void **state)
{
	(void)state;
	assert_int_equal(
		image_export_remove_stale("lunmask-unit-test-no-such-vm", deadline_in(0), NULL), 0);
}

static void image_export_close__accepts_null(void **state)
{
	(void)state;
	assert_int_equal(image_export_close(NULL, deadline_in(0), NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_export_open__refuses_names_that_leave_the_directory),
		cmocka_unit_test(image_export_open__refuses_an_extent_without_room),
		cmocka_unit_test(image_export_end_stale__without_an_export_is_done),
		cmocka_unit_test(image_export_close__accepts_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
