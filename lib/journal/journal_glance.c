/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_glance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "names/name_limits.h"

static const char *path_chosen(void)
{
	const char *path = secure_getenv(JOURNAL_GLANCE_VARIABLE);

	return path != NULL && *path != '\0' ? path : NULL;
}

int journal_glance_address(struct sockaddr_un *ret)
{
	const char *path = path_chosen();
	size_t bytes;

	path = path != NULL ? path : JOURNAL_GLANCE_PATH;
	bytes = strlen(path) + 1;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (bytes > sizeof(ret->sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(ret->sun_path, path, bytes);
	return 0;
}

/* Both apply to connect(), send() and recv(). */
static int times_set(int fd, int timeout_ms)
{
	const struct timeval time = {.tv_sec = timeout_ms / 1000,
				     .tv_usec = timeout_ms % 1000 * 1000};

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0 ||
			       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0
		       ? -errno
		       : 0;
}

static int server_check(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0) {
		return -errno;
	}
	return peer.uid == 0 || (path_chosen() != NULL && peer.uid == geteuid()) ? 0 : -EACCES;
}

static int answer_take(int fd, enum journal_domain *ret)
{
	char answer[2];
	ssize_t bytes = recv(fd, answer, sizeof(answer), 0);

	if (bytes < 0) {
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	if (bytes != 1 || answer[0] < '0' || answer[0] >= '0' + JOURNAL_DOMAIN_MAX) {
		return bytes == 0 ? -ENOTCONN : -EPROTO;
	}
	*ret = (enum journal_domain)(answer[0] - '0');
	return 0;
}

int journal_glance(const char *vm, int timeout_ms, enum journal_domain *ret)
{
	struct sockaddr_un address;
	size_t bytes = strlen(vm);
	int rc = journal_glance_address(&address);
	int fd = rc < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*ret = JOURNAL_DOMAIN_UNKNOWN;
	if (bytes == 0 || bytes > VM_NAME_MAX) {
		rc = -EINVAL;
	}
	if (rc == 0 && fd < 0) {
		rc = -errno;
	}
	rc = rc < 0 ? rc : times_set(fd, timeout_ms);
	if (rc == 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	rc = rc < 0 ? rc : server_check(fd);
	if (rc == 0 && send(fd, vm, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) {
		rc = errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	rc = rc < 0 ? rc : answer_take(fd, ret);
	if (fd >= 0) {
		(void)close(fd);
	}
	return rc;
}
