/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_HISTORY_H
#define WITNESS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record.h"

/*
 * All that is known of one VM: the lines of the consoles of all hosts, and what the rings hold.
 *
 * The VM may be running. So the lengths of the consoles are taken first, then the rings are read,
 * then the consoles: a line within the first length was printed, thus written, before its ring was
 * read ("settled"), and every record that a ring holds had the time to be printed, but the last.
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
	uint64_t number; /* of the text line in its console, from 1 */
	bool settled;
};

struct console_log {
	const char *path;
	off_t settled_bytes;
	uint64_t record_lines;
	uint64_t garbled; /* pieces of lines: cut by a hand-over, a power cut or a fault */
	uint64_t alarms;
	uint64_t io_alarms;
	char *alarm_texts[ALARMS_MAX];
	char why[WHY_MAX]; /* why it could not be read; "" */
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
	struct line *lines; /* in the order of the consoles and of their lines */
	size_t line_count;
	size_t line_room;
	unsigned char boots[BOOTS_MAX][BOOT_ID_BYTES]; /* of the BOOT lines */
	unsigned int boot_count;
};

/* 0, -ENOSPC, or -EEXIST when it is the same file as one given before. path is not copied. */
int history_add_console(struct history *history, const char *path);
int history_add_image(struct history *history, const char *path, uint32_t lun, off_t offset,
		      off_t length);
/* 0 or -ENOMEM, -E2BIG. What cannot be read is told in each console's and image's why. */
int history_read(struct history *history);
void history_release(struct history *history);

#endif
