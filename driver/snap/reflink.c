/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/snap/reflink.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static int failed(const char *what, const char *file, int number, struct fault *fault)
{
	return fault_set(fault,
			 number == ENOSPC || number == EDQUOT ? ARRAY_ERROR_NO_SPACE
							      : ARRAY_ERROR_INTERNAL,
			 "%s '%s': %s", what, file, strerror(number));
}

static int no_reflinks(const char *folder, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			 "the file system of %s has no reflinks, as XFS (made with reflink=1) and "
			 "Btrfs have them: it can keep no snapshots; nothing was changed",
			 folder);
}

static int clone_into(int fd, const char *source, const char *folder, struct fault *fault)
{
	AUTO_FD from = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (from < 0) {
		return failed("cannot open", source, errno, fault);
	}
	if (ioctl(fd, FICLONE, from) == 0) {
		return 0;
	}
	return errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == EINVAL
		       ? no_reflinks(folder, fault)
		       : failed("cannot share the blocks of", source, errno, fault);
}

int reflink_probe(const char *folder, const char *source, struct fault *fault)
{
	AUTO_FD fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		return errno == EOPNOTSUPP || errno == EISDIR
			       ? no_reflinks(folder, fault)
			       : failed("cannot write to", folder, errno, fault);
	}
	return clone_into(fd, source, folder, fault);
}

int reflink_make(const char *source, const char *file, unsigned int mode, struct fault *fault)
{
	AUTO_FD fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd >= 0 ? 0 : failed("cannot make", file, errno, fault);

	rc = rc != 0 ? rc : clone_into(fd, source, file, fault);
	if (rc == 0 && fchmod(fd, mode) != 0) {
		rc = failed("cannot protect", file, errno, fault);
	}
	if (rc != 0 && fd >= 0) {
		(void)unlink(file);
	}
	return rc;
}

int reflink_sync(const char *folder, const char *file, struct fault *fault)
{
	AUTO_FD directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && fsync(fd) == 0 && directory >= 0 && fsync(directory) == 0
		       ? 0
		       : failed("cannot make durable", file, errno, fault);
}
