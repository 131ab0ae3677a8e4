/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_RING_H
#define WITNESS_RING_H

#include <stdbool.h>
#include <sys/types.h>

#include "console.h"
#include "record.h"

/*
 * The writer: one counter, a ring on every LUN.
 *
 *	struct writer w = {...};            name, boot id and console are the caller's
 *	writer_add(&w, fd, 0, 0);           for every LUN
 *	writer_start(&w);                   reads all rings, prints the BOOT line
 *	writer_tick(&w);                    as often as wanted: one record on every LUN
 *
 * Before each write the newest record and the slot to be overwritten are read back from the LUN and
 * compared with what this writer knows. What is wrong is printed as an ALARM line and marked in the
 * flags of all later records; the writer goes on, as a guest would that has no idea.
 */
struct lun {
	int fd;
	uint32_t index;
	off_t ring_at;
	struct record last;    /* n = 0: the ring was empty */
	struct record pending; /* n != 0: a write failed, and this may or may not be on the LUN */
};

struct writer {
	char vm[RECORD_VM_MAX + 1];
	unsigned char boot[BOOT_ID_BYTES];
	struct console *console;
	uint64_t counter;
	uint32_t flags;
	uint64_t clock_back_ms; /* the clock is told to be so much behind: an old memory image */
	struct lun luns[LUN_MAX];
	unsigned int lun_count;
};

/* offset: where the drive begins in fd. False when there are LUN_MAX already. */
bool writer_add(struct writer *writer, int fd, uint32_t index, off_t offset);
void writer_start(struct writer *writer);
void writer_tick(struct writer *writer);
void writer_poweroff_line(struct writer *writer);
void writer_alarm(struct writer *writer, uint32_t flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
