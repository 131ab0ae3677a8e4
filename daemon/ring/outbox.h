/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_OUTBOX_H
#define LUNMASK_DAEMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages that corosync did not take yet. Bounded: a new one pushes out the oldest, since
 * everything in it is sent again anyway when it stays unanswered, and news are worth more.
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

/* Copies. A message that finds no memory, or no room even alone, is one of the dropped. */
void outbox_put(struct outbox *outbox, const uint8_t *data, size_t bytes);
/* The oldest, or false. Valid until the next call. */
bool outbox_first(const struct outbox *outbox, const uint8_t **ret_data, size_t *ret_bytes);
void outbox_remove_first(struct outbox *outbox);
void outbox_clear(struct outbox *outbox);

#endif
