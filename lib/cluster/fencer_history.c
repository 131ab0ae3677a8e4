/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/fencer_history.h"

#include <string.h>

static bool is_fencing(const stonith_history_t *entry)
{
	return entry->state == st_done && entry->action != NULL &&
	       (strcmp(entry->action, "off") == 0 || strcmp(entry->action, "reboot") == 0);
}

static bool is_unfencing(const stonith_history_t *entry)
{
	return entry->state == st_done && entry->action != NULL && strcmp(entry->action, "on") == 0;
}

static time_t last_of(const stonith_history_t *history, bool (*is)(const stonith_history_t *entry))
{
	time_t last = 0;

	for (; history != NULL; history = history->next) {
		if (is(history) && history->completed > last) {
			last = history->completed;
		}
	}
	return last;
}

int fencer_history_count(const stonith_history_t *history)
{
	int count = 0;

	for (; history != NULL; history = history->next) {
		count += is_fencing(history) ? 1 : 0;
	}
	return count;
}

time_t fencer_history_last(const stonith_history_t *history)
{
	return last_of(history, is_fencing);
}

time_t fencer_history_last_on(const stonith_history_t *history)
{
	return last_of(history, is_unfencing);
}

static bool is_later(const stonith_history_t *a, const stonith_history_t *b)
{
	return a->completed != b->completed ? a->completed > b->completed
					    : a->completed_nsec > b->completed_nsec;
}

bool fencer_history_is_fenced(const stonith_history_t *history)
{
	const stonith_history_t *last = NULL;

	for (; history != NULL; history = history->next) {
		if ((is_fencing(history) || is_unfencing(history)) &&
		    (last == NULL || is_later(history, last))) {
			last = history;
		}
	}
	return last != NULL && is_fencing(last);
}
