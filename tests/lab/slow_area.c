/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into an agent: an array that is slow, as far as the agent can measure. Each write or
 * read of a block of the image area takes SLOW_AREA_MS more. libvirt and QEMU are not slowed down.
 */
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

static void slow_down(void)
{
	const char *value = getenv("SLOW_AREA_MS");
	long ms = value == NULL ? 0 : atol(value);
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&left, NULL);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");

	slow_down();
	return real(fd, data, bytes, offset);
}

ssize_t pread64(int fd, void *data, size_t bytes, off64_t offset)
{
	ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");

	slow_down();
	return real(fd, data, bytes, offset);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	return pwrite64(fd, data, bytes, offset);
}

ssize_t pread(int fd, void *data, size_t bytes, off_t offset)
{
	return pread64(fd, data, bytes, offset);
}
