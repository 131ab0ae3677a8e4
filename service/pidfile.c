/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/pidfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PID_TEXT 24

static int other_text(int fd, const char *path, struct err *err)
{
	char text[PID_TEXT] = "";
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? strspn(text, "0123456789") : 0] = '\0';
	return err_set(err, -EBUSY,
		       "another instance is already running (pid %s, it has locked %s)",
		       *text == '\0' ? "unknown" : text, path);
}

int pidfile_lock(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
	char text[PID_TEXT];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int rc = 0;

	if (fd < 0) {
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? other_text(fd, path, err)
					  : err_set(err, -errno, "%s: %s", path, strerror(errno));
	} else if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) != length) {
		rc = err_set(err, errno == 0 ? -EIO : -errno, "%s: %s", path, strerror(errno));
	}
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}
