/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <string.h>

#include "base/crc32c.h"
#include "state/slot.h"
#include "tests/unit/test.h"

static unsigned char area[SLOT_AREA_BYTES];

static void slot_put(size_t index, uint64_t generation, enum image_state image, const char *payload)
{
	struct slot slot = {.generation = generation,
			    .image = image,
			    .image_bytes = 4096,
			    .payload = payload,
			    .payload_bytes = strlen(payload)};

	assert_int_equal(slot_encode(&slot, area + index * SLOT_BYTES, NULL), 0);
}

static int area_clear(void **state)
{
	(void)state;
	memset(area, 0, sizeof(area));
	return 0;
}

/* The layout must not change unnoticed: other hosts read it. */
static void slot_encode__writes_the_golden_bytes(void **state)
{
	static const unsigned char golden[] = {
		'L',  'U',  'N', 'M', 'A', 'S', 'K', 0, 1,   0,   0,    0,    2,    0,    0, 0,
		0x08, 0x07, 6,   5,   4,   3,   2,   1, 2,   0,   0,    0,    0,    0,    0, 0,
		0,    0,    1,   0,   0,   0,   0,   0, 'h', 'i', 0xf2, 0xef, 0xe3, 0x03,
	};
	struct slot slot = {.generation = UINT64_C(0x0102030405060708),
			    .image = IMAGE_VALID,
			    .image_bytes = 65536,
			    .payload = "hi",
			    .payload_bytes = 2};

	(void)state;
	assert_int_equal(slot_encode(&slot, area, NULL), 0);
	assert_memory_equal(area, golden, sizeof(golden));
	assert_int_equal(slot_used_bytes(&slot), sizeof(golden));
}

static void slot_decode__returns_what_was_encoded(void **state)
{
	struct slot slot;

	(void)state;
	slot_put(0, 7, IMAGE_CONSUMED, "<domain/>");
	assert_int_equal(slot_decode(area, &slot), SLOT_OK);
	assert_int_equal(slot.generation, 7);
	assert_int_equal(slot.image, IMAGE_CONSUMED);
	assert_int_equal(slot.image_bytes, 4096);
	assert_int_equal(slot.payload_bytes, 9);
	assert_memory_equal(slot.payload, "<domain/>", 9);
}

static void slot_encode__takes_the_longest_payload_and_no_longer(void **state)
{
	static char payload[SLOT_PAYLOAD_MAX + 1];
	struct slot slot = {.generation = 1, .payload = payload, .payload_bytes = SLOT_PAYLOAD_MAX};
	struct slot back;

	(void)state;
	memset(payload, 'p', sizeof(payload));
	assert_int_equal(slot_encode(&slot, area, NULL), 0);
	assert_int_equal(slot_decode(area, &back), SLOT_OK);
	assert_int_equal(back.payload_bytes, SLOT_PAYLOAD_MAX);
	slot.payload_bytes++;
	assert_int_equal(slot_encode(&slot, area, NULL), -EMSGSIZE);
}

static void slot_encode__refuses_what_decode_would(void **state)
{
	struct slot slot = {.generation = 0};

	(void)state;
	assert_int_equal(slot_encode(&slot, area, NULL), -EINVAL);
	slot = (struct slot){.generation = 1, .image = IMAGE_STATE_MAX};
	assert_int_equal(slot_encode(&slot, area, NULL), -EINVAL);
}

static void slot_decode__notices_every_changed_bit(void **state)
{
	struct slot slot;

	(void)state;
	slot_put(0, 7, IMAGE_VALID, "<domain/>");
	for (size_t bit = 0; bit < (40 + 9 + 4) * 8; bit++) {
		area[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_int_not_equal(slot_decode(area, &slot), SLOT_OK);
		area[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_int_equal(slot_decode(area, &slot), SLOT_OK);
}

/* A header that says what no version 1 says, under a CRC that is right. */
static void slot_decode__refuses_an_illegal_header(void **state)
{
	static const struct {
		size_t at;
		unsigned char value;
	} bad[] = {{8, 0}, {14, 8}, {16, 0}, {24, IMAGE_STATE_MAX}, {28, 1}, {31, 1}};
	struct slot slot;
	uint32_t crc;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		slot_put(0, 7, IMAGE_VALID, "<domain/>");
		area[bad[i].at] = bad[i].value;
		crc = htole32(crc32c(area, 49));
		memcpy(area + 49, &crc, sizeof(crc));
		assert_int_equal(slot_decode(area, &slot), SLOT_DAMAGED);
	}
}

static void slot_decode__tells_empty_foreign_and_newer_apart(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(slot_decode(area, &slot), SLOT_EMPTY);
	area[SLOT_BYTES - 1] = 1;
	assert_int_equal(slot_decode(area, &slot), SLOT_FOREIGN);
	slot_put(0, 1, IMAGE_NONE, "x");
	area[8] = 2;
	assert_int_equal(slot_decode(area, &slot), SLOT_NEWER_VERSION);
}

static void slot_choose__takes_the_newest(void **state)
{
	struct slot slot;
	size_t index;

	(void)state;
	slot_put(0, 8, IMAGE_NONE, "new");
	slot_put(1, 7, IMAGE_VALID, "old");
	assert_int_equal(slot_choose(area, &slot, &index, NULL), 0);
	assert_int_equal(index, 0);
	slot_put(1, 9, IMAGE_VALID, "newer");
	assert_int_equal(slot_choose(area, &slot, &index, NULL), 0);
	assert_int_equal(index, 1);
	assert_int_equal(slot.generation, 9);
}

static void slot_choose__one_valid_copy_serves_whatever_the_other_is(void **state)
{
	struct slot slot;
	size_t index;

	(void)state;
	slot_put(1, 7, IMAGE_VALID, "old");
	assert_int_equal(slot_choose(area, &slot, &index, NULL), 0);
	slot_put(0, 8, IMAGE_VALID, "damaged");
	area[41] ^= 1;
	assert_int_equal(slot_choose(area, &slot, &index, NULL), 0);
	assert_int_equal(index, 1);
	memset(area, 0, 512);
	assert_int_equal(slot_choose(area, &slot, &index, NULL), 0);
	assert_int_equal(index, 1);
}

static void slot_choose__refuses_when_nothing_is_certain(void **state)
{
	struct err err = ERR_INIT;
	struct slot slot;
	size_t index;

	(void)state;
	assert_int_equal(slot_choose(area, &slot, &index, &err), -ENODATA);
	slot_put(0, 8, IMAGE_VALID, "damaged");
	area[41] ^= 1;
	assert_int_equal(slot_choose(area, &slot, &index, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "fill them with zeros and start the VM"));
	slot_put(0, 8, IMAGE_VALID, "twice");
	slot_put(1, 8, IMAGE_NONE, "the same");
	assert_int_equal(slot_choose(area, &slot, &index, &err), -EUCLEAN);
	memset(area, 0xeb, sizeof(area));
	assert_int_equal(slot_choose(area, &slot, &index, &err), -EBADMSG);
	memset(area, 0, SLOT_BYTES);
	assert_int_equal(slot_choose(area, &slot, &index, &err), -EBADMSG);
}

static void slot_choose__refuses_a_newer_version_even_beside_a_valid_copy(void **state)
{
	struct err err = ERR_INIT;
	struct slot slot;
	size_t index;

	(void)state;
	slot_put(0, 7, IMAGE_VALID, "old");
	slot_put(1, 8, IMAGE_VALID, "newer layout");
	area[SLOT_BYTES + 8] = 2;
	assert_int_equal(slot_choose(area, &slot, &index, &err), -ENOTSUP);
	assert_non_null(strstr(err_text(&err), "upgrade"));
}

static void image_state_to_str__names_all(void **state)
{
	(void)state;
	assert_string_equal(image_state_to_str(IMAGE_NONE), "none");
	assert_string_equal(image_state_to_str(IMAGE_CONSUMED), "consumed");
	assert_string_equal(image_state_to_str(IMAGE_STATE_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slot_encode__writes_the_golden_bytes, area_clear),
		cmocka_unit_test_setup(slot_decode__returns_what_was_encoded, area_clear),
		cmocka_unit_test(slot_encode__takes_the_longest_payload_and_no_longer),
		cmocka_unit_test(slot_encode__refuses_what_decode_would),
		cmocka_unit_test(slot_decode__notices_every_changed_bit),
		cmocka_unit_test(slot_decode__refuses_an_illegal_header),
		cmocka_unit_test_setup(slot_decode__tells_empty_foreign_and_newer_apart,
				       area_clear),
		cmocka_unit_test(slot_choose__takes_the_newest),
		cmocka_unit_test_setup(slot_choose__one_valid_copy_serves_whatever_the_other_is,
				       area_clear),
		cmocka_unit_test_setup(slot_choose__refuses_when_nothing_is_certain, area_clear),
		cmocka_unit_test(slot_choose__refuses_a_newer_version_even_beside_a_valid_copy),
		cmocka_unit_test(image_state_to_str__names_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
