/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/id128.h"
#include "tests/unit/test.h"

static const struct id128 counted = {.bytes = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
					       0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
#define COUNTED_TEXT "00112233-4455-6677-8899-aabbccddeeff"

static void id128_equal__compares_all_bytes(void **state)
{
	(void)state;
	assert_true(id128_equal(&counted, &counted));
	for (size_t i = 0; i < ID128_BYTES; i++) {
		struct id128 other = counted;

		other.bytes[i] ^= 1;
		assert_false(id128_equal(&counted, &other));
	}
}

static void id128_is_zero__is_true_of_zero_only(void **state)
{
	struct id128 id = {{0}};

	(void)state;
	assert_true(id128_is_zero(&id));
	id.bytes[ID128_BYTES - 1] = 1;
	assert_false(id128_is_zero(&id));
}

static void id128_random__gives_another_each_time(void **state)
{
	struct id128 a = {{0}}, b = {{0}};

	(void)state;
	assert_int_equal(id128_random(&a), 0);
	assert_int_equal(id128_random(&b), 0);
	assert_false(id128_is_zero(&a));
	assert_false(id128_equal(&a, &b));
}

/* Computed with sha256sum over the lengths (8 bytes, little-endian) and the texts. */
static void id128_derive__is_the_same_everywhere(void **state)
{
	char text[ID128_TEXT];
	struct id128 id;

	(void)state;
	id128_derive(&id, "web1", "start", NULL);
	id128_to_str(&id, text);
	assert_string_equal(text, "c71567a6-e3a2-be95-2ddb-729e3b710263");
}

static void id128_derive__tells_where_a_text_ends(void **state)
{
	struct id128 a, b, c;

	(void)state;
	id128_derive(&a, "ab", "c", NULL);
	id128_derive(&b, "a", "bc", NULL);
	id128_derive(&c, "abc", NULL);
	assert_false(id128_equal(&a, &b));
	assert_false(id128_equal(&a, &c));
	id128_derive(&b, "ab", "c", "", NULL);
	assert_false(id128_equal(&a, &b));
}

static void id128_to_str__writes_a_uuid(void **state)
{
	char text[ID128_TEXT];

	(void)state;
	id128_to_str(&counted, text);
	assert_string_equal(text, COUNTED_TEXT);
}

static void id128_from_str__reads_either_case(void **state)
{
	struct id128 id;

	(void)state;
	assert_int_equal(id128_from_str(COUNTED_TEXT, &id), 0);
	assert_true(id128_equal(&id, &counted));
	memset(&id, 0, sizeof(id));
	assert_int_equal(id128_from_str("00112233-4455-6677-8899-AABBCCDDEEFF", &id), 0);
	assert_true(id128_equal(&id, &counted));
}

static void id128_from_str__refuses_everything_else(void **state)
{
	static const char *const texts[] = {
		"",
		"0",
		"00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233-4455-6677-8899-aabbccddeef ",
		"0011223-34455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeegf",
		"{0112233-4455-6677-8899-aabbccddeeff}",
	};
	struct id128 id = counted;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_int_equal(id128_from_str(texts[i], &id), -EINVAL);
		assert_true(id128_equal(&id, &counted));
	}
}

static void id128_from_str__reads_no_further_than_the_text(void **state)
{
	struct id128 id;

	(void)state;
	for (size_t length = 0; length < ID128_TEXT - 1; length++) {
		char *text = test_malloc(length + 1);

		memcpy(text, COUNTED_TEXT, length);
		text[length] = '\0';
		assert_int_equal(id128_from_str(text, &id), -EINVAL);
		test_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id128_equal__compares_all_bytes),
		cmocka_unit_test(id128_is_zero__is_true_of_zero_only),
		cmocka_unit_test(id128_random__gives_another_each_time),
		cmocka_unit_test(id128_derive__is_the_same_everywhere),
		cmocka_unit_test(id128_derive__tells_where_a_text_ends),
		cmocka_unit_test(id128_to_str__writes_a_uuid),
		cmocka_unit_test(id128_from_str__reads_either_case),
		cmocka_unit_test(id128_from_str__refuses_everything_else),
		cmocka_unit_test(id128_from_str__reads_no_further_than_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
