/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define AGAIN_MS 20

int state_lock_take(const char *vm, struct deadline deadline)
{
	struct deadline until = deadline_within(deadline, STATE_LOCK_WAIT_MS);
	const char *directory = getenv(STATE_LOCK_VARIABLE);
	g_autofree char *file = NULL;
	int fd;

	directory = directory != NULL && *directory != '\0' ? directory : STATE_LOCK_DIRECTORY;
	file = g_strdup_printf("%s/%s", directory, vm);
	if (g_mkdir_with_parents(directory, 0700) != 0) {
		return -1;
	}
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || !deadline_pause(until, AGAIN_MS)) {
			(void)close(fd);
			return -1;
		}
	}
	return fd;
}
