/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORD "witness "
#define ALARM "witness ALARM "
#define READ_TRIES 5

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

int history_add_console(struct history *history, const char *path)
{
	for (unsigned int i = 0; i < history->console_count; i++) {
		if (same_file(path, history->consoles[i].path)) {
			return -EEXIST;
		}
	}
	if (history->console_count == CONSOLE_MAX) {
		return -ENOSPC;
	}
	history->consoles[history->console_count++].path = path;
	return 0;
}

int history_add_image(struct history *history, const char *path, uint32_t lun, off_t offset,
		      off_t length)
{
	struct image *image;

	for (unsigned int i = 0; i < history->image_count; i++) {
		if (history->images[i]->lun == lun) {
			return -EEXIST;
		}
	}
	image = history->image_count < LUN_MAX ? calloc(1, sizeof(*image)) : NULL;
	if (!image) {
		return -ENOSPC;
	}
	image->path = path;
	image->lun = lun;
	image->offset = offset;
	image->length = length;
	history->images[history->image_count++] = image;
	return 0;
}

static bool boot_known(const struct history *history, const unsigned char *boot)
{
	for (unsigned int i = 0; i < history->boot_count; i++) {
		if (memcmp(history->boots[i], boot, BOOT_ID_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

static int boot_line(struct history *history, const char *text)
{
	char id[BOOT_ID_TEXT];
	unsigned char boot[BOOT_ID_BYTES];

	if (sscanf(text, "witness BOOT boot=%32s", id) != 1 || !boot_id_from_text(id, boot) ||
	    boot_known(history, boot)) {
		return 0;
	}
	if (history->boot_count == BOOTS_MAX) {
		return -E2BIG;
	}
	memcpy(history->boots[history->boot_count++], boot, BOOT_ID_BYTES);
	return 0;
}

static int record_line(struct history *history, const struct line *line)
{
	if (history->line_count == history->line_room) {
		size_t room = history->line_room ? 2 * history->line_room : 4096;
		struct line *lines;

		if (room > LINES_MAX) {
			return -E2BIG;
		}
		lines = reallocarray(history->lines, room, sizeof(*lines));
		if (!lines) {
			return -ENOMEM;
		}
		history->lines = lines;
		history->line_room = room;
	}
	history->lines[history->line_count++] = *line;
	history->consoles[line->console].record_lines++;
	return 0;
}

static void alarm_line(struct console_log *log, const char *text)
{
	if (strncmp(text + strlen(ALARM), "io error", 8) == 0) {
		log->io_alarms++;
	}
	if (log->alarms < ALARMS_MAX) {
		log->alarm_texts[log->alarms] = strdup(text);
	}
	log->alarms++;
}

/*
 * Parses one text line. A fragment that an earlier hand-over left may precede the line, so every
 * position at which a witness line could begin is tried.
 */
static int text_line(struct history *history, const char *text, struct line *line)
{
	struct console_log *log = &history->consoles[line->console];
	const char *begin = strstr(text, WORD);
	const char *alarm = strstr(text, ALARM);

	if (alarm) {
		alarm_line(log, alarm);
		return 0;
	}
	for (; begin; begin = strstr(begin + 1, WORD)) {
		if (record_from_line(begin, &line->record)) {
			log->garbled += begin != text;
			return record_line(history, line);
		}
		if (line_is_sealed(begin)) {
			return boot_line(history, begin);
		}
	}
	log->garbled += strstr(text, "sum=") || strstr(text, "boot=");
	return 0;
}

static int console_read(struct history *history, unsigned int index)
{
	struct console_log *log = &history->consoles[index];
	struct line line = {.console = index};
	FILE *file = fopen(log->path, "re");
	char *text = NULL;
	size_t room = 0;
	off_t at = 0;
	ssize_t length;
	int rc = 0;

	if (!file) {
		snprintf(log->why, WHY_MAX, "%s", strerror(errno));
		return 0;
	}
	while (rc == 0 && (length = getline(&text, &room, file)) > 0) {
		at += length;
		line.number++;
		line.settled = at <= log->settled_bytes;
		/* A line without a newline is incomplete or was cut: it is no evidence. */
		if (text[length - 1] == '\n') {
			text[strcspn(text, "\r\n")] = '\0';
			rc = text_line(history, text, &line);
		}
	}
	if (ferror(file)) {
		snprintf(log->why, WHY_MAX, "read error");
	}
	free(text);
	fclose(file);
	return rc;
}

/* A read may see a half-written sector, so a damaged one is read again up to READ_TRIES times. */
static void slot_load(struct image *image, int fd, unsigned int slot)
{
	off_t at = image->offset + RING_OFFSET + (off_t)slot * RECORD_BYTES;
	unsigned char sector[RECORD_BYTES];

	for (int try = 0; try < READ_TRIES; try++) {
		if (pread(fd, sector, sizeof(sector), at) != (ssize_t)sizeof(sector)) {
			image->truncated = true;
			return;
		}
		image->content[slot] = record_decode(sector, &image->slots[slot]);
		if (image->content[slot] != SLOT_DAMAGED) {
			break;
		}
	}
	if (image->content[slot] == SLOT_RECORD && image->slots[slot].n > image->newest) {
		image->newest = image->slots[slot].n;
	}
}

static void image_read(struct image *image)
{
	int fd = open(image->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		snprintf(image->why, WHY_MAX, "%s", strerror(errno));
		return;
	}
	image->truncated =
		image->length > 0 && image->length < (off_t)RING_OFFSET + (off_t)RING_BYTES;
	for (unsigned int slot = 0; slot < RING_SLOTS && !image->truncated; slot++) {
		slot_load(image, fd, slot);
	}
	close(fd);
}

int history_read(struct history *history)
{
	struct stat st;
	int rc = 0;

	for (unsigned int i = 0; i < history->console_count; i++) {
		if (stat(history->consoles[i].path, &st) == 0) {
			history->consoles[i].settled_bytes = st.st_size;
		}
	}
	for (unsigned int i = 0; i < history->image_count; i++) {
		image_read(history->images[i]);
	}
	for (unsigned int i = 0; rc == 0 && i < history->console_count; i++) {
		rc = console_read(history, i);
	}
	return rc;
}

void history_release(struct history *history)
{
	for (unsigned int i = 0; i < history->console_count; i++) {
		for (unsigned int j = 0; j < ALARMS_MAX; j++) {
			free(history->consoles[i].alarm_texts[j]);
		}
	}
	for (unsigned int i = 0; i < history->image_count; i++) {
		free(history->images[i]);
	}
	free(history->lines);
	*history = (struct history){0};
}
