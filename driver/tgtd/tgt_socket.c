/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgtd/tgt_socket.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "driver/tgtd/tgt_show.h"

#define SOCKET "/var/run/tgtd/socket"
#define CALL_TIMEOUT_MS 5000
#define DRIVER_NAME_MAX 64

/* In the byte order and with the gaps of this host, as tgtd reads and writes them. */
struct request {
	uint32_t mode;
	uint32_t op;
	char driver[DRIVER_NAME_MAX];
	uint32_t bytes; /* with this header */
	uint32_t tid;
	uint64_t sid;
	uint64_t lun;
	uint32_t cid;
	uint32_t host;
	uint32_t device_type;
	uint32_t outgoing;
	uint32_t pack;
	uint32_t force;
};
static_assert(sizeof(struct request) == 120, "as in tgtd");

struct reply {
	uint32_t status;
	uint32_t bytes; /* with this header */
};

static int unreachable(struct fault *fault, const char *why)
{
	return fault_set(fault, ARRAY_ERROR_UNREACHABLE, "tgtd does not answer: %.300s", why);
}

/* Who listens gets secrets. */
static int peer_check(int fd, struct fault *fault)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		return unreachable(fault, strerror(errno));
	}
	return peer.uid == geteuid()
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL,
				   "tgtd's socket belongs to a process of user %u, and this is "
				   "user %u",
				   (unsigned int)peer.uid, (unsigned int)geteuid());
}

static int timeouts_set(int fd, struct deadline deadline)
{
	int left_ms = deadline_left_ms(deadline_within(deadline, CALL_TIMEOUT_MS));
	struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};

	if (left_ms == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left)) == 0
		       ? setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left))
		       : -1;
}

static int connected(int fd, const char *control_port, struct deadline deadline,
		     struct fault *fault)
{
	const char *path = getenv("TGT_IPC_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s.%s",
			      path != NULL ? path : SOCKET, control_port);

	if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
		return unreachable(fault, "the path of its socket is too long");
	}
	if (fd < 0 || timeouts_set(fd, deadline) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		return unreachable(fault, strerror(errno));
	}
	return peer_check(fd, fault);
}

static bool sent(int fd, const void *bytes, size_t size)
{
	return TEMP_FAILURE_RETRY(send(fd, bytes, size, MSG_NOSIGNAL)) == (ssize_t)size;
}

static int request_send(int fd, const struct tgt_request *request, struct fault *fault)
{
	size_t size = request->params != NULL ? strlen(request->params) + 1 : 0;
	struct request header = {.mode = request->mode,
				 .op = request->op,
				 .driver = "iscsi",
				 .bytes = (uint32_t)(sizeof(header) + size),
				 .tid = request->tid,
				 .outgoing = request->outgoing};

	return sent(fd, &header, sizeof(header)) && (size == 0 || sent(fd, request->params, size))
		       ? 0
		       : unreachable(fault, strerror(errno));
}

static int text_receive(int fd, size_t bytes, char **ret, struct fault *fault)
{
	char *text;

	if (bytes > TGT_SHOW_MAX) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "tgtd answers %zu bytes", bytes);
	}
	text = calloc(1, bytes + 1);
	if (text == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	if (fd_read(fd, text, bytes) != (ssize_t)bytes) {
		free(text);
		return unreachable(fault, "its answer is cut off");
	}
	*ret = text;
	return 0;
}

static int reply_receive(int fd, unsigned int *ret_status, char **ret_text, struct fault *fault)
{
	struct reply reply;
	ssize_t got = fd_read(fd, &reply, sizeof(reply));

	if (got != (ssize_t)sizeof(reply)) {
		return unreachable(fault, got < 0 ? strerror((int)-got) : "it hangs up");
	}
	if (reply.bytes < sizeof(reply)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "tgtd's answer is not understood");
	}
	*ret_status = reply.status;
	return reply.status == TGT_STATUS_DONE && ret_text != NULL
		       ? text_receive(fd, reply.bytes - sizeof(reply), ret_text, fault)
		       : 0;
}

int tgt_socket_call(const char *control_port, const struct tgt_request *request,
		    struct deadline deadline, unsigned int *ret_status, char **ret_text,
		    struct fault *fault)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connected(fd, control_port, deadline, fault);

	rc = rc != 0 ? rc : request_send(fd, request, fault);
	return rc != 0 ? rc : reply_receive(fd, ret_status, ret_text, fault);
}
