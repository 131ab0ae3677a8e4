/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_REQUESTER_H
#define LUNMASK_ARRAY_REQUESTER_H

#include <jansson.h>
#include <stdbool.h>

#include "driver/core/driver.h"

/*
 * Who asks: the initiator in the member "by" of a request that changes something, or nobody when it
 * does not come from a host.
 *
 * The array is the arbiter between hosts: one that is recorded as fenced changes nothing any more,
 * but what takes access from itself. Of two hosts that fence each other at once, the second is told
 * that it has lost. Called under the array's lock, with the record read.
 */
#define REQUESTER_MEMBER "by"

/* Requests of a verb that concern nobody but the host that asks. */
typedef bool requester_own(const json_t *request, const char *by);

bool requester_own_apply(const json_t *request, const char *by);      /* revokes from itself */
bool requester_own_initiators(const json_t *request, const char *by); /* names itself alone */

/* own NULL: the verb has no such request. */
int requester_check(const struct driver *driver, const void *backend, const json_t *request,
		    requester_own *own, struct fault *fault);

#endif
