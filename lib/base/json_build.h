/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JSON_BUILD_H
#define LUNMASK_JSON_BUILD_H

#include <jansson.h>

/*
 * Builds JSON without a check after each call: NULL, from lack of memory or a text that is not
 * UTF-8, goes through to the end. Each function takes the references that it is given.
 */

/* The list with item at its end; NULL if one of them is NULL. */
static inline json_t *json_build_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0) {
		return list;
	}
	json_decref(list);
	return NULL;
}

/* The text, which the caller frees with free(); NULL if json is NULL. flags: jansson's. */
static inline char *json_build_text(json_t *json, size_t flags)
{
	char *text = json == NULL ? NULL : json_dumps(json, flags);

	json_decref(json);
	return text;
}

#endif
