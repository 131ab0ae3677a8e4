/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipc/ipc_accept.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Handshakes that are being closed as the oldest remain here until the loop handles them. */
#define HANDSHAKES_HELD_MAX (2 * IPC_HANDSHAKES_MAX)
#define GROUPS_MAX 1024

/* A descriptor that libqb asked to poll. */
struct watch {
	int32_t fd;
	qb_ipcs_dispatch_fn_t dispatch;
	void *data;
};

static struct {
	qb_loop_t *loop; /* NULL: no service runs */
	void *context;
	struct watch listener;
	bool listening;                              /* libqb is accepting a connection */
	struct watch handshake[HANDSHAKES_HELD_MAX]; /* oldest first */
	size_t n_handshakes;
	int32_t current; /* the fd whose handshake is being completed; -1: none */
} accept_state = {.current = -1};

static int32_t on_listener(int32_t fd, int32_t revents, void *data)
{
	int32_t rc;

	(void)data;
	accept_state.listening = true;
	rc = accept_state.listener.dispatch(fd, revents, accept_state.listener.data);
	accept_state.listening = false;
	return rc;
}

static int32_t on_handshake(int32_t fd, int32_t revents, void *data)
{
	struct watch watch = {.fd = -1};
	int32_t rc = 0;

	(void)data;
	for (size_t i = 0; i < accept_state.n_handshakes; i++) {
		if (accept_state.handshake[i].fd == fd) {
			watch = accept_state.handshake[i];
		}
	}
	if (watch.fd >= 0) {
		accept_state.current = fd;
		rc = watch.dispatch(fd, revents, watch.data);
		accept_state.current = -1;
	}
	return rc;
}

static int32_t handshake_add(enum qb_loop_priority priority, const struct watch *watch,
			     int32_t events)
{
	int32_t rc;

	if (accept_state.n_handshakes == HANDSHAKES_HELD_MAX) {
		return -EMFILE;
	}
	if (accept_state.n_handshakes >= IPC_HANDSHAKES_MAX) {
		size_t oldest = accept_state.n_handshakes - IPC_HANDSHAKES_MAX;

		(void)shutdown(accept_state.handshake[oldest].fd, SHUT_RDWR);
	}
	rc = qb_loop_poll_add(accept_state.loop, priority, watch->fd, events, NULL, on_handshake);
	if (rc == 0) {
		accept_state.handshake[accept_state.n_handshakes++] = *watch;
	}
	return rc;
}

static int32_t dispatch_add(enum qb_loop_priority priority, int32_t fd, int32_t events, void *data,
			    qb_ipcs_dispatch_fn_t dispatch)
{
	struct watch watch = {.fd = fd, .dispatch = dispatch, .data = data};

	if (accept_state.listener.dispatch == NULL) {
		accept_state.listener = watch;
		return qb_loop_poll_add(accept_state.loop, QB_LOOP_MED, fd, events, NULL,
					on_listener);
	}
	if (accept_state.listening) {
		return handshake_add(priority, &watch, events);
	}
	return qb_loop_poll_add(accept_state.loop, QB_LOOP_MED, fd, events, data, dispatch);
}

static int32_t dispatch_mod(enum qb_loop_priority priority, int32_t fd, int32_t events, void *data,
			    qb_ipcs_dispatch_fn_t dispatch)
{
	(void)priority;
	return qb_loop_poll_mod(accept_state.loop, QB_LOOP_MED, fd, events, data, dispatch);
}

static int32_t dispatch_del(int32_t fd)
{
	for (size_t i = 0; i < accept_state.n_handshakes; i++) {
		if (accept_state.handshake[i].fd == fd) {
			accept_state.n_handshakes--;
			memmove(&accept_state.handshake[i], &accept_state.handshake[i + 1],
				(accept_state.n_handshakes - i) * sizeof(struct watch));
			break;
		}
	}
	return qb_loop_poll_del(accept_state.loop, fd);
}

static int32_t job_add(enum qb_loop_priority priority, void *data, qb_loop_job_dispatch_fn dispatch)
{
	return qb_loop_job_add(accept_state.loop, priority, data, dispatch);
}

int ipc_accept_run(qb_loop_t *loop, const char *name, struct qb_ipcs_service_handlers *handlers,
		   uint32_t message_bytes_max, void *context, qb_ipcs_service_t **ret)
{
	static struct qb_ipcs_poll_handlers poll_handlers = {
		.job_add = job_add,
		.dispatch_add = dispatch_add,
		.dispatch_mod = dispatch_mod,
		.dispatch_del = dispatch_del,
	};
	int rc;

	if (accept_state.loop != NULL) {
		return -EALREADY;
	}
	*ret = qb_ipcs_create(name, 0, QB_IPC_SHM, handlers);
	if (*ret == NULL) {
		return -ENOMEM;
	}
	accept_state.loop = loop;
	accept_state.context = context;
	qb_ipcs_enforce_buffer_size(*ret, message_bytes_max);
	qb_ipcs_poll_handlers_set(*ret, &poll_handlers);
	/*
	 * With QB_IPCS_RATE_SLOW libqb takes one request at a time from a connection. Otherwise it
	 * reads the number of requests from memory that the client can write, and waits for that
	 * many. The loop's priorities are not affected, since the poll functions above set them.
	 */
	qb_ipcs_request_rate_limit(*ret, QB_IPCS_RATE_SLOW);
	rc = qb_ipcs_run(*ret);
	if (rc < 0) {
		memset(&accept_state, 0, sizeof(accept_state));
		accept_state.current = -1;
	}
	return rc;
}

/* Each holds a reference to the service, which would keep listening: libqb must see them end. */
static void handshakes_end(void)
{
	for (size_t n = accept_state.n_handshakes; n > 0; n--) {
		(void)on_handshake(accept_state.handshake[0].fd, POLLHUP, NULL);
	}
}

void ipc_accept_stop(qb_ipcs_service_t *service)
{
	handshakes_end();
	qb_ipcs_destroy(service);
	memset(&accept_state, 0, sizeof(accept_state));
	accept_state.current = -1;
}

void *ipc_accept_context(void)
{
	return accept_state.context;
}

bool ipc_accept_in_group(gid_t own, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t bytes = sizeof(groups);

	if (group == (gid_t)-1) {
		return false;
	}
	if (own == group) {
		return true;
	}
	if (getsockopt(accept_state.current, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0) {
		return false;
	}
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++) {
		if (groups[i] == group) {
			return true;
		}
	}
	return false;
}
