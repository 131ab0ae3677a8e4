/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/select.h"

#include <stdlib.h>
#include <string.h>

#include "names/lun.h"

const char *mask_find_rule(const struct mask *mask, const char *initiator, rule_admits *admits,
			   const void *backend)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		const char *rule = mask->initiators[i];

		if (!iscsi_name_valid(rule) &&
		    (admits == NULL || admits(backend, rule, initiator))) {
			return rule;
		}
	}
	return NULL;
}

static bool is_reached(const struct mask *mask, const struct selection *selection,
		       const char *initiator)
{
	return (!selection->rules &&
		(mask_holds(mask, initiator) || mask_has_nexus(mask, initiator))) ||
	       mask_find_rule(mask, initiator, selection->admits, selection->backend) != NULL;
}

static bool is_selected(const struct mask *mask, const struct selection *selection)
{
	if (selection->after != NULL && strcmp(mask->lun, selection->after) <= 0) {
		return false;
	}
	for (size_t i = 0; i < selection->n_initiators; i++) {
		if (is_reached(mask, selection, selection->initiators[i])) {
			return true;
		}
	}
	return selection->n_initiators == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct mask *)a)->lun, ((const struct mask *)b)->lun);
}

/* Keeps the first count masks. */
static void cut(struct masks *masks, size_t count)
{
	for (size_t i = count; i < masks->count; i++) {
		mask_release(&masks->masks[i]);
	}
	masks->count = count;
}

/* Rather too much than too little. */
static size_t mask_bytes(const struct mask *mask)
{
	size_t bytes = 64 + sizeof(mask->lun);

	for (size_t i = 0; i < mask->n_initiators; i++) {
		bytes += 8 + strlen(mask->initiators[i]);
	}
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		bytes += 40 + strlen(mask->nexuses[i].initiator) + strlen(mask->nexuses[i].address);
	}
	return bytes;
}

/* How many of the masks are in the first page: at least one. */
static size_t page_count(const struct masks *masks, size_t limit)
{
	size_t bytes = 0;
	size_t count = 0;

	while (count < masks->count && count < limit) {
		bytes += mask_bytes(&masks->masks[count]);
		if (count > 0 && bytes > SELECT_BYTES_MAX) {
			break;
		}
		count++;
	}
	return count;
}

const char *masks_select(struct masks *masks, const struct selection *selection)
{
	size_t kept = 0;
	size_t count;

	for (size_t i = 0; i < masks->count; i++) {
		struct mask mask = masks->masks[i];

		if (is_selected(&mask, selection)) {
			masks->masks[kept++] = mask;
		} else {
			mask_release(&mask);
		}
	}
	masks->count = kept;
	if (kept > 0) {
		qsort(masks->masks, kept, sizeof(masks->masks[0]), by_name);
	}
	count = selection->limit > 0 ? page_count(masks, selection->limit) : kept;
	cut(masks, count);
	return count < kept ? masks->masks[count - 1].lun : NULL;
}
