/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* O_DIRECT needs aligned memory. One buffer is enough, because the writer has one thread. */
static unsigned char buffer[RING_BYTES] __attribute__((aligned(4096)));

bool writer_add(struct writer *writer, int fd, uint32_t index, off_t offset)
{
	if (writer->lun_count == LUN_MAX) {
		return false;
	}
	writer->luns[writer->lun_count++] = (struct lun){
		.fd = fd,
		.index = index,
		.ring_at = offset + RING_OFFSET,
	};
	return true;
}

void writer_alarm(struct writer *writer, uint32_t flag, const char *format, ...)
{
	char line[LINE_MAX_BYTES] = "witness ALARM ";
	size_t length = strlen(line);
	va_list args;

	writer->flags |= flag;
	va_start(args, format);
	vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	line_seal(line, sizeof(line));
	console_line(writer->console, line);
}

static void io_alarm(struct writer *writer, const struct lun *lun, const char *what, ssize_t done)
{
	char name[LUN_NAME_MAX];

	lun_to_name(lun->index, name);
	writer_alarm(writer, FLAG_IO_ERROR, "io error: %s lun=%s n=%" PRIu64 ": %s", what, name,
		     writer->counter, done < 0 ? strerror(errno) : "end of device");
}

static off_t slot_at(const struct lun *lun, uint64_t n)
{
	return lun->ring_at + (off_t)(n % RING_SLOTS) * RECORD_BYTES;
}

/* The contents of a slot. A record of another VM or LUN counts as damage. */
static enum slot_content slot_judge(struct writer *writer, const struct lun *lun,
				    const unsigned char *sector, struct record *ret)
{
	enum slot_content content = record_decode(sector, ret);
	char name[LUN_NAME_MAX], other[LUN_NAME_MAX];

	lun_to_name(lun->index, name);
	if (content == SLOT_DAMAGED) {
		writer_alarm(writer, FLAG_DAMAGED, "damaged slot lun=%s", name);
	} else if (content == SLOT_RECORD &&
		   (ret->lun != lun->index || strcmp(ret->vm, writer->vm) != 0)) {
		lun_to_name(ret->lun, other);
		writer_alarm(writer, FLAG_DAMAGED,
			     "foreign record lun=%s n=%" PRIu64 ": it is of vm=%s lun=%s", name,
			     ret->n, ret->vm, other);
		content = SLOT_DAMAGED;
	}
	return content;
}

/* Reads the whole ring, and sets lun->last to the newest record of this VM and LUN. */
static bool ring_scan(struct writer *writer, struct lun *lun)
{
	ssize_t done = pread(lun->fd, buffer, RING_BYTES, lun->ring_at);
	struct record record;

	if (done != (ssize_t)RING_BYTES) {
		io_alarm(writer, lun, "read of the ring", done);
		return false;
	}
	lun->last = (struct record){0};
	lun->pending.n = 0;
	for (size_t i = 0; i < RING_SLOTS; i++) {
		if (slot_judge(writer, lun, buffer + i * RECORD_BYTES, &record) == SLOT_RECORD &&
		    record.n > lun->last.n) {
			lun->last = record;
		}
	}
	if (lun->last.n > writer->counter) {
		writer->counter = lun->last.n;
	}
	return true;
}

void writer_start(struct writer *writer)
{
	char line[LINE_MAX_BYTES], boot[BOOT_ID_TEXT], name[LUN_NAME_MAX];
	size_t length;

	boot_id_to_text(writer->boot, boot);
	length = (size_t)snprintf(line, sizeof(line), "witness BOOT boot=%s vm=%s luns=", boot,
				  writer->vm);
	for (unsigned int i = 0; i < writer->lun_count; i++) {
		bool ok = ring_scan(writer, &writer->luns[i]);

		lun_to_name(writer->luns[i].index, name);
		/* With very many LUNs the list is truncated: no program reads it. */
		if (length < sizeof(line) - 64) {
			length += (size_t)snprintf(line + length, sizeof(line) - length,
						   "%s:%" PRIu64 "%s,", name,
						   writer->luns[i].last.n, ok ? "" : "?");
		}
	}
	line_seal(line, sizeof(line));
	console_line(writer->console, line);
}

static bool slot_read(struct writer *writer, struct lun *lun, uint64_t n,
		      enum slot_content *ret_content, struct record *ret)
{
	ssize_t done = pread(lun->fd, buffer, RECORD_BYTES, slot_at(lun, n));

	*ret = (struct record){0};
	if (done != RECORD_BYTES) {
		io_alarm(writer, lun, "read", done);
		return false;
	}
	*ret_content = slot_judge(writer, lun, buffer, ret);
	return true;
}

static bool is_last(const struct lun *lun, enum slot_content content, const struct record *seen)
{
	return content == SLOT_RECORD && seen->n == lun->last.n && seen->crc == lun->last.crc;
}

/* After a failed write, finds out whether the record is on the LUN nevertheless. */
static bool pending_settle(struct writer *writer, struct lun *lun)
{
	enum slot_content content;
	struct record seen;

	if (lun->pending.n == 0) {
		return true;
	}
	if (!slot_read(writer, lun, lun->pending.n, &content, &seen)) {
		return false;
	}
	if (content == SLOT_RECORD && seen.crc == lun->pending.crc) {
		lun->last = lun->pending;
	}
	lun->pending.n = 0;
	return true;
}

/* The LUN was changed by another writer. Raises the alarm and continues from the new contents. */
static bool surprise(struct writer *writer, struct lun *lun, const struct record *seen)
{
	char boot[BOOT_ID_TEXT], name[LUN_NAME_MAX];
	bool newer = seen->n > lun->last.n || (seen->n == lun->last.n && seen->n != 0);

	lun_to_name(lun->index, name);
	boot_id_to_text(seen->boot, boot);
	writer_alarm(writer, newer ? FLAG_SECOND_WRITER : FLAG_LOST_WRITE,
		     "%s lun=%s mine=%" PRIu64 " found=%" PRIu64 " of boot=%s",
		     newer ? "second writer" : "lost write", name, lun->last.n, seen->n, boot);
	return ring_scan(writer, lun);
}

/* Compares the newest record with this writer's state, and reads what n will overwrite. */
static bool lun_look(struct writer *writer, struct lun *lun, uint64_t n, uint64_t *ret_over)
{
	enum slot_content content;
	struct record seen;

	if (!pending_settle(writer, lun)) {
		return false;
	}
	if (lun->last.n > 0) {
		if (!slot_read(writer, lun, lun->last.n, &content, &seen)) {
			return false;
		}
		if (!is_last(lun, content, &seen) && !surprise(writer, lun, &seen)) {
			return false;
		}
	}
	if (!slot_read(writer, lun, n, &content, &seen)) {
		return false;
	}
	*ret_over = seen.n;
	return seen.n <= lun->last.n || surprise(writer, lun, &seen);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void lun_write(struct writer *writer, struct lun *lun, uint64_t n)
{
	char line[LINE_MAX_BYTES];
	struct record record = {.n = n, .lun = lun->index};
	ssize_t done;

	if (!lun_look(writer, lun, n, &record.over)) {
		return;
	}
	if (lun->last.n >= n) {
		/* A second writer has used this value: continue after its last one. */
		n = record.n = writer->counter = lun->last.n + 1;
	}
	record.prev = lun->last.n;
	record.link = lun->last.n > 0 ? lun->last.crc : 0;
	record.time_ms = now_ms() - writer->clock_back_ms;
	record.flags = writer->flags;
	memcpy(record.boot, writer->boot, BOOT_ID_BYTES);
	memcpy(record.vm, writer->vm, sizeof(record.vm));
	record_encode(&record, buffer);
	done = pwrite(lun->fd, buffer, RECORD_BYTES, slot_at(lun, n));
	if (done != RECORD_BYTES) {
		lun->pending = record;
		io_alarm(writer, lun, "write", done);
		return;
	}
	lun->last = record;
	record_to_line(&record, line, sizeof(line));
	console_line(writer->console, line);
}

void writer_tick(struct writer *writer)
{
	uint64_t n = ++writer->counter;

	for (unsigned int i = 0; i < writer->lun_count; i++) {
		lun_write(writer, &writer->luns[i], n);
	}
}

void writer_poweroff_line(struct writer *writer)
{
	char line[LINE_MAX_BYTES], boot[BOOT_ID_TEXT];

	boot_id_to_text(writer->boot, boot);
	snprintf(line, sizeof(line), "witness POWEROFF boot=%s n=%" PRIu64, boot, writer->counter);
	line_seal(line, sizeof(line));
	console_line(writer->console, line);
}
