/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/outbox.h"

#include <stdlib.h>
#include <string.h>

void outbox_put(struct outbox *outbox, const uint8_t *data, size_t bytes)
{
	uint8_t *copy = bytes == 0 || bytes > OUTBOX_BYTES_MAX ? NULL : malloc(bytes);
	size_t at;

	if (copy == NULL) {
		outbox->dropped++;
		return;
	}
	memcpy(copy, data, bytes);
	while (outbox->n == OUTBOX_MESSAGES_MAX || outbox->bytes + bytes > OUTBOX_BYTES_MAX) {
		outbox_remove_first(outbox);
		outbox->dropped++;
	}
	at = (outbox->first + outbox->n) % OUTBOX_MESSAGES_MAX;
	outbox->slot[at].data = copy;
	outbox->slot[at].bytes = bytes;
	outbox->bytes += bytes;
	outbox->n++;
}

bool outbox_first(const struct outbox *outbox, const uint8_t **ret_data, size_t *ret_bytes)
{
	if (outbox->n == 0) {
		return false;
	}
	*ret_data = outbox->slot[outbox->first].data;
	*ret_bytes = outbox->slot[outbox->first].bytes;
	return true;
}

void outbox_remove_first(struct outbox *outbox)
{
	if (outbox->n == 0) {
		return;
	}
	outbox->bytes -= outbox->slot[outbox->first].bytes;
	free(outbox->slot[outbox->first].data);
	outbox->slot[outbox->first].data = NULL;
	outbox->first = (outbox->first + 1) % OUTBOX_MESSAGES_MAX;
	outbox->n--;
}

void outbox_clear(struct outbox *outbox)
{
	while (outbox->n > 0) {
		outbox_remove_first(outbox);
	}
}
