/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_VERBS_H
#define LUNMASK_ARRAY_VERBS_H

#include "driver/core/driver.h"
#include "driver/core/lock.h"
#include "driver/protocol/requester.h"

#define READ_ONLY_MEMBER "read_only"
#define HEALTH_MEMBER "health"
#define ACCOUNTS_MEMBER "accounts"
#define DRY_RUN_MEMBER "dry_run"
#define URGENT_MEMBER "urgent" /* of a verb that reads: it goes first, as fencing does */

/* Does what the request asks and adds the answer to reply. 0, or -errno with the fault filled. */
typedef int verb_fn(const struct driver *driver, void *backend, const json_t *request,
		    struct deadline deadline, json_t *reply, struct fault *fault);

/* The verbs of lunmask-array(7), for any driver. driver_main.c runs one; the table is constant. */
struct verb {
	const char *name;
	const char *help;
	enum lock_kind lock;        /* it runs under the array's lock */
	const char *const *members; /* members that its request may have, NULL-terminated */
	verb_fn *run;
	/* The requests that a fenced host may still make. NULL: no request with a requester. */
	requester_own *own;
};

/* NULL: there is no verb of this name. */
const struct verb *verb_find(const char *name);
const struct verb *verb_at(size_t index); /* NULL after the last verb */

#endif
