/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array.h"

#include <stdlib.h>
#include <string.h>

#include "array/array_wire.h"

#define PROGRAM_NOT_FOUND 127

/* Less than the time left until the deadline, so that the driver's reply arrives in time. */
static int driver_timeout_ms(struct deadline deadline)
{
	int left_ms = deadline_left_ms(deadline);
	int timeout_ms = left_ms - left_ms / 8;

	return timeout_ms < 1 ? 1 : timeout_ms > 600000 ? 600000 : timeout_ms;
}

static int failure_explain(const struct array *array, const struct runner_result *result,
			   struct err *err)
{
	int rc;

	if (result->exit_status == PROGRAM_NOT_FOUND) {
		return err_set(err, -ENOENT, "array driver '%s' was not found%s%s", array->driver,
			       result->stderr_tail[0] == '\0' ? "" : ": ", result->stderr_tail);
	}
	rc = array_wire_decode_error(result->output, result->output_bytes, err);
	if (rc == -EPROTO && result->stderr_tail[0] != '\0') {
		return err_set(err, rc, "array driver '%s': exit status %d: %s", array->driver,
			       result->exit_status, result->stderr_tail);
	}
	return rc;
}

/* Runs one verb. Frees request. On success the reply is in *ret, and the caller releases it. */
static int verb_call(const struct array *array, const char *verb, char *request,
		     struct deadline deadline, struct runner_result *ret, struct err *err)
{
	const char *const argv[] = {array->driver, verb, NULL};
	int rc = request != NULL ? 0 : err_set(err, -ENOMEM, "out of memory");

	*ret = (struct runner_result){0};
	rc = rc != 0 ? rc
		     : runner_run(&array->runner, argv, request, ARRAY_REPLY_MAX_BYTES, deadline,
				  ret, err);
	free(request);
	if (rc == 0 && ret->exit_status != 0) {
		rc = failure_explain(array, ret, err);
		runner_result_release(ret);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "array %s, %s", array->name, verb);
}

static int reply_done(const struct array *array, const char *verb, struct runner_result *result,
		      int rc, struct err *err)
{
	runner_result_release(result);
	return rc == 0 ? 0 : err_prefix(err, rc, "array %s, %s", array->name, verb);
}

int array_info(const struct array *array, struct deadline deadline, struct array_info *ret,
	       struct err *err)
{
	struct runner_result result;
	int rc = verb_call(array, "info", array_wire_encode_plain(driver_timeout_ms(deadline)),
			   deadline, &result, err);

	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_info(result.output, result.output_bytes, ret, err);
	return reply_done(array, "info", &result, rc, err);
}

int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err)
{
	struct runner_result result;
	int rc = verb_call(
		array, "luns",
		array_wire_encode_luns(names, count, initiator, driver_timeout_ms(deadline)),
		deadline, &result, err);

	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_luns(result.output, result.output_bytes, names, count, ret_luns,
				    err);
	return reply_done(array, "luns", &result, rc, err);
}

int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err)
{
	struct runner_result result;
	int rc = verb_call(array, "masks",
			   array_wire_encode_masks(names, count, driver_timeout_ms(deadline)),
			   deadline, &result, err);

	*ret = (struct array_masks){0};
	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_masks(result.output, result.output_bytes, names, count, ret, err);
	return reply_done(array, "masks", &result, rc, err);
}

int array_all_masks(const struct array *array, struct deadline deadline, struct array_masks *ret,
		    struct err *err)
{
	struct runner_result result;
	int rc = verb_call(array, "masks", array_wire_encode_plain(driver_timeout_ms(deadline)),
			   deadline, &result, err);

	*ret = (struct array_masks){0};
	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_all_masks(result.output, result.output_bytes, ret, err);
	return reply_done(array, "masks", &result, rc, err);
}

void array_masks_release(struct array_masks *masks)
{
	if (masks == NULL) {
		return;
	}
	for (size_t i = 0; masks->masks != NULL && i < masks->count; i++) {
		free(masks->masks[i].initiators);
		free(masks->masks[i].nexuses);
	}
	free(masks->masks);
	*masks = (struct array_masks){0};
}

bool array_mask_holds(const struct array_mask *mask, const char *initiator)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		if (strcmp(mask->initiators[i], initiator) == 0) {
			return true;
		}
	}
	return false;
}

bool array_mask_has_access(const struct array_mask *mask, const char *initiator)
{
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		if (strcmp(mask->nexuses[i], initiator) == 0) {
			return true;
		}
	}
	return array_mask_holds(mask, initiator);
}

int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	struct array_changed changed = {0};
	struct runner_result result;
	int rc = verb_call(array, "apply",
			   array_wire_encode_apply(change, array->by, driver_timeout_ms(deadline)),
			   deadline, &result, err);

	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_apply(result.output, result.output_bytes, change, &changed, err);
	if (rc == 0 && ret_changed != NULL) {
		*ret_changed = changed;
	} else {
		array_changed_release(&changed);
	}
	return reply_done(array, "apply", &result, rc, err);
}

void array_changed_release(struct array_changed *changed)
{
	if (changed != NULL) {
		free(changed->granted);
		free(changed->revoked);
		*changed = (struct array_changed){0};
	}
}

static int fence_call(const struct array *array, const char *verb, const char *confirmation,
		      const char *const *initiators, size_t count, int64_t fencings,
		      struct deadline deadline, struct err *err)
{
	struct runner_result result;
	int rc = verb_call(array, verb,
			   array_wire_encode_initiators(initiators, count, fencings, array->by,
							driver_timeout_ms(deadline)),
			   deadline, &result, err);

	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_confirmed(result.output, result.output_bytes, confirmation,
					 initiators, count, err);
	return reply_done(array, verb, &result, rc, err);
}

int array_fence(const struct array *array, const char *const *initiators, size_t count,
		struct deadline deadline, struct err *err)
{
	return fence_call(array, "fence", "fenced", initiators, count, -1, deadline, err);
}

int array_unfence(const struct array *array, const char *const *initiators, size_t count,
		  int64_t fencings, struct deadline deadline, struct err *err)
{
	return fence_call(array, "unfence", "unfenced", initiators, count, fencings, deadline, err);
}

int array_fenced(const struct array *array, struct deadline deadline, struct array_fenced *ret,
		 struct err *err)
{
	struct runner_result result;
	int rc = verb_call(array, "fenced", array_wire_encode_plain(driver_timeout_ms(deadline)),
			   deadline, &result, err);

	*ret = (struct array_fenced){.names = NULL};
	if (rc != 0) {
		return rc;
	}
	rc = array_wire_decode_fenced(result.output, result.output_bytes, ret, err);
	return reply_done(array, "fenced", &result, rc, err);
}

bool array_fenced_has(const struct array_fenced *fenced, const char *initiator)
{
	for (size_t i = 0; i < fenced->count; i++) {
		if (strcmp(fenced->names[i], initiator) == 0) {
			return true;
		}
	}
	return false;
}

void array_fenced_release(struct array_fenced *fenced)
{
	if (fenced != NULL) {
		free(fenced->names);
		*fenced = (struct array_fenced){.names = NULL};
	}
}
