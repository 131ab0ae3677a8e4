/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_LVM_REPORT_H
#define LUNMASK_ARRAY_LVM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "array/lun_health.h"

/*
 * What lvs(8) and vgs(8) report as JSON (--reportformat json, lvmreport(7)), and what it says about
 * the health of a volume. No I/O.
 *
 *	rc = lvm_report_parse(text, bytes, &report, &err);
 *	lv = lvm_report_find(&report, "web1-root");
 *	lvm_report_release(&report);
 *
 * The report is input from outside: what is not as documented is refused (-EBADMSG).
 */
#define LVM_REPORT_MAX (16u * 1024 * 1024) /* bytes */
#define LVM_REPORT_LVS_MAX 65536           /* volumes, with the parts of volumes */
#define LVM_REPORT_TEXT_MAX 127
#define LVM_REPORT_UUID_MAX 79

/* For --options of lvs: the members of struct tgt_lv. */
#define LVM_REPORT_COLUMNS                                                                         \
	"lv_name,lv_size,lv_attr,lv_tags,lv_layout,lv_health_status,raid_sync_action,"             \
	"sync_percent,pool_lv,lv_uuid,vg_uuid"

struct lvm_report_lv {
	char name[LVM_REPORT_TEXT_MAX + 1]; /* of a part of a volume: in brackets */
	uint64_t size_bytes;
	char attr[LVM_REPORT_TEXT_MAX + 1];
	char *tags;                           /* separated by commas */
	char layout[LVM_REPORT_TEXT_MAX + 1]; /* "raid,raid5,raid5_ls" */
	char health[LVM_REPORT_TEXT_MAX + 1]; /* "": nothing to be told */
	char sync_action[LVM_REPORT_TEXT_MAX + 1];
	char sync_percent[LVM_REPORT_TEXT_MAX + 1];
	char pool[LVM_REPORT_TEXT_MAX + 1]; /* the thin pool, or "" */
	char uuid[LVM_REPORT_UUID_MAX + 1]; /* as the kernel's device mapper has it: "LVM-..." */
};

struct lvm_report {
	struct lvm_report_lv *lvs;
	size_t count;
};

/* After 0, the caller releases *ret. */
int lvm_report_parse(const char *text, size_t bytes, struct lvm_report *ret, struct err *err);
void lvm_report_release(struct lvm_report *lvs);

/* NULL: there is none. */
const struct lvm_report_lv *lvm_report_find(const struct lvm_report *lvs, const char *name);
bool lvm_report_has_tag(const struct lvm_report_lv *lv, const char *tag);
bool lvm_report_is_active(const struct lvm_report_lv *lv);
/* Of a thin pool: what a volume has not written reads as zeros. */
bool lvm_report_zeroes(const struct lvm_report_lv *pool);

/* The class that the volume really has; of a thin volume, its pool's. NULL: no class of ours. */
const char *lvm_report_class(const struct lvm_report *lvs, const struct lvm_report_lv *lv);

/* The health of a volume that was made with this class. */
struct lun_condition lvm_report_condition(const struct lvm_report *lvs,
					  const struct lvm_report_lv *lv, const char *class);

/* The report of vgs with vg_extent_size. -EBADMSG also: there is no such group. */
int lvm_report_extent(const char *text, size_t bytes, uint64_t *ret_bytes, struct err *err);

#endif
