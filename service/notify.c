/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* NOTIFY_SOCKET is the path of a socket, or '@' and a name in the abstract namespace. */
static int address_get(struct sockaddr_un *ret, socklen_t *ret_bytes)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path == NULL ? 0 : strlen(path);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length == 0) {
		return -ENOENT;
	}
	if ((*path != '/' && *path != '@') || length < 2 || length >= sizeof(ret->sun_path)) {
		return -EINVAL;
	}
	memcpy(ret->sun_path, path, length);
	if (*path == '@') {
		ret->sun_path[0] = '\0';
	}
	*ret_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

int notify_send(const char *text)
{
	struct sockaddr_un address;
	socklen_t bytes = 0;
	int rc = address_get(&address, &bytes);
	AUTO_FD fd = -1;

	if (rc < 0) {
		return rc == -ENOENT ? 0 : rc;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL,
			     (const struct sockaddr *)&address, bytes) < 0) {
		return -errno;
	}
	return 0;
}

uint64_t notify_watchdog_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long usec = text == NULL ? 0 : strtoull(text, NULL, 10);

	if (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()) {
		return 0;
	}
	return usec / 2000;
}
