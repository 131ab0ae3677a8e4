/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_wal.h"

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES 32
#define HEADER_SUMMED_BYTES 24
#define FRAME_BYTES 24
#define FRAME_SUMMED_BYTES 8
#define SALT_BYTES 8
#define MAGIC 0x377f0682u /* lowest bit set: checksums are over big-endian words */
#define WAL_VERSION 3007000u
#define PAGE_BYTES_MIN 512u
#define PAGE_BYTES_MAX 65536u

struct checksum {
	bool big_endian;
	uint32_t a, b;
};

struct wal {
	FILE *file;
	const char *name;
	uint32_t page_bytes;
	uint8_t salt[SALT_BYTES];
	struct checksum sum;
	bool broken; /* a frame did not match the checksum: the chain ends there */
	bool commit_behind;
	uint64_t frame;
	uint64_t broken_frame;
};

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static uint32_t word_get(const struct checksum *sum, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return sum->big_endian ? be32toh(value) : le32toh(value);
}

static void checksum_add(struct checksum *sum, const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 8) {
		sum->a += word_get(sum, data + i) + sum->b;
		sum->b += word_get(sum, data + i + 4) + sum->a;
	}
}

static bool checksum_is(const struct checksum *sum, const uint8_t *at)
{
	return get32(at) == sum->a && get32(at + 4) == sum->b;
}

static bool header_legal(struct wal *wal, const uint8_t header[HEADER_BYTES])
{
	uint32_t page_bytes = get32(header + 8);

	if ((get32(header) & ~1u) != MAGIC || get32(header + 4) != WAL_VERSION ||
	    page_bytes < PAGE_BYTES_MIN || page_bytes > PAGE_BYTES_MAX ||
	    (page_bytes & (page_bytes - 1)) != 0) {
		return false;
	}
	wal->page_bytes = page_bytes;
	wal->sum.big_endian = (get32(header) & 1) != 0;
	memcpy(wal->salt, header + 16, SALT_BYTES);
	checksum_add(&wal->sum, header, HEADER_SUMMED_BYTES);
	return checksum_is(&wal->sum, header + HEADER_SUMMED_BYTES);
}

static bool frame_whole(struct wal *wal, const uint8_t *frame)
{
	checksum_add(&wal->sum, frame, FRAME_SUMMED_BYTES);
	checksum_add(&wal->sum, frame + FRAME_BYTES, wal->page_bytes);
	return memcmp(frame + 8, wal->salt, SALT_BYTES) == 0 &&
	       checksum_is(&wal->sum, frame + 16) && get32(frame) != 0;
}

/* Frames left from an earlier use of the log have a different salt. */
static int frame_check(struct wal *wal, const uint8_t *frame, struct err *err)
{
	wal->frame++;
	if (!wal->broken) {
		if (frame_whole(wal, frame)) {
			return 0;
		}
		wal->broken = true;
		wal->broken_frame = wal->frame;
	}
	if (memcmp(frame + 8, wal->salt, SALT_BYTES) != 0) {
		return 0;
	}
	if (wal->commit_behind) {
		return err_set(err, -EBADMSG,
			       "%s: frame %" PRIu64
			       " was made durable and is damaged: a commit and "
			       "frame %" PRIu64 " follow it",
			       wal->name, wal->broken_frame, wal->frame);
	}
	wal->commit_behind = get32(frame + 4) != 0;
	return 0;
}

static int wal_scan(struct wal *wal, struct err *err)
{
	static _Thread_local uint8_t frame[FRAME_BYTES + PAGE_BYTES_MAX];
	uint8_t header[HEADER_BYTES];
	int rc = 0;

	/* SQLite syncs the header before it writes the first frame. */
	if (fread(header, sizeof(header), 1, wal->file) != 1 || fgetc(wal->file) == EOF) {
		return ferror(wal->file) != 0 ? -EIO : 0;
	}
	if (fseek(wal->file, HEADER_BYTES, SEEK_SET) < 0) {
		return -EIO;
	}
	if (!header_legal(wal, header)) {
		return err_set(err, -EBADMSG, "%s: its header is damaged", wal->name);
	}
	while (rc == 0 && fread(frame, FRAME_BYTES + wal->page_bytes, 1, wal->file) == 1) {
		rc = frame_check(wal, frame, err);
	}
	return rc == 0 && ferror(wal->file) != 0 ? -EIO : rc;
}

int store_wal_check(int directory, const char *name, struct err *err)
{
	struct wal wal = {.name = name};
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		return errno == ENOENT ? 0 : err_set(err, -EIO, "%s: %s", name, strerror(errno));
	}
	wal.file = fdopen(fd, "r");
	if (wal.file == NULL) {
		close(fd);
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = wal_scan(&wal, err);
	if (rc == -EIO) {
		err_set(err, rc, "%s cannot be read", name);
	}
	fclose(wal.file);
	return rc;
}
