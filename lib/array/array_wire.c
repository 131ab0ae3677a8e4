/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_wire.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_error.h"
#include "base/json_build.h"
#include "base/text.h"
#include "names/portal.h"

static json_t *names_encode(const char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		list = json_build_append(list, json_string(names[i]));
	}
	return list;
}

static char *request_encode(json_t *request)
{
	return json_build_text(request, JSON_COMPACT);
}

char *array_wire_encode_luns(const char *const *names, size_t count, const char *initiator,
			     int timeout_ms)
{
	return request_encode(json_pack("{s:o, s:s*, s:i}", "luns", names_encode(names, count),
					"initiator", initiator, "timeout_ms", timeout_ms));
}

char *array_wire_encode_masks(const char *const *names, size_t count, int timeout_ms)
{
	return request_encode(json_pack("{s:o, s:i}", "luns", names_encode(names, count),
					"timeout_ms", timeout_ms));
}

char *array_wire_encode_selection(const struct array_selection *selection, int timeout_ms)
{
	json_t *request =
		json_pack("{s:o, s:s*, s:i, s:i}", "initiators",
			  names_encode(selection->initiators, selection->count), "after",
			  selection->after, "limit", ARRAY_PAGE_LUNS, "timeout_ms", timeout_ms);

	if ((selection->rules && json_object_set_new(request, "rules", json_true()) != 0) ||
	    (selection->urgent && json_object_set_new(request, "urgent", json_true()) != 0)) {
		json_decref(request);
		return NULL;
	}
	return request_encode(request);
}

char *array_wire_encode_apply(const struct array_change *change, const char *host, const char *by,
			      int timeout_ms)
{
	json_t *read_only = change->read_only ? json_true() : NULL;

	return request_encode(json_pack(
		"{s:o, s:s*, s:s*, s:o, s:s*, s:s*, s:o*, s:i}", "luns",
		names_encode(change->luns, change->n_luns), "grant", change->grant, "revoke",
		change->revoke, "allowed", names_encode(change->allowed, change->n_allowed), "host",
		host, "by", by, "read_only", read_only, "timeout_ms", timeout_ms));
}

char *array_wire_encode_initiators(const char *const *initiators, size_t count, int64_t fencings,
				   const char *by, int timeout_ms)
{
	json_t *number = fencings < 0 ? NULL : json_integer((json_int_t)fencings);

	return request_encode(json_pack("{s:o, s:o*, s:s*, s:i}", "initiators",
					names_encode(initiators, count), "fencings", number, "by",
					by, "timeout_ms", timeout_ms));
}

char *array_wire_encode_plain(int timeout_ms)
{
	return request_encode(json_pack("{s:i}", "timeout_ms", timeout_ms));
}

static int reply_load(const char *reply, size_t bytes, json_t **ret, struct err *err)
{
	json_error_t error;

	*ret = bytes > ARRAY_REPLY_MAX_BYTES
		       ? NULL
		       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(*ret)) {
		return err_set(err, -EPROTO,
			       "the array driver's reply is not a JSON object: '%.*s'",
			       (int)(bytes < 80 ? bytes : 80), reply);
	}
	return 0;
}

static int list_get(const json_t *from, const char *member, size_t max, const json_t **ret,
		    struct err *err)
{
	*ret = json_object_get(from, member);
	if (!json_is_array(*ret) || json_array_size(*ret) > max) {
		return err_set(err, -EPROTO,
			       "the array driver's reply has no list '%s' of at most %zu members",
			       member, max);
	}
	return 0;
}

/* NULL if the member is not a string, is empty or too long, or has a control character. */
static const char *text_get(const json_t *from, const char *member, size_t max)
{
	const json_t *value = member != NULL ? json_object_get(from, member) : from;
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	if (text == NULL || length == 0 || length > max || strlen(text) != length) {
		return NULL;
	}
	return text_is_printable(text) ? text : NULL;
}

/* Finds the requested LUN that this object describes. Each LUN may be described only once. */
static int slot_find(const json_t *object, const char *member, const char *const *names,
		     size_t count, bool *seen, size_t *ret, struct err *err)
{
	const char *name = text_get(object, member, LUN_NAME_MAX);

	*ret = 0;
	while (*ret < count && (name == NULL || strcmp(names[*ret], name) != 0)) {
		++*ret;
	}
	if (*ret == count || seen[*ret]) {
		return err_set(err, -EPROTO,
			       "the array driver's reply lists LUN '%s', which was %s",
			       name != NULL ? name : "(no name)",
			       *ret == count ? "not requested" : "listed before");
	}
	seen[*ret] = true;
	return 0;
}

static int complete_check(const json_t *list, const char *const *names, size_t count,
			  const bool *seen, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!seen[i]) {
			return err_set(
				err, -EPROTO,
				"the array driver's reply leaves out LUN '%s' (it has %zu of "
				"%zu)",
				names[i], json_array_size(list), count);
		}
	}
	return 0;
}

static int lun_decode(const json_t *object, const char *name, struct lun *ret, struct err *err)
{
	const json_t *designators = json_object_get(object, "designators");
	const char *target = text_get(object, "target", ISCSI_NAME_MAX);
	const char *designator = text_get(json_array_get(designators, 0), NULL, LUN_DESIGNATOR_MAX);
	const json_t *size = json_object_get(object, "size_bytes");
	const json_t *number = json_object_get(object, "number");

	if (target == NULL || strchr(target, ' ') != NULL || designator == NULL ||
	    json_integer_value(size) <= 0 || !json_is_integer(number) ||
	    json_integer_value(number) < 0 || json_integer_value(number) > 16383) {
		return err_set(err, -EPROTO,
			       "the array driver's description of LUN '%s' lacks a legal target, "
			       "designator, size_bytes or number",
			       name);
	}
	*ret = (struct lun){.size_bytes = (uint64_t)json_integer_value(size),
			    .number = (unsigned int)json_integer_value(number)};
	(void)strcpy(ret->name, name);
	(void)strcpy(ret->target, target);
	(void)strcpy(ret->designator, designator);
	return 0;
}

int array_wire_decode_luns(const char *reply, size_t bytes, const char *const *names, size_t count,
			   struct lun *ret_luns, struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *list = NULL;
	g_autofree bool *seen = g_new0(bool, count + 1);
	int rc = reply_load(reply, bytes, &root, err);

	rc = rc != 0 ? rc : list_get(root, "luns", count, &list, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		size_t slot;

		rc = slot_find(object, "name", names, count, seen, &slot, err);
		rc = rc != 0 ? rc : lun_decode(object, names[slot], &ret_luns[slot], err);
	}
	return rc != 0 ? rc : complete_check(list, names, count, seen, err);
}

/* Names in the list `member` of object: the elements, or their member inner if it is not NULL. */
static int holders_decode(const json_t *object, const char *member, const char *inner,
			  char (**ret)[ISCSI_NAME_MAX + 1], size_t *ret_count, struct err *err)
{
	const json_t *list;
	int rc = list_get(object, member, ARRAY_HOLDERS_MAX, &list, err);
	size_t count = json_array_size(list);

	if (rc != 0) {
		return rc;
	}
	*ret = calloc(count + 1, sizeof(**ret));
	if (*ret == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = text_get(json_array_get(list, i), inner, ISCSI_NAME_MAX);

		if (name == NULL) {
			return err_set(err, -EPROTO,
				       "the array driver's reply has a name in '%s' that is not "
				       "legal",
				       member);
		}
		(void)strcpy((*ret)[i], name);
	}
	*ret_count = count;
	return 0;
}

static int mask_decode(const json_t *object, const char *lun, struct array_mask *ret,
		       struct err *err)
{
	int rc;

	(void)strcpy(ret->lun, lun);
	rc = holders_decode(object, "initiators", NULL, &ret->initiators, &ret->n_initiators, err);
	return rc != 0 ? rc
		       : holders_decode(object, "nexuses", "initiator", &ret->nexuses,
					&ret->n_nexuses, err);
}

static int masks_decode(const json_t *root, const char *const *names, size_t count,
			struct array_masks *ret, struct err *err)
{
	const json_t *list = NULL;
	g_autofree bool *seen = g_new0(bool, count + 1);
	int rc = list_get(root, "masks", count, &list, err);

	*ret = (struct array_masks){.masks = g_new0(struct array_mask, count + 1), .count = count};
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		size_t slot;

		rc = slot_find(object, "lun", names, count, seen, &slot, err);
		rc = rc != 0 ? rc : mask_decode(object, names[slot], &ret->masks[slot], err);
	}
	rc = rc != 0 ? rc : complete_check(list, names, count, seen, err);
	if (rc != 0) {
		array_masks_release(ret);
	}
	return rc;
}

int array_wire_decode_masks(const char *reply, size_t bytes, const char *const *names, size_t count,
			    struct array_masks *ret, struct err *err)
{
	json_auto_t *root = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	*ret = (struct array_masks){0};
	return rc != 0 ? rc : masks_decode(root, names, count, ret, err);
}

static int all_masks_decode(const json_t *list, struct array_masks *ret, struct err *err)
{
	int rc = 0;

	ret->masks = g_new0(struct array_mask, json_array_size(list) + 1);
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		const char *lun = text_get(object, "lun", LUN_NAME_MAX);

		if (lun == NULL || !lun_name_valid(lun)) {
			return err_set(err, -EPROTO,
				       "the array driver's reply has a mask without a legal 'lun'");
		}
		ret->count++;
		rc = mask_decode(object, lun, &ret->masks[i], err);
	}
	return rc;
}

static int next_decode(const json_t *root, char *ret, struct err *err)
{
	const char *next = text_get(root, "next", LUN_NAME_MAX);

	ret[0] = '\0';
	if (json_object_get(root, "next") == NULL) {
		return 0;
	}
	if (next == NULL || !lun_name_valid(next)) {
		return err_set(err, -EPROTO, "the array driver's reply has no legal 'next'");
	}
	(void)strcpy(ret, next);
	return 0;
}

int array_wire_decode_page(const char *reply, size_t bytes, struct array_masks *ret, char *ret_next,
			   struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *list = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	*ret = (struct array_masks){0};
	rc = rc != 0 ? rc : list_get(root, "masks", ARRAY_MASKS_MAX, &list, err);
	rc = rc != 0 || ret_next == NULL ? rc : next_decode(root, ret_next, err);
	rc = rc != 0 ? rc : all_masks_decode(list, ret, err);
	if (rc != 0) {
		array_masks_release(ret);
	}
	return rc;
}

/* Decodes a list of some of the LUNs of the batch. */
static int changed_decode(const json_t *root, const char *member, const struct array_change *change,
			  char (**ret)[LUN_NAME_MAX + 1], size_t *ret_count, struct err *err)
{
	const json_t *list;
	g_autofree bool *seen = g_new0(bool, change->n_luns + 1);
	int rc = list_get(root, member, change->n_luns, &list, err);

	*ret = g_malloc0_n(change->n_luns + 1, sizeof(**ret));
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		size_t slot;

		rc = slot_find(json_array_get(list, i), NULL, change->luns, change->n_luns, seen,
			       &slot, err);
		if (rc == 0) {
			(void)strcpy((*ret)[(*ret_count)++], change->luns[slot]);
		}
	}
	return rc;
}

static int read_back(const json_t *root, const struct array_change *change, struct err *err)
{
	struct array_masks masks;
	int rc = masks_decode(root, change->luns, change->n_luns, &masks, err);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < masks.count && rc == 0; i++) {
		const struct array_mask *mask = &masks.masks[i];

		if (change->grant != NULL && !array_mask_holds(mask, change->grant)) {
			rc = err_set(
				err, -EPROTO,
				"the array driver reports success, but LUN '%s' is not granted "
				"to '%s'",
				mask->lun, change->grant);
		} else if (change->revoke != NULL && array_mask_has_access(mask, change->revoke)) {
			rc = err_set(err, -EPROTO,
				     "the array driver reports success, but '%s' still has a path "
				     "to LUN '%s'",
				     change->revoke, mask->lun);
		}
	}
	array_masks_release(&masks);
	return rc;
}

int array_wire_decode_apply(const char *reply, size_t bytes, const struct array_change *change,
			    struct array_changed *ret, struct err *err)
{
	json_auto_t *root = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	*ret = (struct array_changed){0};
	rc = rc != 0 ? rc
		     : changed_decode(root, "granted", change, &ret->granted, &ret->n_granted, err);
	rc = rc != 0 ? rc
		     : changed_decode(root, "revoked", change, &ret->revoked, &ret->n_revoked, err);
	rc = rc != 0 ? rc : read_back(root, change, err);
	if (rc != 0) {
		array_changed_release(ret);
	}
	return rc;
}

static bool list_has(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text != NULL && strcmp(text, word) == 0) {
			return true;
		}
	}
	return false;
}

/* A driver without the capability has no such list, or one that means something else. */
static int classes_decode(const json_t *root, struct array_info *ret, struct err *err)
{
	const json_t *list = NULL;
	int rc = list_get(root, "classes", ARRAY_CLASSES_MAX, &list, err);

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const char *class = text_get(json_array_get(list, i), NULL, ARRAY_CLASS_MAX);

		if (class == NULL || !lun_name_valid(class)) {
			return err_set(err, -EPROTO,
				       "the array driver names a class that is not legal");
		}
		(void)strcpy(ret->classes[ret->n_classes++], class);
	}
	return rc;
}

int array_wire_decode_info(const char *reply, size_t bytes, struct array_info *ret, struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *capabilities = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	rc = rc != 0 ? rc
		     : list_get(root, "capabilities", ARRAY_CAPABILITIES_MAX, &capabilities, err);
	if (rc != 0) {
		return rc;
	}
	if (json_integer_value(json_object_get(root, "protocol")) != ARRAY_PROTOCOL) {
		return err_set(err, -EPROTO, "the array driver does not speak protocol %d",
			       ARRAY_PROTOCOL);
	}
	*ret = (struct array_info){
		.known = true,
		.revoke_cuts_nexus = list_has(capabilities, "revoke-cuts-nexus"),
		.nexus_list = list_has(capabilities, "nexus-list"),
		.fence = list_has(capabilities, "fence"),
		.requester = list_has(capabilities, "requester"),
		.masks_select = list_has(capabilities, "masks-select"),
		.urgent = list_has(capabilities, "urgent"),
		.hosts = list_has(capabilities, "hosts"),
		.read_only = list_has(capabilities, "read-only"),
		.volumes = list_has(capabilities, "create") && list_has(capabilities, "delete"),
		.health = list_has(capabilities, "health"),
		.resize = list_has(capabilities, "resize"),
		.accounts = list_has(capabilities, "accounts"),
		.snapshot = list_has(capabilities, "snapshot"),
	};
	return list_has(capabilities, "classes") ? classes_decode(root, ret, err) : 0;
}

static bool ports_have(const struct array_ports *ports, const char *portal)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (strcmp(ports->portals[i].portal, portal) == 0) {
			return true;
		}
	}
	return false;
}

int array_wire_decode_ports(const char *reply, size_t bytes, struct array_ports *ret,
			    struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *list = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	*ret = (struct array_ports){.count = 0};
	rc = rc != 0 ? rc : list_get(root, "portals", ARRAY_PORTS_MAX, &list, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(list) && ret->count < PORTALS_MAX; i++) {
		const json_t *object = json_array_get(list, i);
		struct array_portal *portal = &ret->portals[ret->count];
		const char *address = text_get(object, "portal", ISCSI_PORTAL_MAX);
		const char *state = text_get(object, "state", sizeof(portal->state) - 1);

		if (address == NULL || state == NULL) {
			rc = err_set(err, -EPROTO,
				     "the array driver's reply has a portal without a legal "
				     "'portal' or 'state'");
		} else if (portal_check(address, NULL) == 0 && !ports_have(ret, address)) {
			(void)strcpy(portal->portal, address);
			(void)strcpy(portal->state, state);
			ret->count++;
		}
	}
	return rc;
}

static int hosts_decode(const json_t *root, struct array_fenced *ret, struct err *err)
{
	const json_t *list;
	int rc;

	if (json_object_get(root, "hosts") == NULL) {
		return 0;
	}
	rc = list_get(root, "hosts", ARRAY_HOSTS_MAX, &list, err);
	ret->hosts = g_new0(struct array_host, json_array_size(list) + 1);
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		const char *id = text_get(object, "host", HOST_ID_MAX);
		const char *initiator = text_get(object, "initiator", ISCSI_NAME_MAX);

		if (id == NULL || initiator == NULL || !iscsi_name_valid(initiator)) {
			return err_set(err, -EPROTO,
				       "the array driver's reply has a host that is not legal");
		}
		(void)strcpy(ret->hosts[i].id, id);
		(void)strcpy(ret->hosts[i].initiator, initiator);
		ret->n_hosts++;
	}
	return rc;
}

int array_wire_decode_fenced(const char *reply, size_t bytes, struct array_fenced *ret,
			     struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *number;
	int rc = reply_load(reply, bytes, &root, err);

	*ret = (struct array_fenced){.names = NULL};
	rc = rc != 0 ? rc : holders_decode(root, "fenced", NULL, &ret->names, &ret->count, err);
	number = rc != 0 ? NULL : json_object_get(root, "fencings");
	ret->fencings = json_integer_value(number);
	if (rc == 0 && (!json_is_integer(number) || ret->fencings < 0)) {
		rc = err_set(err, -EPROTO,
			     "the array driver's reply does not have the number 'fencings'");
	}
	rc = rc != 0 ? rc : hosts_decode(root, ret, err);
	if (rc != 0) {
		array_fenced_release(ret);
	}
	return rc;
}

int array_wire_decode_confirmed(const char *reply, size_t bytes, const char *member,
				const char *const *initiators, size_t count, struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *list = NULL;
	int rc = reply_load(reply, bytes, &root, err);

	rc = rc != 0 ? rc : list_get(root, member, ARRAY_HOLDERS_MAX, &list, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!list_has(list, initiators[i])) {
			rc = err_set(err, -EPROTO,
				     "the array driver reports success, but '%s' is not in its "
				     "list '%s'",
				     initiators[i], member);
		}
	}
	return rc;
}

int array_wire_decode_error(const char *reply, size_t bytes, struct err *err)
{
	json_auto_t *root = NULL;
	const json_t *error;
	const char *code;
	const char *message;
	const char *lun;
	int rc = reply_load(reply, bytes, &root, err);

	if (rc != 0) {
		return rc;
	}
	error = json_object_get(root, "error");
	code = text_get(error, "code", 63);
	message = json_string_value(json_object_get(error, "message"));
	if (code == NULL || message == NULL) {
		return err_set(err, -EPROTO,
			       "the array driver failed, but its reply is not an error reply of "
			       "lunmask-array(7)");
	}
	rc = array_error_to_errno(code);
	(void)err_set(err, rc, "%s%s%s", rc == -EPROTO ? code : "", rc == -EPROTO ? ": " : "",
		      message);
	/* Adds the name of the LUN if the driver's message lacks it. */
	lun = text_get(error, "lun", LUN_NAME_MAX);
	if (lun != NULL && strstr(message, lun) == NULL) {
		(void)err_prefix(err, rc, "LUN %s", lun);
	}
	return rc;
}
