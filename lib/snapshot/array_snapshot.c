/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/array_snapshot.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "array/array_call.h"
#include "array/array_wire.h"
#include "base/json_build.h"
#include "names/name.h"

/* The reply */

/* "" is legal where the text need not be there. */
static bool text_take(const json_t *row, const char *member, size_t max, bool needed, char *ret)
{
	const char *text = json_string_value(json_object_get(row, member));

	if (text == NULL || *text == '\0') {
		ret[0] = '\0';
		return !needed;
	}
	if (!name_valid(text, max, "._-")) {
		return false;
	}
	(void)strcpy(ret, text);
	return true;
}

static bool snapshot_take(const json_t *row, struct array_snapshot *ret)
{
	json_int_t size = json_integer_value(json_object_get(row, "size_bytes"));

	ret->size_bytes = (uint64_t)size;
	ret->taken_s = json_integer_value(json_object_get(row, "taken"));
	ret->unfinished = json_is_true(json_object_get(row, "unfinished"));
	return size > 0 && ret->taken_s >= 0 &&
	       text_take(row, "lun", LUN_NAME_MAX, true, ret->lun) &&
	       text_take(row, "name", LUN_NAME_MAX, true, ret->name) &&
	       text_take(row, "set", ARRAY_SNAPSHOT_SET_MAX, true, ret->set) &&
	       text_take(row, "note", ARRAY_SNAPSHOT_NOTE_MAX, false, ret->note);
}

int array_snapshot_decode(const char *reply, size_t bytes, struct array_snapshots *ret,
			  struct err *err)
{
	json_t *root = bytes > ARRAY_REPLY_MAX_BYTES
			       ? NULL
			       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "snapshots");
	size_t count = json_array_size(list);
	int rc = json_is_array(list) && count <= ARRAY_SNAPSHOTS_MAX
			 ? 0
			 : err_set(err, -EPROTO,
				   "the array driver's reply has no list 'snapshots' of at most %d "
				   "members",
				   ARRAY_SNAPSHOTS_MAX);

	*ret = (struct array_snapshots){.count = 0};
	if (rc == 0) {
		ret->snapshots = g_new0(struct array_snapshot, count + 1);
	}
	while (rc == 0 && ret->count < count) {
		rc = snapshot_take(json_array_get(list, ret->count), &ret->snapshots[ret->count])
			     ? 0
			     : err_set(err, -EPROTO,
				       "the array driver's description of a snapshot is not legal");
		ret->count++;
	}
	if (rc != 0) {
		array_snapshots_release(ret);
	}
	json_decref(root);
	return rc;
}

void array_snapshots_release(struct array_snapshots *snapshots)
{
	g_free(snapshots->snapshots);
	*snapshots = (struct array_snapshots){.count = 0};
}

/* The requests */

static char *wish_encode(const struct array_snapshot_wish *wish, const char *by, int timeout_ms)
{
	json_t *luns = json_array();

	for (size_t i = 0; i < wish->n_luns; i++) {
		luns = json_build_append(luns, json_string(wish->luns[i]));
	}
	return json_build_text(json_pack("{s:s, s:o, s:s*, s:o*, s:s*, s:i}", "name", wish->name,
					 "luns", luns, "note", wish->note, "dry_run",
					 wish->dry_run ? json_true() : NULL, "by", by, "timeout_ms",
					 timeout_ms),
			       JSON_COMPACT);
}

static int need(const struct array *array, struct deadline deadline, const char **ret_by,
		struct err *err)
{
	struct array_info info;
	int rc = array_call_info(array, deadline, &info, err);

	*ret_by = rc == 0 && info.requester ? array->by : NULL;
	return rc != 0 || info.snapshot
		       ? rc
		       : err_set(err, -EOPNOTSUPP,
				 "the driver of array %s makes no snapshots (capability snapshot)",
				 array->name);
}

/* Frees request. *ret: the member, which says whether anything was changed. */
static int flag_call(const struct array *array, const char *verb, char *request, const char *member,
		     struct deadline deadline, bool *ret, struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, verb, request, deadline, &result, err);

	*ret = false;
	rc = rc != 0 ? rc
		     : array_wire_decode_flag(result.output, result.output_bytes, member, ret, err);
	return array_call_end(array, verb, &result, rc, err);
}

static int wish_call(const struct array *array, const char *verb,
		     const struct array_snapshot_wish *wish, const char *member,
		     struct deadline deadline, bool *ret, struct err *err)
{
	const char *by;
	int rc = need(array, deadline, &by, err);

	*ret = false;
	return rc != 0 ? rc
		       : flag_call(array, verb,
				   wish_encode(wish, by, array_call_timeout_ms(deadline)), member,
				   deadline, ret, err);
}

int array_snapshot_make(const struct array *array, const struct array_snapshot_wish *wish,
			struct deadline deadline, bool *ret_created, struct err *err)
{
	return wish_call(array, "snapshot", wish, "created", deadline, ret_created, err);
}

int array_snapshot_remove(const struct array *array, const struct array_snapshot_wish *wish,
			  struct deadline deadline, bool *ret_deleted, struct err *err)
{
	return wish_call(array, "unsnapshot", wish, "deleted", deadline, ret_deleted, err);
}

int array_snapshot_restore(const struct array *array, const struct array_snapshot_wish *wish,
			   struct deadline deadline, struct err *err)
{
	bool restored;
	int rc = wish_call(array, "restore", wish, "restored", deadline, &restored, err);

	return rc != 0 || restored
		       ? rc
		       : err_set(err, -EPROTO, "array %s says that it has restored nothing",
				 array->name);
}

int array_snapshots_get(const struct array *array, struct deadline deadline,
			struct array_snapshots *ret, struct err *err)
{
	struct runner_result result = {.output = NULL};
	const char *by;
	int rc = need(array, deadline, &by, err);

	*ret = (struct array_snapshots){.count = 0};
	if (rc != 0) {
		return rc;
	}
	rc = array_call(array, "snapshots",
			array_wire_encode_plain(array_call_timeout_ms(deadline)), deadline, &result,
			err);
	rc = rc != 0 ? rc : array_snapshot_decode(result.output, result.output_bytes, ret, err);
	return array_call_end(array, "snapshots", &result, rc, err);
}
