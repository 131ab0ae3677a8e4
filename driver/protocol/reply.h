/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_REPLY_H
#define LUNMASK_ARRAY_REPLY_H

#include <jansson.h>
#include <stddef.h>

#include "driver/core/fault.h"
#include "driver/core/masks.h"

/*
 * Adds members to a verb's reply. What cannot be added for want of memory fails the verb: half an
 * answer would be a wrong one.
 *
 *	return reply_put(reply, "created", json_boolean(created), fault);
 */

int reply_no_memory(struct fault *fault);

/* Adds value, which it takes over, under key. value NULL: there was no memory for it. */
int reply_put(json_t *reply, const char *key, json_t *value, struct fault *fault);

/* The member "masks". */
int reply_masks(json_t *reply, const struct masks *masks, struct fault *fault);

/* A list of strings, or NULL. The caller owns it. */
json_t *reply_names(const char *const *names, size_t count);

#endif
