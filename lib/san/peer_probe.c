/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/peer_probe.h"

#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "names/errno_name.h"
#include "names/name.h"
#include "names/portal.h"

/* The part of the deadline that is reserved for ssh and for the transfer of the answer. */
#define RESERVE_MS 500

static json_t *luns_pack(const struct lun *luns, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		array = json_build_append(
			array,
			json_pack("{s:s, s:s, s:I, s:s, s:I}", "name", luns[i].name, "designator",
				  luns[i].designator, "size_bytes", (json_int_t)luns[i].size_bytes,
				  "target", luns[i].target, "number", (json_int_t)luns[i].number));
	}
	return array;
}

char *peer_probe_request_encode(const struct peer_probe_request *request)
{
	json_t *portals = json_array();

	for (size_t i = 0; i < request->n_portals; i++) {
		portals = json_build_append(portals, json_string(request->portals[i]));
	}
	return json_build_text(
		json_pack("{s:s*, s:s*, s:s*, s:s, s:o, s:I, s:i, s:o}", "node", request->node,
			  "array", request->array, "secret_for", request->secret_for, "initiator",
			  request->initiator, "portals", portals, "paths_required",
			  (json_int_t)request->paths_required, "timeout_ms", request->timeout_ms,
			  "luns", luns_pack(request->luns, request->n_luns)),
		JSON_COMPACT);
}

struct peer_probe_storage {
	json_t *json;
	const char *portals[PORTALS_MAX];
	struct lun luns[VM_LUNS_MAX];
};

void peer_probe_storage_free(struct peer_probe_storage *storage)
{
	if (storage != NULL) {
		json_decref(storage->json);
		g_free(storage);
	}
}

static int string_take(json_t *object, const char *key, char *target, size_t size, struct err *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL || text[0] == '\0' || strlen(text) >= size) {
		return err_set(err, -EINVAL, "'%s' must be a string of 1 to %zu characters", key,
			       size - 1);
	}
	memcpy(target, text, strlen(text) + 1);
	return 0;
}

static int number_take(json_t *object, const char *key, json_int_t min, json_int_t max,
		       json_int_t *ret, struct err *err)
{
	json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || json_integer_value(number) < min ||
	    json_integer_value(number) > max) {
		return err_set(err, -EINVAL,
			       "'%s' must be a number from %" JSON_INTEGER_FORMAT
			       " to %" JSON_INTEGER_FORMAT,
			       key, min, max);
	}
	*ret = json_integer_value(number);
	return 0;
}

static int lun_take(json_t *json, struct lun *lun, struct err *err)
{
	json_int_t size_bytes = 0, number = 0;
	int rc = string_take(json, "name", lun->name, sizeof(lun->name), err);

	rc = rc < 0 ? rc
		    : string_take(json, "designator", lun->designator, sizeof(lun->designator),
				  err);
	rc = rc < 0 ? rc : string_take(json, "target", lun->target, sizeof(lun->target), err);
	rc = rc < 0 ? rc : number_take(json, "size_bytes", 1, INT64_MAX, &size_bytes, err);
	rc = rc < 0 ? rc : number_take(json, "number", 0, 0x3fff, &number, err);
	lun->size_bytes = (uint64_t)size_bytes;
	lun->number = (unsigned int)number;
	return rc;
}

static int luns_take(json_t *json, struct peer_probe_storage *storage,
		     struct peer_probe_request *ret, struct err *err)
{
	size_t i;
	json_t *lun;

	if (json_array_size(json) < 1 || json_array_size(json) > VM_LUNS_MAX) {
		return err_set(err, -EINVAL, "'luns' must be a list of 1 to %d LUNs", VM_LUNS_MAX);
	}
	json_array_foreach (json, i, lun) {
		int rc = lun_take(lun, &storage->luns[i], err);

		if (rc < 0) {
			return err_prefix(err, rc, "LUN %zu of the list", i + 1);
		}
	}
	ret->luns = storage->luns;
	ret->n_luns = json_array_size(json);
	return 0;
}

static int portals_take(json_t *json, struct peer_probe_storage *storage,
			struct peer_probe_request *ret, struct err *err)
{
	size_t i;
	json_t *portal;

	if (json_array_size(json) < 1 || json_array_size(json) > PORTALS_MAX) {
		return err_set(err, -EINVAL, "'portals' must be a list of 1 to %d portals",
			       PORTALS_MAX);
	}
	json_array_foreach (json, i, portal) {
		int rc;

		storage->portals[i] = json_is_string(portal) ? json_string_value(portal) : "";
		rc = portal_check(storage->portals[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	ret->portals = storage->portals;
	ret->n_portals = json_array_size(json);
	return 0;
}

static int request_take(struct peer_probe_storage *storage, struct peer_probe_request *ret,
			struct err *err)
{
	json_t *json = storage->json;
	json_int_t paths_required = 0, timeout_ms = 0;
	int rc;

	ret->node = json_string_value(json_object_get(json, "node"));
	if (json_object_get(json, "node") != NULL && ret->node == NULL) {
		return err_set(err, -EINVAL, "'node' must be a string");
	}
	ret->array = json_string_value(json_object_get(json, "array"));
	if (json_object_get(json, "array") != NULL && ret->array == NULL) {
		return err_set(err, -EINVAL, "'array' must be a string");
	}
	ret->secret_for = json_string_value(json_object_get(json, "secret_for"));
	if (json_object_get(json, "secret_for") != NULL &&
	    (ret->secret_for == NULL || !vm_name_valid(ret->secret_for))) {
		return err_set(err, -EINVAL, "'secret_for' must be a VM: " VM_NAME_LEGAL);
	}
	ret->initiator = json_string_value(json_object_get(json, "initiator"));
	if (ret->initiator == NULL || !iscsi_name_valid(ret->initiator)) {
		return err_set(err, -EINVAL,
			       "'initiator' must be an iSCSI name (iqn., eui., naa.)");
	}
	rc = portals_take(json_object_get(json, "portals"), storage, ret, err);
	rc = rc < 0 ? rc : luns_take(json_object_get(json, "luns"), storage, ret, err);
	rc = rc < 0 ? rc
		    : number_take(json, "paths_required", 0, (json_int_t)ret->n_portals,
				  &paths_required, err);
	rc = rc < 0 ? rc
		    : number_take(json, "timeout_ms", 1, PEER_PROBE_TIMEOUT_MAX_MS, &timeout_ms,
				  err);
	ret->paths_required = (size_t)paths_required;
	ret->timeout_ms = (int)timeout_ms;
	return rc;
}

int peer_probe_request_decode(const char *text, size_t bytes, struct peer_probe_request *ret,
			      struct peer_probe_storage **ret_storage, struct err *err)
{
	struct peer_probe_storage *storage = g_new0(struct peer_probe_storage, 1);
	json_error_t reason;
	int rc;

	memset(ret, 0, sizeof(*ret));
	storage->json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	rc = storage->json == NULL
		     ? err_set(err, -EINVAL, "the request is not JSON: %s", reason.text)
		     : request_take(storage, ret, err);
	if (rc < 0) {
		peer_probe_storage_free(storage);
		return rc;
	}
	*ret_storage = storage;
	return 0;
}

static json_t *portals_pack(const struct iscsi_portals *portals, size_t n_portals)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n_portals; i++) {
		array = json_build_append(array, json_boolean(portals->good[i]));
	}
	return array;
}

char *peer_probe_answer_encode(int rc, const struct iscsi_portals *portals, size_t n_portals,
			       const char *error_text)
{
	json_int_t paths = (json_int_t)portals->n_good;
	char text[ERR_TEXT_MAX];
	size_t i = 0;

	if (rc == 0) {
		return json_build_text(json_pack("{s:b, s:I, s:o}", "ok", 1, "paths", paths,
						 "portals", portals_pack(portals, n_portals)),
				       JSON_COMPACT);
	}
	/* The text may contain bytes from a target that are not UTF-8, which JSON forbids. */
	for (; error_text[i] != '\0' && i < sizeof(text) - 1; i++) {
		text[i] = (unsigned char)error_text[i] > '~' ? '?' : error_text[i];
	}
	text[i] = '\0';
	return json_build_text(json_pack("{s:b, s:I, s:o, s:s, s:s}", "ok", 0, "paths", paths,
					 "portals", portals_pack(portals, n_portals), "error", text,
					 "errno_name", errno_name_to_str(-rc)),
			       JSON_COMPACT);
}

/* portals: NULL in the answer of an older lunmask. False: not legal. */
static bool portals_read(json_t *portals, json_t *paths, size_t n_portals,
			 struct iscsi_portals *ret)
{
	bool all = portals == NULL && json_integer_value(paths) == (json_int_t)n_portals;

	*ret = (struct iscsi_portals){.n_good = 0};
	if (portals != NULL && json_array_size(portals) != n_portals) {
		return false;
	}
	for (size_t i = 0; i < n_portals; i++) {
		ret->good[i] = all || json_is_true(json_array_get(portals, i));
		ret->n_good += ret->good[i] ? 1 : 0;
	}
	return ret->n_good == (size_t)json_integer_value(paths);
}

static bool answer_legal(json_t *json)
{
	json_t *ok = json_object_get(json, "ok");
	json_t *paths = json_object_get(json, "paths");
	const char *name = json_string_value(json_object_get(json, "errno_name"));

	return json_is_boolean(ok) && json_is_integer(paths) && json_integer_value(paths) >= 0 &&
	       (json_is_true(ok) || (json_is_string(json_object_get(json, "error")) &&
				     name != NULL && errno_name_from_str(name) != 0));
}

int peer_probe_answer_decode(const char *text, size_t bytes, size_t n_portals,
			     struct iscsi_portals *ret, struct err *err)
{
	json_error_t reason;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	bool ok = json_is_true(json_object_get(json, "ok"));
	bool whose;
	int rc = 0;

	if (!answer_legal(json)) {
		*ret = (struct iscsi_portals){.n_good = 0};
		rc = err_set(err, -EPROTO, "lunmask-probe gave an illegal answer: '%.*s'",
			     (int)(bytes < 200 ? bytes : 200), text);
		json_decref(json);
		return rc;
	}
	whose = portals_read(json_object_get(json, "portals"), json_object_get(json, "paths"),
			     n_portals, ret);
	if (!ok) {
		rc = err_set(err,
			     -errno_name_from_str(
				     json_string_value(json_object_get(json, "errno_name"))),
			     "%s", json_string_value(json_object_get(json, "error")));
	} else if (!whose) {
		rc = err_set(err, -EPROTO,
			     "upgrade lunmask there: lunmask-probe does not say which of its %zu "
			     "portals are good",
			     n_portals);
	}
	json_decref(json);
	return rc;
}

static int answer_judge(const struct runner_result *result, size_t n_portals,
			struct iscsi_portals *ret, struct err *err)
{
	int rc;

	if (result->exit_status > 1) {
		return err_set(err, -EPROTO, "lunmask-probe exited with status %d: %s",
			       result->exit_status, result->stderr_tail);
	}
	rc = peer_probe_answer_decode(result->output, result->output_bytes, n_portals, ret, err);
	if (rc != -EPROTO && (rc == 0) != (result->exit_status == 0)) {
		return err_set(err, -EPROTO, "lunmask-probe's answer and its exit status %d differ",
			       result->exit_status);
	}
	return rc;
}

int peer_probe_run(const struct runner *runner, const char *program,
		   const struct peer_probe_request *request, struct deadline deadline,
		   struct iscsi_portals *ret, struct err *err)
{
	int left_ms = deadline_left_ms(deadline);
	int timeout_ms = left_ms > 2 * RESERVE_MS ? left_ms - RESERVE_MS : left_ms / 2 + 1;
	struct peer_probe_request timed = *request;
	const char *const argv[] = {program, NULL};
	struct runner_result result = {0};
	char *text;
	int rc;

	*ret = (struct iscsi_portals){.n_good = 0};
	timed.timeout_ms = MIN(timeout_ms, PEER_PROBE_TIMEOUT_MAX_MS);
	text = peer_probe_request_encode(&timed);
	if (text == NULL) {
		return err_set(err, -ENOMEM, "out of memory, or a name that is not UTF-8");
	}
	rc = runner_run(runner, argv, text, PEER_PROBE_BYTES_MAX, deadline, &result, err);
	if (rc == 0) {
		rc = answer_judge(&result, request->n_portals, ret, err);
		runner_result_release(&result);
	}
	free(text);
	return rc < 0 && rc != -EADDRNOTAVAIL ? err_prefix(err, rc, "host %s", request->initiator)
					      : rc;
}
