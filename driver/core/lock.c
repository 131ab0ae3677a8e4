/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/lock.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* flock(2) has no timeout: try again at this interval. */
#define LOCK_LOOK_MS 5

int lock_take(const char *file, struct deadline deadline, int *ret_fd, struct fault *fault)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot open lock file '%s': %s",
				 file, strerror(errno));
	}
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			int number = errno;

			(void)close(fd);
			return fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot lock '%s': %s", file,
					 strerror(number));
		}
		if (deadline_passed(deadline)) {
			(void)close(fd);
			return fault_set(fault, ARRAY_ERROR_BUSY,
					 "another change of this array is in progress; nothing was "
					 "changed; try again");
		}
		(void)poll(NULL, 0, LOCK_LOOK_MS);
	}
	*ret_fd = fd;
	return 0;
}
