/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_VERBS_H
#define LUNMASK_ARRAY_VERBS_H

#include "driver/core/driver.h"
#include "driver/core/lock.h"
#include "driver/core/requester.h"

#define URGENT_MEMBER "urgent" /* of a verb that reads: it goes first, as fencing does */

/* The verbs of lunmask-array(7), for any driver. driver.c runs a verb; the table is constant. */
struct verb {
	const char *name;
	const char *help;
	enum lock_kind lock;        /* it runs under the array's lock */
	const char *const *members; /* members that its request may have, NULL-terminated */
	int (*run)(const struct driver *driver, void *backend, const json_t *request,
		   struct deadline deadline, json_t *reply, struct fault *fault);
	/* The requests that a fenced host may still make. NULL: no request with a requester. */
	requester_own *own;
};

/* NULL: there is no verb of this name. */
const struct verb *verb_find(const char *name);
const struct verb *verb_at(size_t index); /* NULL after the last verb */

#endif
