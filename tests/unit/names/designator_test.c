/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "names/designator.h"
#include "tests/unit/test.h"

/* A page 0x83 that grows by one designator at a time. */
struct page {
	unsigned char data[4096];
	size_t bytes;
};

static void page_init(struct page *page)
{
	memset(page, 0, sizeof(*page));
	page->data[1] = 0x83;
	page->bytes = 4;
}

static void page_add(struct page *page, unsigned int code_set, unsigned int association,
		     unsigned int type, const void *name, size_t bytes)
{
	unsigned char *at = page->data + page->bytes;

	at[0] = (unsigned char)code_set;
	at[1] = (unsigned char)(association << 4 | type);
	at[3] = (unsigned char)bytes;
	memcpy(at + 4, name, bytes);
	page->bytes += 4 + bytes;
	page->data[2] = (unsigned char)((page->bytes - 4) >> 8);
	page->data[3] = (unsigned char)(page->bytes - 4);
}

static const unsigned char naa[16] = {0x60, 0x01, 0x40, 0x5a, 0xbc, 0xde, 0xf0, 0x12,
				      0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0xff};

static void designator_list_decode__keeps_the_three_kinds(void **state)
{
	struct designator_list list;
	struct page page;

	(void)state;
	page_init(&page);
	page_add(&page, 2, 0, 1, "IET     0001 0001  \0", 20);
	page_add(&page, 1, 0, 3, naa, 16);
	page_add(&page, 1, 0, 2, naa, 8);
	assert_int_equal(designator_list_decode(page.data, page.bytes, &list, NULL), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.names[0], "t10.IET     0001 0001");
	assert_string_equal(list.names[1], "naa.6001405abcdef0123456789abcdef0ff");
	assert_string_equal(list.names[2], "eui.6001405abcdef012");
}

static void designator_list_decode__ignores_names_of_ports_and_devices(void **state)
{
	struct designator_list list;
	struct page page;

	(void)state;
	page_init(&page);
	page_add(&page, 1, 1, 3, naa, 16);
	page_add(&page, 1, 2, 3, naa, 16);
	page_add(&page, 1, 0, 4, naa, 4);
	page_add(&page, 3, 0, 8, "iqn.2026-11.org.example:x", 25);
	assert_int_equal(designator_list_decode(page.data, page.bytes, &list, NULL), 0);
	assert_int_equal(list.count, 0);
}

static void designator_list_decode__leaves_out_what_is_not_legal(void **state)
{
	struct designator_list list;
	struct page page;
	char name[200];

	(void)state;
	memset(name, 'x', sizeof(name));
	page_init(&page);
	page_add(&page, 1, 0, 3, naa, 7);
	page_add(&page, 2, 0, 3, naa, 8);
	page_add(&page, 2, 0, 1, "evil\nname", 9);
	page_add(&page, 2, 0, 1, "   ", 3);
	page_add(&page, 2, 0, 1, name, sizeof(name));
	page_add(&page, 2, 0, 1, name, LUN_DESIGNATOR_MAX - 4);
	assert_int_equal(designator_list_decode(page.data, page.bytes, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(strlen(list.names[0]), LUN_DESIGNATOR_MAX);
}

static void designator_list_decode__is_bounded(void **state)
{
	struct designator_list list;
	struct page page;

	(void)state;
	page_init(&page);
	for (int i = 0; i < 2 * LUN_DESIGNATORS_MAX; i++) {
		page_add(&page, 1, 0, 3, naa, 16);
	}
	assert_int_equal(designator_list_decode(page.data, page.bytes, &list, NULL), 0);
	assert_int_equal(list.count, LUN_DESIGNATORS_MAX);
}

static void designator_list_decode__refuses_a_length_beyond_the_page(void **state)
{
	struct designator_list list;
	struct page page;

	(void)state;
	page_init(&page);
	page_add(&page, 1, 0, 3, naa, 16);
	page.data[7] = 17;
	assert_int_equal(designator_list_decode(page.data, page.bytes, &list, NULL), -EBADMSG);
}

static void designator_list_decode__stops_where_the_answer_was_cut(void **state)
{
	struct designator_list list;
	struct page page;

	(void)state;
	page_init(&page);
	page_add(&page, 1, 0, 3, naa, 16);
	page_add(&page, 1, 0, 2, naa, 8);
	for (size_t bytes = 4; bytes < page.bytes; bytes++) {
		assert_int_equal(designator_list_decode(page.data, bytes, &list, NULL), 0);
		assert_int_equal(list.count, bytes < 24 ? 0 : 1);
	}
}

static void designator_list_decode__refuses_another_page(void **state)
{
	static const unsigned char other[8] = {0, 0x80};
	struct designator_list list;

	(void)state;
	assert_int_equal(designator_list_decode(other, sizeof(other), &list, NULL), -EBADMSG);
	assert_int_equal(designator_list_decode(other, 0, &list, NULL), -EBADMSG);
}

static void designator_list_holds__compares_whole_names(void **state)
{
	struct designator_list list = {.names = {"naa.60", "eui.70"}, .count = 2};

	(void)state;
	assert_true(designator_list_holds(&list, "eui.70"));
	assert_false(designator_list_holds(&list, "naa.6"));
	assert_false(designator_list_holds(&list, ""));
}

static void designator_list_to_str__lists_cuts_and_names_nothing(void **state)
{
	struct designator_list list = {.names = {"naa.60", "eui.70"}, .count = 2};
	struct designator_list empty = {.count = 0};
	char text[64], small[8];

	(void)state;
	designator_list_to_str(&list, text, sizeof(text));
	assert_string_equal(text, "naa.60, eui.70");
	designator_list_to_str(&list, small, sizeof(small));
	assert_string_equal(small, "naa.60,");
	designator_list_to_str(&empty, text, sizeof(text));
	assert_string_equal(text, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(designator_list_decode__keeps_the_three_kinds),
		cmocka_unit_test(designator_list_decode__ignores_names_of_ports_and_devices),
		cmocka_unit_test(designator_list_decode__leaves_out_what_is_not_legal),
		cmocka_unit_test(designator_list_decode__is_bounded),
		cmocka_unit_test(designator_list_decode__refuses_a_length_beyond_the_page),
		cmocka_unit_test(designator_list_decode__stops_where_the_answer_was_cut),
		cmocka_unit_test(designator_list_decode__refuses_another_page),
		cmocka_unit_test(designator_list_holds__compares_whole_names),
		cmocka_unit_test(designator_list_to_str__lists_cuts_and_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
