/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "state/state_lun.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#define OFFSET_BYTES 65536
#define PAGE_BYTES 4096

/* A device in memory that fails on demand. */
struct device {
	unsigned char data[OFFSET_BYTES + SLOT_AREA_BYTES + PAGE_BYTES];
	size_t torn_bytes; /* a write gets no further, and fails; 0: it gets through */
	bool write_fails, flush_fails, read_lies;
	unsigned int writes, flushes, writes_at_flush;
};

static struct device device;
static struct state_lun *lun;

static int device_read(void *data, uint64_t offset_bytes, void *buffer, size_t bytes,
		       struct deadline deadline, struct err *err)
{
	struct device *from = data;

	(void)deadline;
	(void)err;
	assert_true(offset_bytes >= OFFSET_BYTES && offset_bytes + bytes <= sizeof(from->data));
	memcpy(buffer, from->data + offset_bytes, bytes);
	if (from->read_lies && from->writes > 0) {
		((unsigned char *)buffer)[bytes / 2] ^= 1;
	}
	return 0;
}

static int device_write(void *data, uint64_t offset_bytes, const void *buffer, size_t bytes,
			struct deadline deadline, struct err *err)
{
	struct device *to = data;

	(void)deadline;
	assert_true(offset_bytes >= OFFSET_BYTES &&
		    offset_bytes + bytes <= OFFSET_BYTES + SLOT_AREA_BYTES);
	assert_int_equal(offset_bytes % PAGE_BYTES, 0);
	assert_int_equal(bytes % PAGE_BYTES, 0);
	if (to->write_fails) {
		return err_set(err, -EIO, "write failed");
	}
	to->writes++;
	if (to->torn_bytes > 0 && to->torn_bytes < bytes) {
		memcpy(to->data + offset_bytes, buffer, to->torn_bytes);
		return err_set(err, -EIO, "power cut");
	}
	memcpy(to->data + offset_bytes, buffer, bytes);
	return 0;
}

static int device_flush(void *data, struct deadline deadline, struct err *err)
{
	struct device *of = data;

	(void)deadline;
	of->flushes++;
	of->writes_at_flush = of->writes;
	return of->flush_fails ? err_set(err, -EIO, "flush failed") : 0;
}

static const struct state_device_ops ops = {device_read, device_write, device_flush};

static int setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	lun = state_lun_new(&ops, &device, OFFSET_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	state_lun_close(lun, deadline_in(TEST_LIMIT_MS));
	return 0;
}

static int store(const char *payload, enum image_state image)
{
	struct slot slot = {.image = image, .payload = payload, .payload_bytes = strlen(payload)};

	return state_lun_store(lun, &slot, deadline_in(TEST_LIMIT_MS), NULL);
}

static int load(struct slot *slot)
{
	return state_lun_load(lun, deadline_in(TEST_LIMIT_MS), slot, NULL);
}

static void assert_loads(const char *payload, uint64_t generation)
{
	struct slot slot;

	assert_int_equal(load(&slot), 0);
	assert_int_equal(slot.generation, generation);
	assert_int_equal(slot.payload_bytes, strlen(payload));
	assert_memory_equal(slot.payload, payload, slot.payload_bytes);
}

static void state_lun_load__of_an_empty_area_finds_nothing(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(load(&slot), -ENODATA);
}

static void state_lun_store__alternates_and_counts(void **state)
{
	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_loads("one", 1);
	assert_int_equal(store("two", IMAGE_NONE), 0);
	assert_loads("two", 2);
	assert_int_equal(store("three", IMAGE_NONE), 0);
	assert_loads("three", 3);
	assert_memory_equal(device.data + OFFSET_BYTES + 40, "three", 5);
	assert_memory_equal(device.data + OFFSET_BYTES + SLOT_BYTES + 40, "two", 3);
}

static void state_lun_store__touches_nothing_outside_its_area(void **state)
{
	(void)state;
	memset(device.data, 0xee, OFFSET_BYTES);
	memset(device.data + OFFSET_BYTES + SLOT_AREA_BYTES, 0xee, PAGE_BYTES);
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_int_equal(store("two", IMAGE_NONE), 0);
	assert_int_equal(device.data[OFFSET_BYTES - 1], 0xee);
	assert_int_equal(device.data[OFFSET_BYTES + SLOT_AREA_BYTES], 0xee);
}

static void state_lun_store__flushes_after_the_write(void **state)
{
	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_int_equal(device.flushes, 1);
	assert_int_equal(device.writes_at_flush, 1);
}

static void state_lun_store__of_a_loaded_slot_keeps_its_payload(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(store("one", IMAGE_VALID), 0);
	assert_int_equal(load(&slot), 0);
	slot.image = IMAGE_CONSUMED;
	assert_int_equal(state_lun_store(lun, &slot, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(state_lun_store(lun, &slot, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_loads("one", 3);
	assert_int_equal(load(&slot), 0);
	assert_int_equal(slot.image, IMAGE_CONSUMED);
}

/* In either slot, first over an empty one and then over older states as long. */
static void state_lun_store__torn_anywhere_leaves_the_older_state(void **state)
{
	static char big[SLOT_PAYLOAD_MAX + 1];

	(void)state;
	assert_int_equal(store("0", IMAGE_NONE), 0);
	for (size_t torn = PAGE_BYTES; torn < SLOT_BYTES; torn += PAGE_BYTES) {
		struct slot before, after;
		char *payload;

		assert_int_equal(load(&before), 0);
		payload = strndup(before.payload, before.payload_bytes);
		memset(big, (int)('a' + torn / PAGE_BYTES % 26), SLOT_PAYLOAD_MAX);
		device.torn_bytes = torn;
		assert_int_equal(store(big, IMAGE_VALID), -EIO);
		device.torn_bytes = 0;
		assert_int_equal(load(&after), 0);
		assert_int_equal(after.generation, before.generation);
		assert_loads(payload, before.generation);
		assert_int_equal(store(big, IMAGE_VALID), 0);
		assert_loads(big, before.generation + 1);
		free(payload);
	}
}

static void state_lun_store__reports_write_and_flush_errors(void **state)
{
	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	device.write_fails = true;
	assert_int_equal(store("two", IMAGE_NONE), -EIO);
	device.write_fails = false;
	assert_loads("one", 1);
	device.flush_fails = true;
	assert_int_equal(store("two", IMAGE_NONE), -EIO);
}

static void state_lun_store__reports_that_something_else_is_read_back(void **state)
{
	struct slot slot = {.payload = "one", .payload_bytes = 3};
	struct err err = ERR_INIT;

	(void)state;
	device.read_lies = true;
	assert_int_equal(state_lun_store(lun, &slot, deadline_in(TEST_LIMIT_MS), &err), -EIO);
	assert_non_null(strstr(err_text(&err), "does not return what was written"));
}

static void state_lun_load__one_damaged_slot_leaves_the_other(void **state)
{
	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_int_equal(store("two", IMAGE_NONE), 0);
	device.data[OFFSET_BYTES + SLOT_BYTES + 41] ^= 1;
	assert_loads("one", 1);
	assert_int_equal(store("three", IMAGE_NONE), 0);
	assert_loads("three", 2);
}

static void state_lun_store__refuses_two_damaged_slots(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_int_equal(store("two", IMAGE_NONE), 0);
	device.data[OFFSET_BYTES + 41] ^= 1;
	device.data[OFFSET_BYTES + SLOT_BYTES + 41] ^= 1;
	device.writes = 0;
	assert_int_equal(load(&slot), -EUCLEAN);
	assert_int_equal(store("three", IMAGE_NONE), -EUCLEAN);
	assert_int_equal(device.writes, 0);
}

static void state_lun_store__refuses_what_is_not_ours(void **state)
{
	(void)state;
	memcpy(device.data + OFFSET_BYTES + 1024 + 56, "\x53\xef", 2);
	assert_int_equal(store("one", IMAGE_NONE), -EBADMSG);
	assert_int_equal(device.writes, 0);
}

static void state_lun_store__refuses_when_another_host_wrote(void **state)
{
	struct slot slot = {.payload = "theirs", .payload_bytes = 6};
	struct state_lun *other = state_lun_new(&ops, &device, OFFSET_BYTES);

	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	assert_int_equal(state_lun_store(other, &slot, deadline_in(TEST_LIMIT_MS), NULL), 0);
	state_lun_close(other, deadline_in(TEST_LIMIT_MS));
	assert_int_equal(store("two", IMAGE_NONE), -ESTALE);
	assert_loads("theirs", 2);
	assert_int_equal(store("two", IMAGE_NONE), 0);
}

/* As one handle after another does: what the first one saw is still what is meant. */
static void state_lun_expect__carries_what_was_seen_to_the_next_handle(void **state)
{
	struct slot slot = {.payload = "mine", .payload_bytes = 4};
	struct state_lun *next = state_lun_new(&ops, &device, OFFSET_BYTES);

	(void)state;
	assert_int_equal(store("one", IMAGE_NONE), 0);
	state_lun_expect(next, 0);
	assert_int_equal(state_lun_store(next, &slot, deadline_in(TEST_LIMIT_MS), NULL), -ESTALE);
	state_lun_expect(next, 1);
	assert_int_equal(state_lun_store(next, &slot, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(state_lun_generation(next), 2);
	state_lun_close(next, deadline_in(TEST_LIMIT_MS));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(state_lun_load__of_an_empty_area_finds_nothing),
		CASE(state_lun_store__alternates_and_counts),
		CASE(state_lun_store__touches_nothing_outside_its_area),
		CASE(state_lun_store__flushes_after_the_write),
		CASE(state_lun_store__of_a_loaded_slot_keeps_its_payload),
		CASE(state_lun_store__torn_anywhere_leaves_the_older_state),
		CASE(state_lun_store__reports_write_and_flush_errors),
		CASE(state_lun_store__reports_that_something_else_is_read_back),
		CASE(state_lun_load__one_damaged_slot_leaves_the_other),
		CASE(state_lun_store__refuses_two_damaged_slots),
		CASE(state_lun_store__refuses_what_is_not_ours),
		CASE(state_lun_store__refuses_when_another_host_wrote),
		CASE(state_lun_expect__carries_what_was_seen_to_the_next_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
