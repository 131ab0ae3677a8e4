/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_HISTORY_H
#define WITNESS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record.h"

/*
 * The evidence about one VM: the lines of the consoles of all hosts, and the contents of the rings.
 *
 * The VM may be running meanwhile. Therefore history_read() first takes the lengths of the
 * consoles, then reads the rings, and then the consoles. A line within the length that was taken
 * first is "settled": it was printed, and therefore its record was written, before the ring was
 * read. Every record in a ring except the newest had time to be printed.
 *
 *	struct history h = {0};
 *	history_add_console(&h, path); history_add_image(&h, ...);     any number of times
 *	history_read(&h);
 *	history_release(&h);
 */
#define CONSOLE_MAX 64
#define LINES_MAX (8u * 1024 * 1024)
#define ALARMS_MAX 64 /* texts kept for each console */
#define BOOTS_MAX 1024
#define WHY_MAX 256

struct line {
	struct record record;
	unsigned int console;
	uint64_t number; /* the number of the text line in its console, from 1 */
	bool settled;
};

struct console_log {
	const char *path;
	off_t settled_bytes;
	uint64_t record_lines;
	uint64_t garbled; /* fragments of lines, cut by a hand-over, a power cut or a fault */
	uint64_t alarms;
	uint64_t io_alarms;
	char *alarm_texts[ALARMS_MAX];
	char why[WHY_MAX]; /* why it could not be read, or "" */
};

struct image {
	const char *path;
	uint32_t lun;
	off_t offset;
	off_t length; /* 0: to the end of the file */
	enum slot_content content[RING_SLOTS];
	struct record slots[RING_SLOTS];
	uint64_t newest; /* 0: the ring is empty */
	bool truncated;
	char why[WHY_MAX];
};

struct history {
	struct console_log consoles[CONSOLE_MAX];
	unsigned int console_count;
	struct image *images[LUN_MAX];
	unsigned int image_count;
	struct line *lines; /* in the order of the consoles, and of the lines in each */
	size_t line_count;
	size_t line_room;
	unsigned char boots[BOOTS_MAX][BOOT_ID_BYTES]; /* the boot ids of the BOOT lines */
	unsigned int boot_count;
};

/* 0, -ENOSPC, or -EEXIST if the same file was added before. path is not copied. */
int history_add_console(struct history *history, const char *path);
/* 0, -ENOSPC, or -EEXIST if an image of the same LUN was added before. path is not copied. */
int history_add_image(struct history *history, const char *path, uint32_t lun, off_t offset,
		      off_t length);
/*
 * 0 or -ENOMEM, -E2BIG. A file that cannot be read is not an error: the reason is in the why of its
 * console or image.
 */
int history_read(struct history *history);
void history_release(struct history *history);

#endif
