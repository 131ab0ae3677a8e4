/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_request.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "names/name.h"

#define ERRNO_MAX 4095 /* as in the kernel's pointers that are errors */

static const char *const verbs[TPM_VERB_MAX] = {
	[TPM_SERVE] = "serve",
	[TPM_END] = "end",
};

char *tpm_request_encode(const struct tpm_request *request)
{
	const struct lun *lun = &request->lun;
	json_t *portals = json_array();

	if (request->verb == TPM_END) {
		json_decref(portals);
		return json_build_text(
			json_pack("{s:s, s:s}", "verb", verbs[TPM_END], "vm", request->vm),
			JSON_COMPACT);
	}
	for (size_t i = 0; i < request->n_portals; i++) {
		portals = json_build_append(portals, json_string(request->portals[i]));
	}
	return json_build_text(
		json_pack("{s:s, s:s, s:s, s:b, s:s*, s:s, s:o, s:{s:s, s:s, s:I, s:s, s:i}}",
			  "verb", verbs[TPM_SERVE], "vm", request->vm, "uuid", request->uuid,
			  "arrival", request->arrival, "array",
			  request->array[0] == '\0' ? NULL : request->array, "initiator",
			  request->initiator, "portals", portals, "lun", "name", lun->name,
			  "designator", lun->designator, "size_bytes", (json_int_t)lun->size_bytes,
			  "target", lun->target, "number", (int)lun->number),
		JSON_COMPACT);
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

static int number_take(json_t *object, const char *key, json_int_t max, uint64_t *ret,
		       struct err *err)
{
	json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0 ||
	    json_integer_value(number) > max) {
		return err_set(err, -EINVAL,
			       "'%s' must be a number from 0 to %" JSON_INTEGER_FORMAT, key, max);
	}
	*ret = (uint64_t)json_integer_value(number);
	return 0;
}

static int lun_take(json_t *json, struct lun *lun, struct err *err)
{
	uint64_t number = 0;
	int rc = string_take(json, "name", lun->name, sizeof(lun->name), err);

	rc = rc < 0 ? rc
		    : string_take(json, "designator", lun->designator, sizeof(lun->designator),
				  err);
	rc = rc < 0 ? rc : string_take(json, "target", lun->target, sizeof(lun->target), err);
	rc = rc < 0 ? rc : number_take(json, "size_bytes", INT64_MAX, &lun->size_bytes, err);
	rc = rc < 0 ? rc : number_take(json, "number", 0x3fff, &number, err);
	lun->number = (unsigned int)number;
	if (rc == 0 && (!lun_name_valid(lun->name) || !iscsi_name_valid(lun->target))) {
		rc = err_set(err, -EINVAL, "LUN '%s' or its target '%s' is no legal name",
			     lun->name, lun->target);
	}
	return rc;
}

static int portals_take(json_t *json, struct tpm_request *ret, struct err *err)
{
	json_t *portal;
	size_t i;

	if (json_array_size(json) < 1 || json_array_size(json) > PORTALS_MAX) {
		return err_set(err, -EINVAL, "'portals' must be a list of 1 to %d portals",
			       PORTALS_MAX);
	}
	json_array_foreach (json, i, portal) {
		const char *text = json_is_string(portal) ? json_string_value(portal) : "";
		int rc = portal_check(text, err);

		if (rc < 0) {
			return rc;
		}
		(void)g_strlcpy(ret->portals[i], text, sizeof(ret->portals[i]));
	}
	ret->n_portals = json_array_size(json);
	return 0;
}

static int serve_take(json_t *json, struct tpm_request *ret, struct err *err)
{
	json_t *arrival = json_object_get(json, "arrival");
	int rc = string_take(json, "uuid", ret->uuid, sizeof(ret->uuid), err);

	/* It becomes the name of a folder. */
	if (rc == 0 && !g_uuid_string_is_valid(ret->uuid)) {
		rc = err_set(err, -EINVAL, "'%s' is not a UUID", ret->uuid);
	}
	if (rc == 0 && !json_is_boolean(arrival)) {
		rc = err_set(err, -EINVAL, "'arrival' must be true or false");
	}
	ret->arrival = json_is_true(arrival);
	if (rc == 0 && json_object_get(json, "array") != NULL) {
		rc = string_take(json, "array", ret->array, sizeof(ret->array), err);
	}
	rc = rc < 0 ? rc
		    : string_take(json, "initiator", ret->initiator, sizeof(ret->initiator), err);
	if (rc == 0 && !iscsi_name_valid(ret->initiator)) {
		rc = err_set(err, -EINVAL, "'%s' is not an iSCSI name", ret->initiator);
	}
	rc = rc < 0 ? rc : portals_take(json_object_get(json, "portals"), ret, err);
	return rc < 0 ? rc : lun_take(json_object_get(json, "lun"), &ret->lun, err);
}

static int request_take(json_t *json, struct tpm_request *ret, struct err *err)
{
	const char *verb = json_string_value(json_object_get(json, "verb"));
	int rc = string_take(json, "vm", ret->vm, sizeof(ret->vm), err);

	if (rc == 0 && !vm_name_valid(ret->vm)) {
		rc = err_set(err, -EINVAL, "'%s' is not a VM: " VM_NAME_LEGAL, ret->vm);
	}
	if (rc < 0) {
		return rc;
	}
	if (verb != NULL && strcmp(verb, verbs[TPM_END]) == 0) {
		ret->verb = TPM_END;
		return 0;
	}
	ret->verb = TPM_SERVE;
	return verb != NULL && strcmp(verb, verbs[TPM_SERVE]) == 0
		       ? serve_take(json, ret, err)
		       : err_set(err, -EINVAL, "'verb' must be serve or end");
}

int tpm_request_decode(const char *text, size_t bytes, struct tpm_request *ret, struct err *err)
{
	json_error_t reason;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	int rc;

	*ret = (struct tpm_request){.n_portals = 0};
	if (json == NULL) {
		return err_set(err, -EINVAL, "the request is not JSON: %s", reason.text);
	}
	rc = request_take(json, ret, err);
	json_decref(json);
	return rc;
}

char *tpm_answer_encode(int rc, const char *error_text)
{
	return json_build_text(
		rc == 0 ? json_pack("{s:b}", "ok", 1)
			: json_pack("{s:b, s:i, s:s}", "ok", 0, "errno", -rc, "error", error_text),
		JSON_COMPACT);
}

int tpm_answer_decode(const char *text, size_t bytes, struct err *err)
{
	json_error_t reason;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	json_t *ok = json_object_get(json, "ok");
	json_int_t number = json_integer_value(json_object_get(json, "errno"));
	const char *error = json_string_value(json_object_get(json, "error"));
	int rc = 0;

	if (json_is_false(ok) && number >= 1 && number <= ERRNO_MAX && error != NULL) {
		rc = err_set(err, (int)-number, "%s", error);
	} else if (!json_is_true(ok)) {
		rc = err_set(err, -EPROTO, "lunmask-tpm gave an illegal answer: '%.*s'",
			     (int)(bytes < 200 ? bytes : 200), text);
	}
	json_decref(json);
	return rc;
}

int tpm_request_run(const struct runner *runner, const char *program,
		    const struct tpm_request *request, struct deadline deadline, struct err *err)
{
	const char *const argv[] = {program, NULL};
	struct runner_result result = {0};
	char *text = tpm_request_encode(request);
	int rc;

	if (text == NULL) {
		return err_set(err, -ENOMEM, "out of memory, or a name that is not UTF-8");
	}
	rc = runner_run(runner, argv, text, TPM_REQUEST_BYTES_MAX, deadline, &result, err);
	free(text);
	if (rc == 0) {
		rc = result.exit_status > 1
			     ? err_set(err, -EPROTO, "lunmask-tpm exited with status %d: %s",
				       result.exit_status, result.stderr_tail)
			     : tpm_answer_decode(result.output, result.output_bytes, err);
		runner_result_release(&result);
	}
	return rc;
}
