/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: what lvs and vgs report. What is accepted has a verdict, with its reason. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "driver/lvm/lvm_report.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void volume_check(const struct lvm_report *report, const struct lvm_report_lv *lv)
{
	struct lun_condition is = lvm_report_condition(report, lv, "raid5");

	must(lv->name[0] != '\0' && strlen(lv->uuid) == 4 + 64);
	must(lvm_report_find(report, lv->name) != NULL);
	must(is.health < LUN_HEALTH_MAX);
	must((is.health == LUN_HEALTHY) == (is.reason[0] == '\0'));
	/* What has another class, or is not there as a whole, is not healthy. */
	must(is.health != LUN_HEALTHY || lvm_report_is_active(lv));
	must(is.health != LUN_HEALTHY || strcmp(lvm_report_class(report, lv), "raid5") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lvm_report report;
	struct err err = ERR_INIT;
	uint64_t extent = 0;

	if (lvm_report_parse((const char *)data, size, &report, &err) == 0) {
		for (size_t i = 0; i < report.count; i++) {
			volume_check(&report, &report.lvs[i]);
		}
		lvm_report_release(&report);
	} else {
		must(*err_text(&err) != '\0');
	}
	if (lvm_report_extent((const char *)data, size, &extent, NULL) == 0) {
		must(extent > 0);
	}
	return 0;
}
