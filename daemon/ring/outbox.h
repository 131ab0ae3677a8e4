/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_OUTBOX_H
#define LUNMASK_DAEMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A queue of messages that corosync has not accepted yet. It is bounded: a new message replaces the
 * oldest. A replaced message is not lost for good, since the core sends an unanswered message
 * again, and the newest messages matter most. The caller owns the struct and zero-initialises it.
 *
 *	outbox_put(&outbox, data, bytes);
 *	while (outbox_first(&outbox, &data, &bytes)) { send it; outbox_remove_first(&outbox); }
 *	outbox_clear(&outbox);
 */
#define OUTBOX_MESSAGES_MAX 256
#define OUTBOX_BYTES_MAX (4u * 1024 * 1024)

struct outbox {
	struct {
		uint8_t *data;
		size_t bytes;
	} slot[OUTBOX_MESSAGES_MAX];
	size_t first;
	size_t n;
	size_t bytes;
	uint64_t dropped;
};

/* Copies it. An empty message, or one larger than OUTBOX_BYTES_MAX, only counts in `dropped`. */
void outbox_put(struct outbox *outbox, const uint8_t *data, size_t bytes);
/* Gets the oldest message; false if there is none. The data is valid until the next call. */
bool outbox_first(const struct outbox *outbox, const uint8_t **ret_data, size_t *ret_bytes);
void outbox_remove_first(struct outbox *outbox);
void outbox_clear(struct outbox *outbox);

#endif
