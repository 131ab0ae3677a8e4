/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ring/outbox.h"

static uint32_t first_value(const struct outbox *outbox)
{
	const uint8_t *data;
	uint32_t value;
	size_t bytes;

	assert_true(outbox_first(outbox, &data, &bytes));
	assert_int_equal(bytes, sizeof(value));
	memcpy(&value, data, sizeof(value));
	return value;
}

static void put_value(struct outbox *outbox, uint32_t value)
{
	outbox_put(outbox, (const uint8_t *)&value, sizeof(value));
}

static void outbox__keeps_the_order(void **state)
{
	struct outbox outbox = {0};
	const uint8_t *data;
	size_t bytes;

	(void)state;
	assert_false(outbox_first(&outbox, &data, &bytes));
	for (uint32_t i = 0; i < 1000; i++) {
		put_value(&outbox, i);
		put_value(&outbox, i + 1);
		assert_int_equal(first_value(&outbox), i);
		outbox_remove_first(&outbox);
		assert_int_equal(first_value(&outbox), i + 1);
		outbox_remove_first(&outbox);
	}
	assert_int_equal(outbox.dropped, 0);
	assert_int_equal(outbox.bytes, 0);
	outbox_remove_first(&outbox);
	assert_int_equal(outbox.n, 0);
}

static void outbox_put__drops_the_oldest_of_too_many(void **state)
{
	struct outbox outbox = {0};

	(void)state;
	for (uint32_t i = 0; i < OUTBOX_MESSAGES_MAX + 3; i++) {
		put_value(&outbox, i);
	}
	assert_int_equal(outbox.n, OUTBOX_MESSAGES_MAX);
	assert_int_equal(outbox.dropped, 3);
	assert_int_equal(first_value(&outbox), 3);
	outbox_clear(&outbox);
	assert_int_equal(outbox.n, 0);
	assert_int_equal(outbox.bytes, 0);
}

static void outbox_put__drops_the_oldest_of_too_much(void **state)
{
	const size_t size = OUTBOX_BYTES_MAX / 4;
	uint8_t *big = calloc(1, OUTBOX_BYTES_MAX + 1);
	struct outbox outbox = {0};

	(void)state;
	assert_non_null(big);
	put_value(&outbox, 7);
	for (int i = 0; i < 4; i++) {
		outbox_put(&outbox, big, size);
	}
	assert_int_equal(outbox.n, 4);
	assert_int_equal(outbox.dropped, 1);
	outbox_put(&outbox, big, OUTBOX_BYTES_MAX + 1);
	outbox_put(&outbox, big, 0);
	assert_int_equal(outbox.dropped, 3);
	assert_int_equal(outbox.n, 4);
	outbox_put(&outbox, big, OUTBOX_BYTES_MAX);
	assert_int_equal(outbox.n, 1);
	assert_int_equal(outbox.dropped, 7);
	outbox_clear(&outbox);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbox__keeps_the_order),
		cmocka_unit_test(outbox_put__drops_the_oldest_of_too_many),
		cmocka_unit_test(outbox_put__drops_the_oldest_of_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
