/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/trusted_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

int trusted_file_check(const struct stat *status, mode_t forbidden, struct err *err)
{
	if (!S_ISREG(status->st_mode)) {
		return err_set(err, -EINVAL, "it is not a regular file");
	}
	if (status->st_uid != 0 && status->st_uid != geteuid()) {
		return err_set(err, -EACCES, "it belongs to user %u; it must be root's",
			       (unsigned int)status->st_uid);
	}
	if ((status->st_mode & forbidden) != 0) {
		return err_set(err, -EACCES, "its mode is %04o; use chmod %04o",
			       (unsigned int)(status->st_mode & 07777),
			       (unsigned int)(status->st_mode & 07777 & ~forbidden));
	}
	return 0;
}

static int file_read(const char *path, mode_t forbidden, char *buffer, size_t size,
		     size_t *ret_bytes, struct err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	ssize_t got;
	int rc;

	*ret_bytes = 0;
	if (fd < 0 || fstat(fd, &status) < 0) {
		return err_set(err, -errno, "%s", strerror(errno));
	}
	rc = trusted_file_check(&status, forbidden, err);
	if (rc < 0) {
		return rc;
	}
	got = fd_read(fd, buffer, size);
	*ret_bytes = got < 0 ? 0 : (size_t)got;
	return got < 0 ? err_set(err, (int)got, "%s", strerror((int)-got)) : 0;
}

int trusted_file_read(const char *path, char *buffer, size_t size, size_t *ret_bytes,
		      struct err *err)
{
	return file_read(path, S_IWGRP | S_IWOTH, buffer, size, ret_bytes, err);
}

int trusted_file_read_private(const char *path, char *buffer, size_t size, size_t *ret_bytes,
			      struct err *err)
{
	return file_read(path, S_IRWXG | S_IRWXO | S_ISUID | S_ISGID, buffer, size, ret_bytes, err);
}
