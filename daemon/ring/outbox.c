/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/outbox.h"

#include <glib.h>

void outbox_put(struct outbox *outbox, const uint8_t *data, size_t bytes)
{
	size_t at;

	if (bytes == 0 || bytes > OUTBOX_BYTES_MAX) {
		outbox->dropped++;
		return;
	}
	while (outbox->n == OUTBOX_MESSAGES_MAX || outbox->bytes + bytes > OUTBOX_BYTES_MAX) {
		outbox_remove_first(outbox);
		outbox->dropped++;
	}
	at = (outbox->first + outbox->n) % OUTBOX_MESSAGES_MAX;
	outbox->slot[at].data = g_memdup2(data, bytes);
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
	g_clear_pointer(&outbox->slot[outbox->first].data, g_free);
	outbox->first = (outbox->first + 1) % OUTBOX_MESSAGES_MAX;
	outbox->n--;
}

void outbox_clear(struct outbox *outbox)
{
	while (outbox->n > 0) {
		outbox_remove_first(outbox);
	}
}
