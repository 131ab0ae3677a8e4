/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_catalog.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_wire.h"
#include "base/text.h"

/* False: it is no text, or too long, or has control characters. Where it is missing: "". */
static bool text_take(const json_t *value, size_t max, char *ret)
{
	const char *text = json_string_value(value);

	ret[0] = '\0';
	if (value == NULL) {
		return true;
	}
	if (text == NULL || json_string_length(value) > max ||
	    strlen(text) != json_string_length(value) || !text_is_printable(text)) {
		return false;
	}
	(void)strcpy(ret, text);
	return true;
}

static bool condition_take(const json_t *object, struct lun_condition *ret)
{
	const json_t *health = json_object_get(object, "health");

	if (!text_take(json_object_get(object, "health_reason"), LUN_HEALTH_REASON_MAX,
		       ret->reason)) {
		return false;
	}
	if (health == NULL) {
		(void)strcpy(ret->reason, "the array's driver does not tell it");
		return true;
	}
	return lun_health_from_str(json_string_value(health), &ret->health);
}

static bool lun_take(const json_t *object, struct array_catalog_lun *ret)
{
	const json_t *designator = json_array_get(json_object_get(object, "designators"), 0);
	json_int_t size = json_integer_value(json_object_get(object, "size_bytes"));

	ret->size_bytes = (uint64_t)size;
	return size > 0 && text_take(json_object_get(object, "name"), LUN_NAME_MAX, ret->name) &&
	       lun_name_valid(ret->name) &&
	       text_take(designator, LUN_DESIGNATOR_MAX, ret->designator) &&
	       ret->designator[0] != '\0' &&
	       text_take(json_object_get(object, "class"), ARRAY_CATALOG_WORD_MAX, ret->class) &&
	       text_take(json_object_get(object, "pool"), ARRAY_CATALOG_WORD_MAX, ret->pool) &&
	       condition_take(object, &ret->condition);
}

static int lun_compare(const void *a, const void *b)
{
	const struct array_catalog_lun *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static int luns_take(const json_t *list, struct array_catalog *ret, struct err *err)
{
	ret->luns = g_new0(struct array_catalog_lun, json_array_size(list) + 1);
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!lun_take(json_array_get(list, i), &ret->luns[ret->count++])) {
			return err_set(err, -EPROTO,
				       "the array driver's description of LUN '%s' is not legal",
				       ret->luns[i].name);
		}
	}
	qsort(ret->luns, ret->count, sizeof(ret->luns[0]), lun_compare);
	for (size_t i = 1; i < ret->count; i++) {
		if (strcmp(ret->luns[i - 1].name, ret->luns[i].name) == 0) {
			return err_set(err, -EPROTO, "the array driver describes LUN '%s' twice",
				       ret->luns[i].name);
		}
	}
	return 0;
}

int array_catalog_decode(const char *reply, size_t bytes, struct array_catalog *ret,
			 struct err *err)
{
	json_t *root = bytes > ARRAY_REPLY_MAX_BYTES
			       ? NULL
			       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "luns");
	int rc = json_is_array(list) && json_array_size(list) <= ARRAY_CATALOG_MAX
			 ? 0
			 : err_set(err, -EPROTO,
				   "the array driver's reply has no list 'luns' of at most %d "
				   "members",
				   ARRAY_CATALOG_MAX);

	*ret = (struct array_catalog){.luns = NULL};
	rc = rc != 0 ? rc : luns_take(list, ret, err);
	if (rc != 0) {
		array_catalog_release(ret);
	}
	json_decref(root);
	return rc;
}

void array_catalog_release(struct array_catalog *catalog)
{
	g_free(catalog->luns);
	*catalog = (struct array_catalog){.luns = NULL};
}
