/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_RING_H
#define WITNESS_RING_H

#include <stdbool.h>
#include <sys/types.h>

#include "console.h"
#include "record.h"

/*
 * The writer has one counter, and a ring on every LUN.
 *
 *	struct writer w = {...};            the caller sets vm, boot and console
 *	writer_add(&w, fd, 0, 0);           for every LUN
 *	writer_start(&w);                   reads all rings and prints the BOOT line
 *	writer_tick(&w);                    any number of times: writes one record on every LUN
 *
 * Before each write, the writer reads the newest record and the slot to be overwritten back from
 * the LUN, and compares them with its own state. It prints a difference as an ALARM line and sets a
 * flag in all later records. Then it continues to write, like a guest that does not notice the
 * fault.
 */
struct lun {
	int fd;
	uint32_t index;
	off_t ring_at;
	struct record last;    /* the newest record; n = 0: the ring is empty */
	struct record pending; /* n != 0: its write failed, and it may or may not be on the LUN */
};

struct writer {
	char vm[RECORD_VM_MAX + 1];
	unsigned char boot[BOOT_ID_BYTES];
	struct console *console;
	uint64_t counter;
	uint32_t flags;
	uint64_t clock_back_ms; /* subtracted from the clock, to imitate an old memory image */
	struct lun luns[LUN_MAX];
	unsigned int lun_count;
};

/* The drive begins at offset in fd. False if there are LUN_MAX LUNs already. */
bool writer_add(struct writer *writer, int fd, uint32_t index, off_t offset);
void writer_start(struct writer *writer);
void writer_tick(struct writer *writer);
void writer_poweroff_line(struct writer *writer);
void writer_alarm(struct writer *writer, uint32_t flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
