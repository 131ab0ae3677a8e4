/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/lvm/lvm_device.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

/* A slow disk writes it in a second or two, in which the array's lock is held. */
#define PIECE_BYTES (16u * 1024 * 1024)
#define ZEROS_BYTES (1024u * 1024)

static int device_wrong(const char *path, const char *why, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "%s is not the logical volume of this LUN: %s", path, why);
}

/* The UUID that the device mapper has for an open device; NULL: it is none of its devices. */
static char *uuid_read(int fd)
{
	g_autofree char *file = NULL;
	struct stat status;
	char *uuid = NULL;

	if (fstat(fd, &status) != 0 || !S_ISBLK(status.st_mode)) {
		return NULL;
	}
	file = g_strdup_printf("/sys/dev/block/%u:%u/dm/uuid", major(status.st_rdev),
			       minor(status.st_rdev));
	return g_file_get_contents(file, &uuid, NULL, NULL) ? g_strchomp(uuid) : NULL;
}

static int device_check(int fd, const char *path, const char *wanted, uint64_t size_bytes,
			struct fault *fault)
{
	g_autofree char *uuid = uuid_read(fd);
	off_t end = lseek(fd, 0, SEEK_END);

	if (uuid == NULL) {
		return device_wrong(path, "it is no device of the device mapper", fault);
	}
	if (strcmp(uuid, wanted) != 0) {
		return device_wrong(path, "another one has its name", fault);
	}
	return end >= 0 && (uint64_t)end == size_bytes
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "%s has %jd bytes, not %" PRIu64,
				   path, (intmax_t)end, size_bytes);
}

int lvm_device_open(const char *path, const char *uuid, uint64_t size_bytes, int flags, int *ret_fd,
		    struct fault *fault)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	int rc = fd >= 0 ? device_check(fd, path, uuid, size_bytes, fault)
			 : fault_set(fault, ARRAY_ERROR_INTERNAL,
				     "%s cannot be opened: %s; is the logical volume active?", path,
				     strerror(errno));

	if (rc != 0 && fd >= 0) {
		(void)close(fd);
	}
	*ret_fd = rc == 0 ? fd : -1;
	return rc;
}

/* For what knows no such call of the kernel. */
static int zeros_write(int fd, uint64_t from, uint64_t bytes)
{
	g_autofree char *zeros = g_malloc0(ZEROS_BYTES);

	while (bytes > 0) {
		size_t part = bytes < ZEROS_BYTES ? (size_t)bytes : ZEROS_BYTES;
		ssize_t written = pwrite(fd, zeros, part, (off_t)from);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		from += written > 0 ? (uint64_t)written : 0;
		bytes -= written > 0 ? (uint64_t)written : 0;
	}
	return 0;
}

/* On a block device, the kernel lets the disks write zeros, if they can, or writes them itself. */
static int piece_fill(int fd, uint64_t from, uint64_t bytes)
{
	if (fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)bytes) ==
	    0) {
		return 0;
	}
	return errno == EOPNOTSUPP ? zeros_write(fd, from, bytes) : -errno;
}

int lvm_device_fill(int fd, uint64_t size_bytes, struct deadline deadline, uint64_t *filled_bytes,
		    struct fault *fault)
{
	uint64_t filled = *filled_bytes;
	int rc = 0;

	do {
		uint64_t left = size_bytes - filled;
		uint64_t piece = left < PIECE_BYTES ? left : PIECE_BYTES;

		rc = piece == 0 ? 0 : piece_fill(fd, filled, piece);
		filled += piece;
	} while (rc == 0 && filled < size_bytes && deadline_left_ms(deadline) > 0);
	if (rc == 0 && fdatasync(fd) != 0) {
		rc = -errno;
	}
	if (rc == 0) {
		*filled_bytes = filled;
	}
	return rc == 0 ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL,
				   "zeros cannot be written to the logical volume: %s",
				   strerror(-rc));
}
