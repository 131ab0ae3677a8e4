/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_link.h"

#include <errno.h>
#include <poll.h>
#include <qb/qbipcc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Between two tries if the server has no room; nothing reports when it has. */
#define RETRY_MS 10
/* lunmaskd answers so much before the client's deadline, so that "unknown" is its answer. */
#define MARGIN_MS 200

struct journal_link {
	qb_ipcc_connection_t *connection;
	int fd; /* owned by libqb; readable when there is a reply or the server is gone */
	uint8_t request[sizeof(struct qb_ipc_request_header) + JOURNAL_IPC_REQUEST_MAX];
	uint8_t reply[JOURNAL_IPC_BYTES_MAX];
};

/* *ret_ours: the name comes from the environment, so its server need not be root. */
static const char *server_name(bool *ret_ours)
{
	const char *name = secure_getenv(JOURNAL_IPC_NAME_VARIABLE);

	*ret_ours = name != NULL && *name != '\0';
	return *ret_ours ? name : JOURNAL_IPC_NAME;
}

/* Any user can take an abstract socket name that is free. */
static int server_check(int fd, const char *name, bool ours, struct err *err)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0) {
		return err_set(err, -EACCES, "cannot see who serves '%s': %s", name,
			       strerror(errno));
	}
	if (peer.uid != 0 && !(ours && peer.uid == geteuid())) {
		return err_set(err, -EACCES,
			       "'%s' is served by uid %u, process %d: it must be root's lunmaskd; "
			       "end that process and start lunmaskd",
			       name, peer.uid, peer.pid);
	}
	return 0;
}

/* libqb has no other way to end a connection that is not complete yet. */
static void connection_abandon(qb_ipcc_connection_t *connection, int fd)
{
	char waste[256];

	(void)shutdown(fd, SHUT_RDWR);
	while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0) {
	}
	if (qb_ipcc_connect_continue(connection) == 0) {
		qb_ipcc_disconnect(connection);
	}
}

/* libqb reports a refusal with its own code, or as an error of a closed connection. */
static int connect_error(int rc, const char *name, struct err *err)
{
	switch (rc) {
	case EACCES:
	case EPERM:
		return err_set(err, -EACCES,
			       "lunmaskd does not serve uid %u: only root may write, and members "
			       "of the group haclient may read",
			       geteuid());
	case EUSERS:
	case EAGAIN:
		return err_set(err, -EAGAIN, "lunmaskd serves as many clients as it can ('%s')",
			       name);
	case ENOSPC:
	case ENOMEM: return err_set(err, -rc, "no memory for a connection: is /dev/shm full?");
	default:
		return err_set(err, -ENOTCONN,
			       "lunmaskd does not run on this node ('%s': %s); see "
			       "systemctl status lunmaskd",
			       name, strerror(rc));
	}
}

static int connect_once(struct journal_link *link, struct deadline deadline, struct err *err)
{
	bool ours;
	const char *name = server_name(&ours);
	struct pollfd pollfd = {.events = POLLIN};
	qb_ipcc_connection_t *connection;
	int rc;

	errno = 0;
	connection = qb_ipcc_connect_async(name, JOURNAL_IPC_BYTES_MAX, &pollfd.fd);
	if (connection == NULL) {
		return connect_error(errno == 0 ? ENOTCONN : errno, name, err);
	}
	rc = server_check(pollfd.fd, name, ours, err);
	if (rc == 0 && poll(&pollfd, 1, deadline_left_ms(deadline)) <= 0) {
		rc = err_set(err, -ETIMEDOUT, "lunmaskd ('%s') does not answer", name);
	}
	if (rc < 0) {
		connection_abandon(connection, pollfd.fd);
		return rc;
	}
	rc = qb_ipcc_connect_continue(connection);
	if (rc != 0) {
		return connect_error(rc < 0 ? -rc : errno, name, err);
	}
	link->connection = connection;
	return qb_ipcc_fd_get(connection, &link->fd) == 0
		       ? 0
		       : err_set(err, -ENOTCONN, "no descriptor for '%s'", name);
}

int journal_link_open(struct deadline deadline, struct journal_link **ret, struct err *err)
{
	struct journal_link *link = calloc(1, sizeof(*link));
	bool full = false;
	int rc;

	*ret = NULL;
	if (link == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	while ((rc = connect_once(link, deadline, err)) == -EAGAIN) {
		full = true;
		if (!deadline_pause(deadline, RETRY_MS)) {
			rc = -ETIMEDOUT;
			break;
		}
	}
	if (rc == -ETIMEDOUT && full) {
		(void)err_set(err, rc,
			      "lunmaskd has as many clients as it serves; try again later");
	}
	if (rc < 0) {
		journal_link_close(link);
		return rc;
	}
	*ret = link;
	return 0;
}

void journal_link_close(struct journal_link *link)
{
	if (link == NULL) {
		return;
	}
	qb_ipcc_disconnect(link->connection);
	free(link);
}

static int lost(struct err *err)
{
	return err_set(err, -ENOTCONN, "lunmaskd has closed the connection");
}

static int request_send(struct journal_link *link, struct journal_ipc_request *request,
			struct deadline deadline, struct err *err)
{
	struct qb_ipc_request_header header = {.id = JOURNAL_IPC_MESSAGE_ID};
	size_t bytes = journal_ipc_request_encode(request, link->request + sizeof(header));
	ssize_t sent;

	if (bytes == 0) {
		return err_set(err, -EINVAL, "the request cannot be encoded");
	}
	header.size = (int32_t)(sizeof(header) + bytes);
	memcpy(link->request, &header, sizeof(header));
	while ((sent = qb_ipcc_send(link->connection, link->request, (size_t)header.size)) ==
	       -EAGAIN) {
		if (!deadline_pause(deadline, RETRY_MS)) {
			return err_set(err, -ETIMEDOUT,
				       "lunmaskd has not accepted the request in time");
		}
	}
	return sent == header.size ? 0 : lost(err);
}

/* Returns 0 with *ret_bytes 0 if there is no reply yet. */
static int reply_wait(struct journal_link *link, struct deadline deadline, size_t *ret_bytes,
		      struct err *err)
{
	struct pollfd pollfd = {.fd = link->fd, .events = POLLIN};
	ssize_t bytes;
	int n = poll(&pollfd, 1, deadline_left_ms(deadline));

	*ret_bytes = 0;
	if (n == 0) {
		return err_set(err, -ETIMEDOUT, "lunmaskd has not answered in time");
	}
	if (n < 0) {
		return errno == EINTR && !deadline_passed(deadline)
			       ? 0
			       : err_set(err, -ETIMEDOUT, "interrupted: %s", strerror(errno));
	}
	bytes = qb_ipcc_event_recv(link->connection, link->reply, sizeof(link->reply), 0);
	if (bytes == -EAGAIN || bytes == -ETIMEDOUT) {
		return 0;
	}
	if (bytes < 0) {
		return lost(err);
	}
	*ret_bytes = (size_t)bytes;
	return 0;
}

static int reply_decode(const struct journal_link *link, size_t bytes,
			struct journal_ipc_reply *ret, struct err *err)
{
	struct qb_ipc_response_header header;

	if (bytes >= sizeof(header)) {
		memcpy(&header, link->reply, sizeof(header));
		if (header.id == JOURNAL_IPC_MESSAGE_ID && header.size == (int32_t)bytes &&
		    journal_ipc_reply_decode(link->reply + sizeof(header), bytes - sizeof(header),
					     ret) == 0) {
			return 0;
		}
	}
	return err_set(err, -EPROTO,
		       "restart lunmaskd if its version differs from this program's: it has sent "
		       "an invalid reply");
}

int journal_link_call(struct journal_link *link, struct journal_ipc_request *request,
		      struct deadline deadline, struct journal_ipc_reply *ret, struct err *err)
{
	int left_ms = deadline_left_ms(deadline);
	int margin_ms = left_ms / 10 < MARGIN_MS ? left_ms / 10 : MARGIN_MS;
	size_t bytes = 0;
	int rc;

	if (left_ms <= 0) {
		return err_set(err, -ETIMEDOUT, "no time is left");
	}
	left_ms -= margin_ms;
	request->timeout_ms = left_ms < JOURNAL_IPC_TIMEOUT_MAX_MS ? (uint32_t)left_ms
								   : JOURNAL_IPC_TIMEOUT_MAX_MS;
	if (getrandom(&request->nonce, sizeof(request->nonce), 0) != sizeof(request->nonce)) {
		return err_set(err, -EIO, "getrandom: %s", strerror(errno));
	}
	rc = request_send(link, request, deadline, err);
	while (rc == 0 && bytes == 0) {
		rc = reply_wait(link, deadline, &bytes, err);
	}
	rc = rc < 0 ? rc : reply_decode(link, bytes, ret, err);
	if (rc == 0 && (ret->nonce != request->nonce || ret->kind != request->kind)) {
		rc = err_set(err, -EPROTO, "lunmaskd has answered another request");
	}
	return rc;
}
