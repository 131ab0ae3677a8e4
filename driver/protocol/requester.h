/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_REQUESTER_H
#define LUNMASK_ARRAY_REQUESTER_H

#include <jansson.h>
#include <stdbool.h>

#include "driver/core/driver.h"

/*
 * The requester: the initiator in the member "by" of a request that changes something. There is
 * none if the request does not come from a host.
 *
 * The array is the arbiter between hosts. A host that is recorded as fenced may not change anything
 * except to remove its own access. If two hosts fence each other at the same time, the second one
 * learns in this way that it has lost. Call requester_check() under the array's lock, after the
 * record has been read.
 */
#define REQUESTER_MEMBER "by"

/* True if the request concerns only the host `by` that sends it. */
typedef bool requester_own(const json_t *request, const char *by);

bool requester_own_apply(const json_t *request, const char *by);      /* only revokes from itself */
bool requester_own_initiators(const json_t *request, const char *by); /* names only itself */

/* own NULL: the verb has no such requests. 0, "requester-fenced" or "bad-request". */
int requester_check(const struct driver *driver, const void *backend, const json_t *request,
		    requester_own *own, struct fault *fault);

#endif
