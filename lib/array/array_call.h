/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_CALL_H
#define LUNMASK_ARRAY_CALL_H

#include "array/array.h"

/*
 * One run of the driver, for the clients of its verbs.
 *
 *	rc = array_call_info(array, deadline, &info, err);        is the capability there?
 *	rc = array_call(array, "luns", request, deadline, &result, err);
 *	rc = rc != 0 ? rc : decode(result.output, result.output_bytes, ...);
 *	return array_call_end(array, "luns", &result, rc, err);
 */

/* Less than the time left until the deadline, so that the driver's reply arrives in time. */
int array_call_timeout_ms(struct deadline deadline);

/* Frees request. array_call_end() releases *ret, which is empty after a failure. */
int array_call(const struct array *array, const char *verb, char *request, struct deadline deadline,
	       struct runner_result *ret, struct err *err);

/* Returns rc; the text says which array and which verb. */
int array_call_end(const struct array *array, const char *verb, struct runner_result *result,
		   int rc, struct err *err);

/* The capabilities, which are asked for once. */
int array_call_info(const struct array *array, struct deadline deadline, struct array_info *ret,
		    struct err *err);

#endif
