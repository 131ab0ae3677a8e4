/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "names/lun.h"

static void lun_name_valid__knows_the_limits(void **state)
{
	char longest[LUN_NAME_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[LUN_NAME_MAX] = '\0';
	assert_true(lun_name_valid(longest));
	longest[LUN_NAME_MAX] = 'a';
	longest[LUN_NAME_MAX + 1] = '\0';
	assert_false(lun_name_valid(longest));
	assert_true(lun_name_valid("web1-root"));
	assert_true(lun_name_valid("0.a_b"));
	assert_false(lun_name_valid(NULL));
	assert_false(lun_name_valid(""));
	assert_false(lun_name_valid(".."));
	assert_false(lun_name_valid("-x"));
	assert_false(lun_name_valid("a/b"));
	assert_false(lun_name_valid("a b"));
	assert_false(lun_name_valid("b\xc3\xa4r"));
}

static void iscsi_name_valid__follows_the_rfc(void **state)
{
	(void)state;
	assert_true(iscsi_name_valid("iqn.2026-11.org.example:node1"));
	assert_true(iscsi_name_valid("iqn.2026-11.org.example"));
	assert_true(iscsi_name_valid("eui.02004567A425678D"));
	assert_true(iscsi_name_valid("naa.52004567BA64678D"));
	assert_false(iscsi_name_valid(NULL));
	assert_false(iscsi_name_valid(""));
	assert_false(iscsi_name_valid("iqn.2026-11"));
	assert_false(iscsi_name_valid("iqn.2026-11."));
	assert_false(iscsi_name_valid("iqn.26-11.org.example"));
	assert_false(iscsi_name_valid("iqn.2026-11.org.example:Node1"));
	assert_false(iscsi_name_valid("iqn.2026-11.org.example:a/1"));
	assert_false(iscsi_name_valid("iqn.2026-11.org.example:a,b"));
	assert_false(iscsi_name_valid("eui.0200"));
}

static void iscsi_name_valid__refuses_one_character_too_many(void **state)
{
	char name[ISCSI_NAME_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name, "iqn.2026-11.", strlen("iqn.2026-11."));
	name[ISCSI_NAME_MAX] = '\0';
	assert_true(iscsi_name_valid(name));
	name[ISCSI_NAME_MAX] = 'a';
	name[ISCSI_NAME_MAX + 1] = '\0';
	assert_false(iscsi_name_valid(name));
}

static void drive_target_valid__knows_libvirts_names(void **state)
{
	(void)state;
	assert_true(drive_target_valid("vda"));
	assert_true(drive_target_valid("sdaz"));
	assert_true(drive_target_valid("xvdb"));
	assert_true(drive_target_valid("fda"));
	assert_false(drive_target_valid("vd"));
	assert_false(drive_target_valid("vda1"));
	assert_false(drive_target_valid("vdA"));
	assert_false(drive_target_valid("vdaaaaaaaaaaaaaaaa"));
	assert_false(drive_target_valid(NULL));
}

static void extent_from_str__reads_name_and_range(void **state)
{
	struct extent extent;

	(void)state;
	assert_int_equal(extent_from_str("web1-root", &extent, NULL), 0);
	assert_string_equal(extent.lun, "web1-root");
	assert_true(extent.offset_bytes == 0 && extent.length_bytes == 0);
	assert_int_equal(extent_from_str("all:1GiB+10MiB", &extent, NULL), 0);
	assert_string_equal(extent.lun, "all");
	assert_true(extent.offset_bytes == UINT64_C(1) << 30);
	assert_true(extent.length_bytes == UINT64_C(10) << 20);
	assert_int_equal(extent_from_str("all:512+1TiB", &extent, NULL), 0);
	assert_true(extent.offset_bytes == 512 && extent.length_bytes == UINT64_C(1) << 40);
}

static void extent_from_str__refuses_and_names_the_text(void **state)
{
	static const char *const bad[] = {
		"",
		":0+512",
		"a:",
		"a:1",
		"a:1+",
		"a:+1",
		"a:0+0",
		"a:0+511",
		"a:1+512",
		"a:0+512 ",
		"a:0+1KB",
		"a:-512+512",
		"a:0x0+512",
		"a:0+512+512",
		"a:0 + 512",
		"a b",
		"a:0+20000000TiB",
		"a:512+18446744073709551104",
		"a:0+18446744073709551616",
	};
	struct extent before = {.lun = "kept"};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct extent extent = before;
		struct err err = ERR_INIT;

		assert_int_equal(extent_from_str(bad[i], &extent, &err), -EINVAL);
		assert_memory_equal(&extent, &before, sizeof(extent));
		assert_true(strlen(err_text(&err)) > 10);
		if (strlen(bad[i]) > 3 && strchr(bad[i], '+') != NULL && bad[i][0] != ':') {
			assert_non_null(strstr(err_text(&err), bad[i]));
		}
	}
}

static void extent_overlaps__counts_shared_bytes(void **state)
{
	struct extent a = {"x", 0, 1024};
	struct extent b = {"x", 1024, 1024};
	struct extent rest = {"x", 2048, 0};
	struct extent other = {"y", 0, 0};

	(void)state;
	assert_false(extent_overlaps(&a, &b));
	assert_false(extent_overlaps(&b, &rest));
	assert_false(extent_overlaps(&a, &other));
	assert_true(extent_overlaps(&a, &a));
	b.offset_bytes = 512;
	assert_true(extent_overlaps(&a, &b));
	assert_true(extent_overlaps(&b, &a));
	rest.offset_bytes = 0;
	assert_true(extent_overlaps(&rest, &b));
}

static void drives_from_str__reads_a_list(void **state)
{
	struct drive drives[4];
	size_t count = 0;

	(void)state;
	assert_int_equal(drives_from_str("  vda=root\tvdb=all:0+1MiB \n vdc=all:1MiB+1MiB ", drives,
					 4, &count, NULL),
			 0);
	assert_int_equal(count, 3);
	assert_string_equal(drives[0].target, "vda");
	assert_string_equal(drives[2].extent.lun, "all");
	assert_true(drives[2].extent.offset_bytes == 1048576);
}

static void drives_from_str__knows_media(void **state)
{
	struct drive drives[4];
	size_t count = 0;

	(void)state;
	assert_int_equal(drives_from_str("vda=root sda=iso-debian12:ro fda=floppies:0+1MiB:ro",
					 drives, 4, &count, NULL),
			 0);
	assert_int_equal(count, 3);
	assert_false(drives[0].read_only);
	assert_true(drives[1].read_only && drives[2].read_only);
	assert_string_equal(drives[1].extent.lun, "iso-debian12");
	assert_true(drives[2].extent.length_bytes == 1048576);
	assert_int_equal(drives_from_str("nvram=web1-nvram vda=root", drives, 4, &count, NULL), 0);
	assert_string_equal(drives[0].target, DRIVE_FLASH);
	assert_false(drive_target_valid(DRIVE_FLASH));
}

static void drives_refused(const char *text, const char *said)
{
	struct err err = ERR_INIT;
	struct drive drives[2];
	size_t count = 9;

	assert_int_equal(drives_from_str(text, drives, 2, &count, &err), -EINVAL);
	assert_int_equal(count, 0);
	assert_non_null(strstr(err_text(&err), said));
}

static void drives_from_str__refuses_and_says_why(void **state)
{
	char *endless = malloc(100001);

	(void)state;
	drives_refused("", "no drive is named");
	drives_refused(" \n ", "no drive is named");
	drives_refused("vda", "'vda' is not DRIVE=LUN");
	drives_refused("=x", "'=x' is not DRIVE=LUN");
	drives_refused("vda=", "drive vda: '' is not a LUN name");
	drives_refused("vda=a vda=b", "drive vda is named twice");
	drives_refused("vda=a vdb=a", "drives vda and vdb overlap on LUN 'a'");
	drives_refused("vda=a:0+1MiB vdb=a:512+512", "overlap");
	drives_refused("nvram=a:ro", "nvram is the whole LUN 'a'");
	drives_refused("nvram=a:0+512", "nvram is the whole LUN 'a'");
	drives_refused("vda=a:rw", "'a:rw' is not NAME:OFFSET+LENGTH");
	drives_refused("vda=:ro", "'' is not a LUN name");
	drives_refused("vda=a:ro:ro", "'a:ro'");
	drives_refused("vda=a:0+512 sda=a:512+512:ro", "'a' is :ro for one of the drives vda and");
	drives_refused("vda=a,vdb=b", "'a,vdb=b' is not a LUN name");
	drives_refused("'vda=a'", "is not");
	drives_refused("vda:a", "'vda:a' is not DRIVE=LUN");
	drives_refused("vda = a", "'vda' is not DRIVE=LUN");
	drives_refused("vda=/dev/disk/by-path/ip-192.0.2.1-lun-1", "is not a LUN name");
	drives_refused("vda=/vol/v1/lun1", "'/vol/v1/lun1' is not a LUN name");
	drives_refused("vda=pod::vol1", "'pod::vol1' is not NAME:OFFSET+LENGTH");
	drives_refused("vda=a:0+20G", "'a:0+20G'");
	drives_refused("nvme0n1=a", "'nvme0n1=a' is not DRIVE=LUN");
	drives_refused("vda=a vdb=b vdc=c", "'vdc=c' is one drive too many; at most 2");
	assert_non_null(endless);
	memset(endless, 'v', 100000);
	endless[100000] = '\0';
	drives_refused(endless, "longer than");
	free(endless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lun_name_valid__knows_the_limits),
		cmocka_unit_test(iscsi_name_valid__follows_the_rfc),
		cmocka_unit_test(iscsi_name_valid__refuses_one_character_too_many),
		cmocka_unit_test(drive_target_valid__knows_libvirts_names),
		cmocka_unit_test(extent_from_str__reads_name_and_range),
		cmocka_unit_test(extent_from_str__refuses_and_names_the_text),
		cmocka_unit_test(extent_overlaps__counts_shared_bytes),
		cmocka_unit_test(drives_from_str__reads_a_list),
		cmocka_unit_test(drives_from_str__knows_media),
		cmocka_unit_test(drives_from_str__refuses_and_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
