/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agenda.h"

#include <stdlib.h>

static bool event_before(const struct event *a, const struct event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void agenda_grow(struct agenda *agenda)
{
	if (agenda->n < agenda->capacity) {
		return;
	}
	agenda->capacity = agenda->capacity ? 2 * agenda->capacity : 1024;
	agenda->heap = realloc(agenda->heap, agenda->capacity * sizeof(*agenda->heap));
	if (agenda->heap == NULL) {
		abort();
	}
}

void agenda_add(struct agenda *agenda, const struct event *event)
{
	struct event new = *event;
	size_t i;

	agenda_grow(agenda);
	new.order = ++agenda->order;
	for (i = agenda->n++; i > 0; i = (i - 1) / 2) {
		struct event *parent = &agenda->heap[(i - 1) / 2];

		if (!event_before(&new, parent)) {
			break;
		}
		agenda->heap[i] = *parent;
	}
	agenda->heap[i] = new;
}

const struct event *agenda_first(const struct agenda *agenda)
{
	return agenda->n > 0 ? &agenda->heap[0] : NULL;
}

struct event agenda_take(struct agenda *agenda)
{
	struct event first = agenda->heap[0];
	struct event last = agenda->heap[--agenda->n];
	size_t i = 0;

	for (size_t child = 1; child < agenda->n; child = 2 * i + 1) {
		if (child + 1 < agenda->n &&
		    event_before(&agenda->heap[child + 1], &agenda->heap[child])) {
			child++;
		}
		if (!event_before(&agenda->heap[child], &last)) {
			break;
		}
		agenda->heap[i] = agenda->heap[child];
		i = child;
	}
	agenda->heap[i] = last;
	return first;
}

void agenda_release(struct agenda *agenda)
{
	free(agenda->heap);
	*agenda = (struct agenda){0};
}
