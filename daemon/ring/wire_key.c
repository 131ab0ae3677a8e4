/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define KEY_LEGAL "it must be a regular file of the user that runs lunmaskd, mode 0600 or less"

/* Checks the open file and not its path, which may name another file by now. */
static int key_file_check(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return err_set(err, -errno, "key file %s: %s", path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		return err_set(err, -EPERM, "key file %s is no regular file: " KEY_LEGAL, path);
	}
	if (st.st_uid != geteuid()) {
		return err_set(err, -EPERM, "key file %s belongs to uid %u, not to %u: " KEY_LEGAL,
			       path, (unsigned int)st.st_uid, (unsigned int)geteuid());
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		return err_set(err, -EPERM, "key file %s has mode %04o: " KEY_LEGAL, path,
			       (unsigned int)(st.st_mode & 07777));
	}
	return 0;
}

static int key_take(int fd, const char *path, struct wire_key *ret, struct err *err)
{
	uint8_t buffer[WIRE_KEY_BYTES_MAX + 1];
	int n = (int)fd_read(fd, buffer, sizeof(buffer));

	if (n >= WIRE_KEY_BYTES_MIN && n <= WIRE_KEY_BYTES_MAX) {
		memcpy(ret->bytes, buffer, (size_t)n);
		ret->n = (size_t)n;
	}
	explicit_bzero(buffer, sizeof(buffer));
	if (n < 0) {
		return err_set(err, n, "key file %s: %s", path, strerror(-n));
	}
	if (ret->n == 0) {
		return err_set(err, -EPERM,
			       "key file %s has %s%d bytes, legal are %d to %d random bytes: make "
			       "one with 'lunmask journal keygen' and copy it to every node",
			       path, n > WIRE_KEY_BYTES_MAX ? "more than " : "",
			       n > WIRE_KEY_BYTES_MAX ? WIRE_KEY_BYTES_MAX : n, WIRE_KEY_BYTES_MIN,
			       WIRE_KEY_BYTES_MAX);
	}
	return 0;
}

int wire_key_load(const char *path, struct wire_key *ret, struct err *err)
{
	/* O_NONBLOCK: without it, open() of a FIFO would wait for a writer; it is refused below. */
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	ret->n = 0;
	if (fd < 0 && errno == ELOOP) {
		return err_set(err, -EPERM, "key file %s is a symbolic link: " KEY_LEGAL, path);
	}
	if (fd < 0) {
		return err_set(err, -errno, "key file %s: %s", path, strerror(errno));
	}
	rc = key_file_check(fd, path, err);
	return rc < 0 ? rc : key_take(fd, path, ret, err);
}

void wire_key_wipe(struct wire_key *key)
{
	explicit_bzero(key, sizeof(*key));
}
