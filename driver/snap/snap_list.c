/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/snap/snap_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "names/lun.h"
#include "names/name.h"

static const char *const states[SNAP_STATE_MAX] = {
#define X(name, text) [name] = (text),
	SNAP_STATES(X)
#undef X
};

struct snap *snap_list_find(const struct snap_list *list, const char *lun, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->snaps[i].lun, lun) == 0 &&
		    strcmp(list->snaps[i].name, name) == 0) {
			return &list->snaps[i];
		}
	}
	return NULL;
}

const struct snap *snap_list_of(const struct snap_list *list, const char *lun)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->snaps[i].lun, lun) == 0) {
			return &list->snaps[i];
		}
	}
	return NULL;
}

int snap_list_add(struct snap_list *list, const struct snap *snap, struct fault *fault)
{
	struct snap *grown;

	if (list->count >= SNAP_LIST_MAX) {
		return fault_set(fault, ARRAY_ERROR_NO_SPACE,
				 "there are %d snapshots already: no more can be stored",
				 SNAP_LIST_MAX);
	}
	grown = reallocarray(list->snaps, list->count + 1, sizeof(*grown));
	if (grown == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	list->snaps = grown;
	grown[list->count++] = *snap;
	return 0;
}

void snap_list_remove(struct snap_list *list, const char *lun, const char *name)
{
	struct snap *snap = snap_list_find(list, lun, name);

	if (snap != NULL) {
		list->count--;
		memmove(snap, snap + 1, (size_t)(&list->snaps[list->count] - snap) * sizeof(*snap));
	}
}

json_t *snap_list_encode(const struct snap_list *list)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct snap *snap = &list->snaps[i];

		ret = json_build_append(ret,
					json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "lun",
						  snap->lun, "name", snap->name, "set", snap->set,
						  "size_bytes", (json_int_t)snap->size_bytes,
						  "taken", (json_int_t)snap->taken_s, "note",
						  snap->note, "state", states[snap->state]));
	}
	return ret;
}

static bool text_take(const json_t *row, const char *member, size_t max, char *ret)
{
	const char *text = json_string_value(json_object_get(row, member));

	if (text == NULL || (*text != '\0' && !name_valid(text, max, "._-"))) {
		return false;
	}
	(void)strcpy(ret, text);
	return true;
}

static bool state_take(const json_t *row, enum snap_state *ret)
{
	const char *text = json_string_value(json_object_get(row, "state"));

	for (int i = 0; text != NULL && i < SNAP_STATE_MAX; i++) {
		if (strcmp(states[i], text) == 0) {
			*ret = (enum snap_state)i;
			return true;
		}
	}
	return false;
}

static bool snap_take(const json_t *row, struct snap *ret)
{
	json_int_t size = json_integer_value(json_object_get(row, "size_bytes"));

	*ret = (struct snap){.size_bytes = (uint64_t)size,
			     .taken_s = json_integer_value(json_object_get(row, "taken"))};
	return size > 0 && ret->taken_s >= 0 && text_take(row, "lun", LUN_NAME_MAX, ret->lun) &&
	       text_take(row, "name", LUN_NAME_MAX, ret->name) && lun_name_valid(ret->lun) &&
	       lun_name_valid(ret->name) && text_take(row, "set", SNAP_SET_DIGITS, ret->set) &&
	       text_take(row, "note", DRIVER_NOTE_MAX, ret->note) && state_take(row, &ret->state);
}

int snap_list_decode(const json_t *json, struct snap_list *ret, struct fault *fault)
{
	bool good = json == NULL || json_is_array(json);
	struct snap snap;
	int rc = 0;

	*ret = (struct snap_list){.count = 0};
	for (size_t i = 0; i < json_array_size(json) && good && rc == 0; i++) {
		good = snap_take(json_array_get(json, i), &snap) &&
		       snap_list_find(ret, snap.lun, snap.name) == NULL;
		rc = good ? snap_list_add(ret, &snap, fault) : 0;
	}
	if (!good) {
		rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "the list of snapshots is not legal");
	}
	if (rc != 0) {
		snap_list_release(ret);
	}
	return rc;
}

void snap_list_release(struct snap_list *list)
{
	free(list->snaps);
	*list = (struct snap_list){.count = 0};
}
