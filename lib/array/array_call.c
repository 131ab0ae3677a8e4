/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_call.h"

#include <errno.h>
#include <stdlib.h>

#include "array/array_wire.h"

#define PROGRAM_NOT_FOUND 127

int array_call_timeout_ms(struct deadline deadline)
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

int array_call(const struct array *array, const char *verb, char *request, struct deadline deadline,
	       struct runner_result *ret, struct err *err)
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
	return rc;
}

int array_call_end(const struct array *array, const char *verb, struct runner_result *result,
		   int rc, struct err *err)
{
	runner_result_release(result);
	return rc == 0 ? 0 : err_prefix(err, rc, "array %s, %s", array->name, verb);
}

int array_call_info(const struct array *array, struct deadline deadline, struct array_info *ret,
		    struct err *err)
{
	if (array->info == NULL || !array->info->known) {
		return array_info(array, deadline, ret, err);
	}
	*ret = *array->info;
	return 0;
}
