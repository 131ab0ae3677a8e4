/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PATH_LIST_H
#define LUNMASK_PATH_LIST_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/deadline.h"
#include "base/err.h"
#include "journal/journal.h"

/*
 * lunmask paths: the paths that lunmaskd of this node knows, as text, JSON or XML.
 *
 *	rc = path_list_get(&filter, deadline, &list, err);
 *	path_list_text(&list, stdout);
 *	path_list_release(&list);
 */
struct path_filter {
	const char *node;  /* NULL: every host */
	const char *array; /* NULL: every array */
};

struct path_list {
	struct journal_path *paths;
	size_t n;
	char trouble[JOURNAL_REASON_MAX + 1]; /* "" or why this node measures nothing now */
	int64_t now_ms;                       /* the time of day to which the ages refer */
};

/* The errors of journal.h. */
int path_list_get(const struct path_filter *filter, struct deadline deadline, struct path_list *ret,
		  struct err *err);
void path_list_release(struct path_list *list);

/* At most 80 columns wide. */
void path_list_text(const struct path_list *list, FILE *file);
/* A new reference, or NULL without memory. */
json_t *path_list_json(const struct path_list *list);
/* -ENOMEM or -EIO. */
int path_list_xml(const struct path_list *list, FILE *file);

#endif
