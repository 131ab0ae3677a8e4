/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "driver/lvm/lvm_report.h"

#define UUIDS                                                                                      \
	"\"vg_uuid\":\"abcdef-0123-4567-89ab-cdef-0123-456789\","                                  \
	"\"lv_uuid\":\"ghijkl-0123-4567-89ab-cdef-0123-456789\""
#define LV(name, layout, health, action, percent, pool, attr)                                      \
	"{\"lv_name\":\"" name "\",\"lv_size\":\"25165824\",\"lv_attr\":\"" attr                   \
	"\",\"lv_tags\":\"other,lunmask.7\",\"lv_layout\":\"" layout                               \
	"\",\"lv_health_status\":\"" health "\",\"raid_sync_action\":\"" action                    \
	"\",\"sync_percent\":\"" percent "\",\"pool_lv\":\"" pool "\"," UUIDS "}"
#define RAID(name, layout, health, action, percent)                                                \
	LV(name, layout, health, action, percent, "", "rwi-a-r---")
#define IMAGE(name, health) LV("[" name "]", "linear", health, "", "", "", "iwi-aor---")
#define THIN(name, pool) LV(name, "thin,sparse", "", "", "", pool, "Vwi-a-tz--")
#define POOL(health) LV("tp", "thin,pool", health, "", "", "", "twi-aotz--")
#define REPORT(...) "{\"report\":[{\"lv\":[" __VA_ARGS__ "]}],\"log\":[]}"
#define R5 "raid,raid5,raid5_ls"
#define OK RAID("a", R5, "", "idle", "100.00")

static int parse(const char *text, struct lvm_report *ret)
{
	struct err err = ERR_INIT;
	int rc = lvm_report_parse(text, strlen(text), ret, &err);

	assert_int_equal(rc == 0, err_text(&err)[0] == '\0');
	return rc;
}

static void lvm_report_parse__reads_what_lvs_prints(void **state)
{
	const struct lvm_report_lv *lv;
	struct lvm_report report;

	(void)state;
	assert_int_equal(parse(REPORT(OK "," THIN("b", "tp")), &report), 0);
	lv = lvm_report_find(&report, "a");
	assert_int_equal(lv->size_bytes, 25165824);
	assert_string_equal(lv->uuid, "LVM-abcdef0123456789abcdef0123456789"
				      "ghijkl0123456789abcdef0123456789");
	assert_true(lvm_report_has_tag(lv, "lunmask.7"));
	assert_false(lvm_report_has_tag(lv, "lunmask"));
	assert_string_equal(lvm_report_class(&report, lv), "raid5");
	assert_null(lvm_report_class(&report, lvm_report_find(&report, "b")));
	assert_null(lvm_report_find(&report, "tp"));
	lvm_report_release(&report);
	assert_int_equal(parse(REPORT(""), &report), 0);
	assert_int_equal(report.count, 0);
	lvm_report_release(&report);
}

static void lvm_report_parse__refuses_what_is_not_as_documented(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"report\":[]}",
		"{\"report\":[{\"vg\":[]}]}",
		"{\"report\":[{\"lv\":[{\"lv_name\":\"a\"}]}]}",
		REPORT(LV("a", "linear", "", "", "", "", "-wi")),
		REPORT(LV("", "linear", "", "", "", "", "-wi-a-----")),
		REPORT(LV("a\\u0000b", "linear", "", "", "", "", "-wi-a-----")),
		REPORT("7"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct lvm_report report;

		if (parse(texts[i], &report) != -EBADMSG) {
			fail_msg("accepted: %s", texts[i]);
		}
	}
}

static const struct {
	const char *text, *class;
	enum lun_health health;
	const char *says;
} cases[] = {
	{REPORT(OK), "raid5", LUN_HEALTHY, ""},
	{REPORT(OK), "raid6", LUN_DEGRADED, "has the class raid5 now, not raid6"},
	{REPORT(RAID("a", R5, "", "resync", "12.50")), "raid5", LUN_DEGRADED,
	 "is being built: resync, 12.50 %"},
	{REPORT(RAID("a", R5, "", "", "")), "raid5", LUN_HEALTH_UNKNOWN, "does not say"},
	{REPORT(RAID("a", R5, "refresh needed", "idle", "100.00")), "raid5", LUN_DEGRADED,
	 "lvconvert --repair"},
	{REPORT(RAID("a", R5, "mismatches exist", "idle", "100.00")), "raid5", LUN_DEGRADED,
	 "--syncaction repair"},
	{REPORT(RAID("a", R5, "news", "idle", "100.00")), "raid5", LUN_HEALTH_UNKNOWN, "news"},
	{REPORT(RAID("a", R5, "partial", "idle", "100.00") "," IMAGE("a_rimage_0", "") "," IMAGE(
		 "a_rimage_1", "partial") "," IMAGE("a_rimage_2", "")),
	 "raid5", LUN_DEGRADED, "1 of 3 devices"},
	{REPORT(RAID("a", R5, "partial", "idle", "100.00") "," IMAGE(
		 "a_rimage_0", "partial") "," IMAGE("a_rimage_1", "partial") "," IMAGE("a_rimage_2",
										       "")),
	 "raid5", LUN_FAILED, "2 of 3 devices"},
	{REPORT(RAID("a", "raid,raid1", "partial", "idle", "100.00") "," IMAGE(
		 "a_rimage_0", "") "," IMAGE("a_rmeta_0", "partial") "," IMAGE("a_rimage_1", "")),
	 "mirror", LUN_DEGRADED, "1 of 2 devices"},
	/* Both copies of a block; then one of each pair. */
	{REPORT(RAID("a", "raid,raid10,raid10_near", "partial", "idle", "100.00") "," IMAGE(
		 "a_rimage_0", "") "," IMAGE("a_rimage_1",
					     "") "," IMAGE("a_rimage_2",
							   "partial") "," IMAGE("a_rimage_3",
										"partial")),
	 "raid10", LUN_FAILED, "2 of 4 devices"},
	{REPORT(RAID("a", "raid,raid10,raid10_near", "partial", "idle", "100.00") "," IMAGE(
		 "a_rimage_0", "") "," IMAGE("a_rimage_1",
					     "partial") "," IMAGE("a_rimage_2",
								  "partial") "," IMAGE("a_rimage_3",
										       "")),
	 "raid10", LUN_DEGRADED, "2 of 4 devices"},
	{REPORT(LV("a", "linear", "", "", "", "", "-wi-a-----")), "none", LUN_HEALTHY, ""},
	{REPORT(LV("a", "striped", "partial", "", "", "", "-wi-a---p-")), "none", LUN_FAILED,
	 "no redundancy"},
	{REPORT(LV("a", "linear", "", "", "", "", "-wi-------")), "none", LUN_FAILED, "not active"},
	{REPORT(LV("a", "cache", "", "", "", "", "Cwi-a-C---")), "none", LUN_HEALTH_UNKNOWN,
	 "of no class"},
	{REPORT(THIN("a", "tp") "," POOL("") "," RAID("[tp_tdata]", R5, "", "idle",
						      "100.00") "," RAID("[tp_tmeta]", "raid,raid1",
									 "", "idle", "100.00")),
	 "raid5", LUN_HEALTHY, ""},
	{REPORT(THIN("a", "tp") "," POOL("") "," RAID(
		 "[tp_tdata]", R5, "partial", "idle",
		 "100.00") "," IMAGE("tp_tdata_rimage_0",
				     "partial") "," IMAGE("tp_tdata_rimage_1",
							  "") "," IMAGE("tp_tdata_rimage_2",
									"") "," RAID("[tp_"
										     "tmeta"
										     "]",
										     "raid,"
										     "raid"
										     "1",
										     "", "idle",
										     "100."
										     "00")),
	 "raid5", LUN_DEGRADED, "1 of 3 devices of logical volume tp_tdata"},
	{REPORT(THIN("a", "tp") "," POOL("out_of_data") "," RAID(
		 "[tp_tdata]", R5, "", "idle", "100.00") "," RAID("[tp_tmeta]", "raid,raid1", "",
								  "idle", "100.00")),
	 "raid5", LUN_FAILED, "out_of_data"},
	{REPORT(THIN("a", "tp")), "raid5", LUN_FAILED, "not whole"},
};

static void lvm_report_condition__has_a_verdict_for_each_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct lvm_report report;
		struct lun_condition is;

		assert_int_equal(parse(cases[i].text, &report), 0);
		is = lvm_report_condition(&report, lvm_report_find(&report, "a"), cases[i].class);
		if (is.health != cases[i].health || strstr(is.reason, cases[i].says) == NULL ||
		    (is.health == LUN_HEALTHY) != (is.reason[0] == '\0')) {
			fail_msg("case %zu: %s: '%s'", i, lun_health_to_str(is.health), is.reason);
		}
		lvm_report_release(&report);
	}
}

static void lvm_report_extent__takes_one_group(void **state)
{
	static const char good[] = "{\"report\":[{\"vg\":[{\"vg_extent_size\":\"4194304\"}]}]}";
	static const char none[] = "{\"report\":[{\"vg\":[]}]}";
	static const char zero[] = "{\"report\":[{\"vg\":[{\"vg_extent_size\":\"0\"}]}]}";
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(lvm_report_extent(good, strlen(good), &bytes, NULL), 0);
	assert_int_equal(bytes, 4194304);
	assert_int_equal(lvm_report_extent(none, strlen(none), &bytes, NULL), -EBADMSG);
	assert_int_equal(lvm_report_extent(zero, strlen(zero), &bytes, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lvm_report_parse__reads_what_lvs_prints),
		cmocka_unit_test(lvm_report_parse__refuses_what_is_not_as_documented),
		cmocka_unit_test(lvm_report_condition__has_a_verdict_for_each_state),
		cmocka_unit_test(lvm_report_extent__takes_one_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
