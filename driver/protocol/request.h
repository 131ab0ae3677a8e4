/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_REQUEST_H
#define LUNMASK_ARRAY_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "driver/core/fault.h"

/*
 * Reads and checks the members of a request. Every error is "bad-request" with the name of the
 * member, its value and what is legal. The returned strings live as long as the request. The caller
 * owns the request and the results.
 *
 *	request_check(request, members, &fault);
 *	request_names(request, "luns", lun_name_valid, &names, &present, &fault);
 */
#define REQUEST_MAX_BYTES (1024u * 1024)
#define REQUEST_NAMES_MAX 256

/* Refuses a member that is not in the NULL-terminated list, since it may be misspelt. */
int request_check(const json_t *request, const char *const *members, struct fault *fault);

struct request_names {
	const char *names[REQUEST_NAMES_MAX];
	size_t count;
};

/*
 * Reads a list of distinct names that valid() accepts. *ret_present is false if the member is
 * missing.
 */
int request_names(const json_t *request, const char *member, bool (*valid)(const char *),
		  struct request_names *ret, bool *ret_present, struct fault *fault);

/* Reads a name. *ret is NULL if the member is missing. */
int request_name(const json_t *request, const char *member, bool (*valid)(const char *),
		 const char **ret, struct fault *fault);

/* Reads a whole number from min to max; fallback if the member is missing. */
int request_number(const json_t *request, const char *member, int64_t min, int64_t max,
		   int64_t fallback, int64_t *ret, struct fault *fault);

/* False if the member is missing. */
int request_boolean(const json_t *request, const char *member, bool *ret, struct fault *fault);

/* Reports a missing member that is required. */
int request_missing(const char *member, struct fault *fault);

#endif
