/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/lvm/lvm_report.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Places in lv_attr, see lvs(8). */
#define ATTR_STATE 4
#define ATTR_ZERO 7

#define LEGS_MAX 64

#define UUID_PREFIX "LVM-"
#define UUID_LENGTH (4 + 2 * 32)

/* The report */

static int report_wrong(const char *what, struct err *err)
{
	return err_set(err, -EBADMSG, "the report of LVM %s", what);
}

/* The rows of {"report": [{KIND: [...]}]}; NULL: it is no such report. */
static const json_t *rows_get(const json_t *root, const char *kind)
{
	const json_t *report = json_array_get(json_object_get(root, "report"), 0);
	const json_t *rows = json_object_get(report, kind);

	return json_is_array(rows) && json_array_size(rows) <= LVM_REPORT_LVS_MAX ? rows : NULL;
}

static bool text_take(const json_t *row, const char *column, char ret[LVM_REPORT_TEXT_MAX + 1])
{
	const json_t *value = json_object_get(row, column);
	const char *text = json_string_value(value);

	if (text == NULL || json_string_length(value) > LVM_REPORT_TEXT_MAX ||
	    strlen(text) != json_string_length(value) || !text_is_printable(text)) {
		return false;
	}
	(void)strcpy(ret, text);
	return true;
}

static bool number_take(const json_t *row, const char *column, uint64_t *ret)
{
	const char *text = json_string_value(json_object_get(row, column));
	guint64 number = 0;
	bool good =
		text != NULL && g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &number, NULL);

	*ret = number;
	return good;
}

/* "LVM-" and the 64 characters of both, without their hyphens. */
static bool uuid_take(const json_t *row, char ret[LVM_REPORT_UUID_MAX + 1])
{
	const char *halves[] = {json_string_value(json_object_get(row, "vg_uuid")),
				json_string_value(json_object_get(row, "lv_uuid"))};
	size_t length = strlen(UUID_PREFIX);

	(void)strcpy(ret, UUID_PREFIX);
	for (size_t i = 0; i < G_N_ELEMENTS(halves); i++) {
		for (const char *at = halves[i]; at != NULL && *at != '\0'; at++) {
			if (*at != '-' && (!g_ascii_isalnum(*at) || length == UUID_LENGTH)) {
				return false;
			}
			if (*at != '-') {
				ret[length++] = *at;
			}
		}
	}
	ret[length] = '\0';
	return length == UUID_LENGTH;
}

static bool lv_take(const json_t *row, struct lvm_report_lv *ret)
{
	const char *tags = json_string_value(json_object_get(row, "lv_tags"));

	if (tags == NULL || !text_take(row, "lv_name", ret->name) || ret->name[0] == '\0' ||
	    !number_take(row, "lv_size", &ret->size_bytes) ||
	    !text_take(row, "lv_attr", ret->attr) || strlen(ret->attr) <= ATTR_ZERO ||
	    !text_take(row, "lv_layout", ret->layout) ||
	    !text_take(row, "lv_health_status", ret->health) ||
	    !text_take(row, "raid_sync_action", ret->sync_action) ||
	    !text_take(row, "sync_percent", ret->sync_percent) ||
	    !text_take(row, "pool_lv", ret->pool) || !uuid_take(row, ret->uuid)) {
		return false;
	}
	ret->tags = g_strdup(tags);
	return true;
}

int lvm_report_parse(const char *text, size_t bytes, struct lvm_report *ret, struct err *err)
{
	json_t *root = json_loadb(text, bytes, 0, NULL);
	const json_t *rows = rows_get(root, "lv");
	int rc = rows != NULL ? 0 : report_wrong("has no list of volumes", err);

	*ret = (struct lvm_report){.lvs = g_new0(struct lvm_report_lv, json_array_size(rows) + 1)};
	for (size_t i = 0; rc == 0 && i < json_array_size(rows); i++) {
		if (lv_take(json_array_get(rows, i), &ret->lvs[i])) {
			ret->count++;
		} else {
			rc = report_wrong("has a volume without one of " LVM_REPORT_COLUMNS, err);
		}
	}
	if (rc != 0) {
		lvm_report_release(ret);
	}
	json_decref(root);
	return rc;
}

void lvm_report_release(struct lvm_report *lvs)
{
	for (size_t i = 0; i < lvs->count; i++) {
		g_free(lvs->lvs[i].tags);
	}
	g_free(lvs->lvs);
	*lvs = (struct lvm_report){.lvs = NULL};
}

int lvm_report_extent(const char *text, size_t bytes, uint64_t *ret_bytes, struct err *err)
{
	json_t *root = json_loadb(text, bytes, 0, NULL);
	const json_t *rows = rows_get(root, "vg");
	bool good = json_array_size(rows) == 1 &&
		    number_take(json_array_get(rows, 0), "vg_extent_size", ret_bytes) &&
		    *ret_bytes > 0;

	json_decref(root);
	return good ? 0 : report_wrong("has not one volume group with its vg_extent_size", err);
}

/* One volume */

const struct lvm_report_lv *lvm_report_find(const struct lvm_report *lvs, const char *name)
{
	for (size_t i = 0; i < lvs->count; i++) {
		if (strcmp(lvs->lvs[i].name, name) == 0) {
			return &lvs->lvs[i];
		}
	}
	return NULL;
}

static bool list_has(const char *list, const char *word)
{
	g_auto(GStrv) words = g_strsplit(list, ",", -1);

	return g_strv_contains((const char *const *)words, word);
}

bool lvm_report_has_tag(const struct lvm_report_lv *lv, const char *tag)
{
	return list_has(lv->tags, tag);
}

bool lvm_report_is_active(const struct lvm_report_lv *lv)
{
	return lv->attr[ATTR_STATE] == 'a';
}

bool lvm_report_zeroes(const struct lvm_report_lv *pool)
{
	return pool->attr[ATTR_ZERO] == 'z';
}

/* A part of a volume, as "[web1_rimage_0]"; NULL: there is none. */
static const struct lvm_report_lv *part_find(const struct lvm_report *lvs, const char *lv,
					     const char *part)
{
	g_autofree char *name = g_strdup_printf("[%s_%s]", lv, part);

	return lvm_report_find(lvs, name);
}

static const struct lvm_report_lv *leg_find(const struct lvm_report *lvs, const char *lv,
					    const char *what, size_t leg)
{
	g_autofree char *part = g_strdup_printf("%s_%zu", what, leg);

	return part_find(lvs, lv, part);
}

/* The parts of a thin pool; data is NULL where it is none. */
struct thin {
	const struct lvm_report_lv *pool, *data, *meta;
};

static struct thin thin_of(const struct lvm_report *lvs, const char *pool)
{
	return (struct thin){.pool = lvm_report_find(lvs, pool),
			     .data = part_find(lvs, pool, "tdata"),
			     .meta = part_find(lvs, pool, "tmeta")};
}

/*
 * The names of parts come from the name of the volume, which has no brackets. In lv_layout, a raid
 * has its level, then its variant: "raid,raid5,raid5_ls".
 */
static const char *plain_class(const struct lvm_report_lv *lv)
{
	static const struct {
		const char *layout, *class;
	} rows[] = {
		{"raid10", "raid10"}, {"raid6", "raid6"},  {"raid5", "raid5"}, {"raid1", "mirror"},
		{"linear", "none"},   {"striped", "none"}, {"raid0", "none"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (list_has(lv->layout, rows[i].layout)) {
			return rows[i].class;
		}
	}
	return NULL;
}

const char *lvm_report_class(const struct lvm_report *lvs, const struct lvm_report_lv *lv)
{
	struct thin thin;

	if (!list_has(lv->layout, "thin")) {
		return plain_class(lv);
	}
	thin = thin_of(lvs, lv->pool[0] != '\0' ? lv->pool : lv->name);
	return thin.data != NULL ? plain_class(thin.data) : NULL;
}

/* Health */

static struct lun_condition health(enum lun_health is, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct lun_condition health(enum lun_health is, const char *format, ...)
{
	struct lun_condition ret = {.health = is};
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(ret.reason, sizeof(ret.reason), format, ap);
	va_end(ap);
	return ret;
}

/* Of each leg of a raid: is one of its devices missing? */
struct legs {
	bool missing[LEGS_MAX];
	size_t n, n_missing;
};

static bool is_missing(const struct lvm_report_lv *part)
{
	return part != NULL && strcmp(part->health, "partial") == 0;
}

static struct legs legs_of(const struct lvm_report *lvs, const char *name)
{
	struct legs ret = {.n = 0};
	const struct lvm_report_lv *image;

	while (ret.n < LEGS_MAX && (image = leg_find(lvs, name, "rimage", ret.n)) != NULL) {
		bool missing = is_missing(image) || is_missing(leg_find(lvs, name, "rmeta", ret.n));

		ret.missing[ret.n++] = missing;
		ret.n_missing += missing ? 1 : 0;
	}
	return ret;
}

/* raid10 has the copies of one block on two legs that follow each other. */
static bool pair_missing(const struct legs *legs)
{
	for (size_t i = 0; i + 1 < legs->n; i += 2) {
		if (legs->missing[i] && legs->missing[i + 1]) {
			return true;
		}
	}
	return false;
}

static bool too_many_missing(const char *class, const struct legs *legs)
{
	return strcmp(class, "raid10") == 0   ? pair_missing(legs)
	       : strcmp(class, "raid6") == 0  ? legs->n_missing > 2
	       : strcmp(class, "raid5") == 0  ? legs->n_missing > 1
	       : strcmp(class, "mirror") == 0 ? legs->n_missing >= legs->n
					      : legs->n_missing > 0;
}

/* What lv_health_status says about a raid whose devices are all there. */
static struct lun_condition raid_status(const struct lvm_report_lv *lv, const char *name)
{
	if (strcmp(lv->health, "refresh needed") == 0) {
		return health(LUN_DEGRADED,
			      "a device of logical volume %s has failed, or is back and not in use "
			      "(lvchange --refresh, or lvconvert --repair)",
			      name);
	}
	if (strcmp(lv->health, "mismatches exist") == 0) {
		return health(LUN_DEGRADED,
			      "a check has found that the copies in logical volume %s differ "
			      "(lvchange --syncaction repair)",
			      name);
	}
	if (lv->health[0] != '\0' && strcmp(lv->health, "writemostly") != 0) {
		return health(LUN_HEALTH_UNKNOWN, "lvs says of logical volume %s: %s", name,
			      lv->health);
	}
	return health(LUN_HEALTHY, "%s", "");
}

static struct lun_condition raid_health(const struct lvm_report *lvs,
					const struct lvm_report_lv *lv, const char *name,
					const char *class)
{
	struct legs legs = legs_of(lvs, name);
	struct lun_condition ret = raid_status(lv, name);

	if (legs.n_missing > 0 || is_missing(lv)) {
		return health(too_many_missing(class, &legs) ? LUN_FAILED : LUN_DEGRADED,
			      "%zu of %zu devices of logical volume %s are missing "
			      "(lvconvert --repair replaces one)",
			      legs.n_missing, legs.n, name);
	}
	if (ret.health != LUN_HEALTHY) {
		return ret;
	}
	if (lv->sync_percent[0] == '\0') {
		return health(LUN_HEALTH_UNKNOWN,
			      "lvs does not say whether the redundancy of logical volume %s is "
			      "complete",
			      name);
	}
	if (g_ascii_strtod(lv->sync_percent, NULL) < 100) {
		return health(LUN_DEGRADED,
			      "the redundancy of logical volume %s is being built: %s, "
			      "%s %%",
			      name, lv->sync_action[0] != '\0' ? lv->sync_action : "sync",
			      lv->sync_percent);
	}
	return ret;
}

/* The name without the brackets of a part. */
static char *bare_name(const struct lvm_report_lv *lv)
{
	size_t length = strlen(lv->name);

	return lv->name[0] == '[' && length > 2 ? g_strndup(lv->name + 1, length - 2)
						: g_strdup(lv->name);
}

/* Of a volume that is not thin. class: what it must have; NULL: anything. */
static struct lun_condition plain_health(const struct lvm_report *lvs,
					 const struct lvm_report_lv *lv, const char *class)
{
	const char *real = plain_class(lv);
	g_autofree char *name = bare_name(lv);

	if (real == NULL) {
		return health(LUN_HEALTH_UNKNOWN, "logical volume %s is of no class: %s", name,
			      lv->layout);
	}
	if (class != NULL && strcmp(class, real) != 0) {
		return health(LUN_DEGRADED, "logical volume %s has the class %s now, not %s", name,
			      real, class);
	}
	if (list_has(lv->layout, "raid") && !list_has(lv->layout, "raid0")) {
		return raid_health(lvs, lv, name, real);
	}
	if (lv->health[0] != '\0') {
		return health(LUN_FAILED,
			      "lvs says of logical volume %s, which has no redundancy: %s", name,
			      lv->health);
	}
	return health(LUN_HEALTHY, "%s", "");
}

static struct lun_condition worse(struct lun_condition one, struct lun_condition other)
{
	return lun_health_is_worse(other.health, one.health) ? other : one;
}

static struct lun_condition thin_health(const struct lvm_report *lvs,
					const struct lvm_report_lv *lv, const char *class)
{
	struct thin thin = thin_of(lvs, lv->pool);

	if (thin.pool == NULL || thin.data == NULL || thin.meta == NULL) {
		return health(LUN_FAILED, "its thin pool %s is not whole", lv->pool);
	}
	if (thin.pool->health[0] != '\0') {
		return health(LUN_FAILED, "lvs says of its thin pool %s: %s", lv->pool,
			      thin.pool->health);
	}
	if (lv->health[0] != '\0') {
		return health(LUN_FAILED, "lvs says of logical volume %s: %s", lv->name,
			      lv->health);
	}
	return worse(plain_health(lvs, thin.data, class), plain_health(lvs, thin.meta, NULL));
}

struct lun_condition lvm_report_condition(const struct lvm_report *lvs,
					  const struct lvm_report_lv *lv, const char *class)
{
	if (!lvm_report_is_active(lv)) {
		return health(LUN_FAILED, "logical volume %s is not active (lvchange --activate y)",
			      lv->name);
	}
	return lv->pool[0] != '\0' ? thin_health(lvs, lv, class) : plain_health(lvs, lv, class);
}
