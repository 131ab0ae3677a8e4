/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_REQUEST_H
#define LUNMASK_ARRAY_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "driver/core/fault.h"

/*
 * The members of a request, checked. Everything wrong is "bad-request" with the name of the
 * member, what it was and what is legal. Strings that are returned live as long as the request.
 */
#define REQUEST_MAX_BYTES (1024u * 1024)
#define REQUEST_NAMES_MAX 256

/* A member that is not in the NULL-terminated list may be a misspelt one: refused. */
int request_check(const json_t *request, const char *const *members, struct fault *fault);

struct request_names {
	const char *names[REQUEST_NAMES_MAX];
	size_t count;
};

/* A list of different names that valid() accepts. present is false when the member is not there. */
int request_names(const json_t *request, const char *member, bool (*valid)(const char *),
		  struct request_names *ret, bool *ret_present, struct fault *fault);

/* NULL in *ret when the member is not there. */
int request_name(const json_t *request, const char *member, bool (*valid)(const char *),
		 const char **ret, struct fault *fault);

/* fallback when the member is not there. */
int request_number(const json_t *request, const char *member, int64_t min, int64_t max,
		   int64_t fallback, int64_t *ret, struct fault *fault);

/* For a member that must be there. */
int request_missing(const char *member, struct fault *fault);

#endif
