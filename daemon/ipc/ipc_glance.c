/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipc/ipc_glance.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/name_limits.h"

struct question {
	struct ipc_glance *server;
	int fd; /* -1: free */
};

struct ipc_glance {
	qb_loop_t *loop;
	ipc_glance_domain *domain;
	void *shell;
	struct sockaddr_un address;
	int fd;
	struct question questions[IPC_GLANCES_MAX];
	size_t next; /* the slot that was taken longest ago */
};

static void question_end(struct question *question)
{
	if (question->fd >= 0) {
		(void)qb_loop_poll_del(question->server->loop, question->fd);
		(void)close(question->fd);
	}
	question->fd = -1;
}

static int32_t on_question(int32_t fd, int32_t revents, void *data)
{
	struct question *question = data;
	struct ipc_glance *server = question->server;
	char vm[VM_NAME_MAX + 2];
	ssize_t bytes = recv(fd, vm, sizeof(vm) - 1, MSG_DONTWAIT);

	(void)revents;
	if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (bytes > 0 && bytes <= VM_NAME_MAX && memchr(vm, '\0', (size_t)bytes) == NULL) {
		char answer;

		vm[bytes] = '\0';
		answer = (char)('0' + (int)server->domain(server->shell, vm));
		/* Who does not read it has gone. */
		(void)send(fd, &answer, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	question_end(question);
	return 0;
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static int32_t on_listener(int32_t fd, int32_t revents, void *data)
{
	struct ipc_glance *server = data;
	struct question *question = &server->questions[server->next];
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (client < 0 || !may_ask(client)) {
		if (client >= 0) {
			(void)close(client);
		}
		return 0;
	}
	server->next = (server->next + 1) % IPC_GLANCES_MAX;
	question_end(question);
	question->fd = client;
	if (qb_loop_poll_add(server->loop, QB_LOOP_MED, client, POLLIN, question, on_question) <
	    0) {
		(void)close(client);
		question->fd = -1;
	}
	return 0;
}

static int listener_open(struct ipc_glance *server)
{
	const struct sockaddr *address = (const struct sockaddr *)&server->address;

	server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)unlink(server->address.sun_path);
	if (server->fd < 0 || bind(server->fd, address, sizeof(server->address)) < 0 ||
	    chmod(server->address.sun_path, 0600) < 0 || listen(server->fd, SOMAXCONN) < 0) {
		return -errno;
	}
	return qb_loop_poll_add(server->loop, QB_LOOP_MED, server->fd, POLLIN, server, on_listener);
}

int ipc_glance_new(qb_loop_t *loop, ipc_glance_domain *domain, void *shell, struct ipc_glance **ret,
		   struct err *err)
{
	struct ipc_glance *server = g_new0(struct ipc_glance, 1);
	int rc = journal_glance_address(&server->address);

	server->loop = loop;
	server->domain = domain;
	server->shell = shell;
	server->fd = -1;
	for (size_t i = 0; i < IPC_GLANCES_MAX; i++) {
		server->questions[i] = (struct question){.server = server, .fd = -1};
	}
	rc = rc < 0 ? rc : listener_open(server);
	if (rc < 0) {
		(void)err_set(err, rc, "cannot serve monitors at %s: %s", server->address.sun_path,
			      strerror(-rc));
		ipc_glance_free(server);
		return rc;
	}
	*ret = server;
	return 0;
}

void ipc_glance_free(struct ipc_glance *server)
{
	if (server == NULL) {
		return;
	}
	for (size_t i = 0; i < IPC_GLANCES_MAX; i++) {
		question_end(&server->questions[i]);
	}
	if (server->fd >= 0) {
		(void)qb_loop_poll_del(server->loop, server->fd);
		(void)close(server->fd);
		(void)unlink(server->address.sun_path);
	}
	g_free(server);
}
