/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/firmware_variables.h"
#include "tests/unit/support/undo.h"

#define BYTES 16384
#define UNIT 4096

/* A LUN in memory; the write of this number, counted from 1, is the last before a power cut. */
struct device {
	char data[BYTES];
	int writes;
	int last;
};

static int device_read(void *device, uint64_t offset_bytes, void *data, size_t bytes,
		       struct deadline deadline, struct err *err)
{
	(void)deadline;
	(void)err;
	memcpy(data, ((struct device *)device)->data + offset_bytes, bytes);
	return 0;
}

static int device_write(void *device, uint64_t offset_bytes, const void *data, size_t bytes,
			struct deadline deadline, struct err *err)
{
	struct device *to = device;

	(void)deadline;
	if (to->last != 0 && to->writes >= to->last) {
		return err_set(err, -EIO, "power cut");
	}
	to->writes++;
	memcpy(to->data + offset_bytes, data, bytes);
	return 0;
}

static int device_flush(void *device, struct deadline deadline, struct err *err)
{
	(void)device;
	(void)deadline;
	(void)err;
	return 0;
}

static const struct state_device_ops ops = {device_read, device_write, device_flush};

static void volume_make(char data[BYTES])
{
	memset(data, 0, BYTES);
	memset(data + 16, 7, BYTES - 16);
	memcpy(data + 40, "_FVH", 4);
}

static int look(struct device *device, bool *ret_present)
{
	struct err err = ERR_INIT;

	return firmware_variables_look(&ops, device, ret_present, deadline_in(TEST_LIMIT_MS), &err);
}

static void firmware_variables_look__tells_three_things_apart(void **state)
{
	struct device device = {.last = 0};
	bool present = true;

	(void)state;
	assert_int_equal(look(&device, &present), 0);
	assert_false(present);
	volume_make(device.data);
	assert_int_equal(look(&device, &present), 0);
	assert_true(present);
	strcpy(device.data, "somebody's data");
	memset(device.data + 40, 0, 4);
	assert_int_equal(look(&device, &present), -EUCLEAN);
	memset(device.data, 0, BYTES);
	device.data[UNIT - 1] = 1;
	assert_int_equal(look(&device, &present), -EUCLEAN);
}

/* Cut off at any write: what is there is new, or whole. */
static void firmware_variables_fill__is_whole_or_new(void **state)
{
	static char data[BYTES];

	(void)state;
	volume_make(data);
	for (int last = 0; last <= BYTES / UNIT; last++) {
		struct device device = {.last = last};
		struct err err = ERR_INIT;
		bool present = false;
		int rc;

		if (last == 0) {
			device.writes = device.last = -1; /* the first one is cut off */
		}
		rc = firmware_variables_fill(&ops, &device, data, BYTES, deadline_in(TEST_LIMIT_MS),
					     &err);
		assert_int_equal(rc == 0, last == BYTES / UNIT);
		assert_int_equal(look(&device, &present), 0);
		assert_int_equal(present, last == BYTES / UNIT);
		if (present) {
			assert_memory_equal(device.data, data, BYTES);
		}
		device.last = 0;
		assert_int_equal(firmware_variables_fill(&ops, &device, data, BYTES,
							 deadline_in(TEST_LIMIT_MS), &err),
				 0);
		assert_memory_equal(device.data, data, BYTES);
	}
}

/* Whoever fills may not have looked, or could not. */
static void firmware_variables_fill__overwrites_nothing(void **state)
{
	static char data[BYTES];
	struct device device = {.last = 0};
	struct device before;
	struct err err = ERR_INIT;

	(void)state;
	volume_make(data);
	strcpy(device.data, "somebody's data");
	before = device;
	assert_int_equal(firmware_variables_fill(&ops, &device, data, BYTES,
						 deadline_in(TEST_LIMIT_MS), &err),
			 -EUCLEAN);
	assert_memory_equal(device.data, before.data, BYTES);
	volume_make(device.data);
	device.data[BYTES - 1] = 1;
	before = device;
	assert_int_equal(firmware_variables_fill(&ops, &device, data, BYTES,
						 deadline_in(TEST_LIMIT_MS), &err),
			 0);
	assert_memory_equal(device.data, before.data, BYTES);
}

static void firmware_variables_load__wants_the_size_of_the_lun(void **state)
{
	g_autofree char *file = g_strdup("/tmp/lunmask-variables-XXXXXX");
	g_autofree char *data = NULL;
	static char content[BYTES];
	struct err err = ERR_INIT;
	int fd = g_mkstemp(file);

	(void)state;
	assert_true(fd >= 0 && write(fd, content, BYTES) == BYTES && close(fd) == 0);
	assert_int_equal(firmware_variables_load(file, BYTES, &data, &err), 0);
	assert_non_null(data);
	g_clear_pointer(&data, g_free);
	assert_int_equal(firmware_variables_load(file, BYTES + 512, &data, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "make a LUN of 16384 bytes"));
	assert_null(data);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(firmware_variables_load(file, BYTES, &data, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_variables_look__tells_three_things_apart),
		cmocka_unit_test(firmware_variables_fill__is_whole_or_new),
		cmocka_unit_test(firmware_variables_fill__overwrites_nothing),
		cmocka_unit_test(firmware_variables_load__wants_the_size_of_the_lun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
