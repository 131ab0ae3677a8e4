/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_SELECT_H
#define LUNMASK_ARRAY_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "driver/core/masks.h"

/*
 * Selects the masks that a request of the verb masks asks for: those of LUNs that certain
 * initiators can reach, a page at a time. Also the one answer to whether an initiator can reach a
 * LUN.
 *
 *	const struct selection selection = {.initiators = names, .n_initiators = 1, .limit = 100};
 *	const char *next = masks_select(&masks, &selection);
 *
 * Pages are in the order of the LUNs' names, so that a LUN is not missed if another one is created
 * or deleted between two pages.
 */
#define SELECT_LIMIT_MAX 4096
#define SELECT_BYTES_MAX (3u * 1024 * 1024) /* of a page as JSON, roughly */

/* True if a rule that is not an initiator name may admit the initiator. */
typedef bool rule_admits(const void *backend, const char *rule, const char *initiator);

struct selection {
	const char *const *initiators; /* only LUNs that one of these can reach */
	size_t n_initiators;           /* 0: every LUN */
	bool rules;                    /* only what they can reach by such a rule */
	const char *after;             /* only LUNs with a name after this one, or NULL */
	size_t limit;                  /* LUNs of a page; 0: no pages */
	rule_admits *admits;           /* NULL: every rule admits every initiator */
	const void *backend;
};

/* The first rule by which the initiator can reach the LUN, or NULL. */
const char *mask_find_rule(const struct mask *mask, const char *initiator, rule_admits *admits,
			   const void *backend);

/*
 * Drops all other masks. Returns the value of `after` for the next page, which is borrowed from
 * masks, or NULL if this is the last page.
 */
const char *masks_select(struct masks *masks, const struct selection *selection);

#endif
