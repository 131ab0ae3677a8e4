/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/image_rate.h"

#include <errno.h>
#include <glib.h>
#include <unistd.h>

#include "base/deadline.h"

#define BLOCK_BYTES ((size_t)1024 * 1024)
#define BYTES_MAX (64 * BLOCK_BYTES)
#define TIME_MS 1000

/* An array may store zeros, and what it has already, in no time. */
static void block_fill(guint64 *block, guint64 seed)
{
	for (size_t i = 0; i < BLOCK_BYTES / sizeof(*block); i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		block[i] = seed;
	}
}

static int block_move(int fd, bool writing, unsigned char *block, uint64_t offset)
{
	size_t done = 0;

	while (done < BLOCK_BYTES) {
		ssize_t bytes = writing ? pwrite(fd, block + done, BLOCK_BYTES - done,
						 (off_t)(offset + done))
					: pread(fd, block + done, BLOCK_BYTES - done,
						(off_t)(offset + done));

		if (bytes < 0 && errno == EINTR) {
			continue;
		}
		if (bytes <= 0) {
			return bytes < 0 ? -errno : -EIO;
		}
		done += (size_t)bytes;
	}
	return 0;
}

int image_rate_measure(int fd, bool writing, uint64_t size_bytes, uint64_t *ret_bytes_s)
{
	g_autofree guint64 *block = g_malloc(BLOCK_BYTES);
	int64_t since_ms = deadline_now_ms();
	uint64_t done = 0;
	int64_t took_ms;
	int rc = 0;

	if (size_bytes < BLOCK_BYTES) {
		return -ENOSPC;
	}
	while (rc == 0 && done < BYTES_MAX && size_bytes - done >= BLOCK_BYTES &&
	       deadline_now_ms() - since_ms < TIME_MS) {
		if (writing) {
			block_fill(block, done + (guint64)since_ms);
		}
		rc = block_move(fd, writing, (unsigned char *)block, done);
		done += BLOCK_BYTES;
	}
	if (rc == 0 && writing && fdatasync(fd) < 0) {
		rc = -errno;
	}
	took_ms = deadline_now_ms() - since_ms;
	*ret_bytes_s = done * 1000 / (uint64_t)(took_ms > 0 ? took_ms : 1);
	return rc;
}
