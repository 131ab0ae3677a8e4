/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipc/ipc_server.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <qb/qbipcs.h>
#include <qb/qblog.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/little.h"
#include "ipc/ipc_accept.h"
#include "ipc/ipc_page.h"
#include "journal/journal_ipc.h"

/* Connections that only read: the rest is for writers, or monitoring could lock agents out. */
#define READERS_MAX (IPC_CONNECTIONS_MAX / 2)
#define READERS_GROUP "haclient"
#define NS_PER_MS UINT64_C(1000000)

struct client {
	struct ipc_server *server;
	qb_ipcs_connection_t *connection;
	bool may_write;
	bool asking;                        /* the core has its request: cancel on disconnect */
	bool closing;                       /* being closed after an error: client_close() */
	uint64_t token;                     /* token of the request in flight; 0: none */
	struct journal_ipc_request request; /* op is not kept */
	enum journal_op_kind op;            /* SUBMIT: kind of its operation */
	struct id128 task;
	qb_loop_timer_handle timer; /* WAIT */
};

struct ipc_server {
	qb_loop_t *loop;
	qb_ipcs_service_t *service;
	const struct ipc_server_ops *ops;
	void *shell;
	const struct tasks *tasks;
	struct client clients[IPC_CONNECTIONS_MAX]; /* connection NULL: free */
	gid_t readers;                              /* (gid_t)-1: the group does not exist */
	uint64_t applied;
	uint64_t last_token;
	struct ipc_server_counts counts;
	/* A private copy: a client can change the shared memory while it is being read. */
	uint8_t request[sizeof(struct qb_ipc_request_header) + JOURNAL_IPC_REQUEST_MAX];
	uint8_t rest[JOURNAL_IPC_REST_MAX];
	uint8_t reply[JOURNAL_IPC_BYTES_MAX];
	struct journal_op decoded;
};

static_assert(sizeof(struct qb_ipc_response_header) <= JOURNAL_IPC_HEADER_MAX, "it fits");

/* If the slot has been given to another client since, `closing` is false. */
static void close_job(void *data)
{
	struct client *client = data;

	if (client->connection != NULL && client->closing) {
		qb_ipcs_disconnect(client->connection);
	}
}

/* From a job: libqb 2.0.6 uses a connection after its message has been processed. */
static void client_close(struct client *client)
{
	if (!client->closing) {
		client->closing = true;
		(void)qb_loop_job_add(client->server->loop, QB_LOOP_HIGH, client, close_job);
	}
}

/* Answers */

static void reply_send(struct client *client, struct journal_ipc_reply *reply)
{
	struct ipc_server *server = client->server;
	struct qb_ipc_response_header header = {.id = JOURNAL_IPC_MESSAGE_ID};
	size_t bytes;

	reply->kind = client->request.kind;
	reply->nonce = client->request.nonce;
	bytes = journal_ipc_reply_encode(reply, server->reply + sizeof(header));
	header.size = (int32_t)(sizeof(header) + bytes);
	memcpy(server->reply, &header, sizeof(header));
	client->token = 0;
	client->asking = false;
	if (bytes == 0 || qb_ipcs_event_send(client->connection, server->reply,
					     (size_t)header.size) != header.size) {
		/* When the client sees it closed, it repeats the request on a new one. */
		qb_log(LOG_WARNING, "ipc: an answer cannot be sent, connection closed");
		client_close(client);
	}
}

static void reply_error(struct client *client, int status, const char *reason)
{
	struct journal_ipc_reply reply = {.status = status, .index = client->server->applied};

	(void)snprintf(reply.reason, sizeof(reply.reason), "%s", reason);
	reply_send(client, &reply);
}

static void task_reply(struct client *client, const struct journal_task *task,
		       struct journal_ipc_reply *reply)
{
	if (task != NULL) {
		reply->rest = client->server->rest;
		reply->rest_bytes = journal_task_encode(task, client->server->rest);
	}
}

/* Adds the current task to the answer if the operation was refused because of that task's state. */
static void current_reply(struct client *client, struct journal_ipc_reply *reply)
{
	const struct tasks *tasks = client->server->tasks;
	const struct journal_task *task;

	if ((reply->outcome != -EBUSY && reply->outcome != -ESTALE && reply->outcome != -EEXIST) ||
	    journal_op_has_release(client->op)) {
		return;
	}
	task = tasks_find(tasks, &client->task);
	task = task != NULL ? task : tasks_find_vm(tasks, client->request.vm);
	task_reply(client, task, reply);
}

static void submit_answer(struct client *client, const struct core_answer *answer)
{
	static const enum journal_verdict verdicts[] = {
		[CORE_COMMITTED] = JOURNAL_COMMITTED, [CORE_NO_QUORUM] = JOURNAL_NO_QUORUM,
		[CORE_UNKNOWN] = JOURNAL_UNKNOWN,     [CORE_BUSY] = JOURNAL_BUSY,
		[CORE_READY] = JOURNAL_UNKNOWN,
	};
	struct journal_ipc_reply reply = {.index = client->server->applied};

	reply.verdict = verdicts[answer->verdict];
	if (answer->verdict == CORE_COMMITTED) {
		reply.outcome = answer->outcome.status;
		reply.revision = answer->outcome.revision;
		current_reply(client, &reply);
	}
	reply_send(client, &reply);
}

static void get_answer(struct client *client)
{
	struct ipc_server *server = client->server;
	struct journal_ipc_request *request = &client->request;
	struct journal_ipc_reply reply = {.index = server->applied};

	if (request->kind == JOURNAL_IPC_TASK_GET) {
		task_reply(client, tasks_find_vm(server->tasks, request->vm), &reply);
	} else {
		const struct journal_release *release =
			tasks_find_release(server->tasks, request->vm, request->node);

		if (release != NULL) {
			reply.rest = server->rest;
			reply.rest_bytes = journal_release_encode(release, server->rest);
		}
	}
	reply.status = reply.rest_bytes == 0 ? -ENOENT : 0;
	reply_send(client, &reply);
}

static void read_answer(struct client *client, const struct core_answer *answer)
{
	switch (answer->verdict) {
	case CORE_READY: get_answer(client); return;
	case CORE_BUSY: reply_error(client, -EAGAIN, "too many requests are in flight"); return;
	case CORE_COMMITTED:
	case CORE_NO_QUORUM:
	case CORE_UNKNOWN: reply_error(client, -EHOSTDOWN, "no majority of the voters answers");
	}
}

/* NULL: nobody waits for it. */
static struct client *asking_find(struct ipc_server *server, uint64_t token)
{
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX && token != 0; i++) {
		struct client *client = &server->clients[i];

		if (client->token == token && client->asking) {
			return client;
		}
	}
	return NULL;
}

void ipc_server_answer(struct ipc_server *server, uint64_t token, const struct core_answer *answer)
{
	struct client *client = asking_find(server, token);

	if (client != NULL && client->request.kind == JOURNAL_IPC_SUBMIT) {
		submit_answer(client, answer);
	} else if (client != NULL) {
		read_answer(client, answer);
	}
}

void ipc_server_asked(struct ipc_server *server, uint64_t token, int rc, const char *why,
		      const uint8_t *body, size_t bytes)
{
	struct client *client = asking_find(server, token);
	struct journal_ipc_reply reply = {
		.index = server->applied, .rest = body, .rest_bytes = bytes};

	if (client != NULL && rc < 0) {
		reply_error(client, rc, why);
	} else if (client != NULL) {
		reply_send(client, &reply);
	}
}

static void wait_end(struct client *client, int status)
{
	struct journal_ipc_reply reply = {.status = status, .index = client->server->applied};

	if (client->timer != 0) {
		(void)qb_loop_timer_del(client->server->loop, client->timer);
		client->timer = 0;
	}
	reply_send(client, &reply);
}

void ipc_server_applied(struct ipc_server *server, uint64_t index)
{
	server->applied = index;
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		struct client *client = &server->clients[i];

		if (client->token != 0 && client->request.kind == JOURNAL_IPC_WAIT &&
		    index > client->request.index) {
			wait_end(client, 0);
		}
	}
}

/* Requests */

static void submit_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	struct journal_op *op = &server->decoded;
	bool has_task;

	if (journal_op_decode(request->op, request->op_bytes, op) != 0) {
		server->counts.invalid++;
		reply_error(client, -EBADMSG, "the operation cannot be decoded");
		return;
	}
	has_task = !journal_op_has_release(op->kind);
	client->op = op->kind;
	client->task = has_task ? op->task.uuid : (struct id128){{0}};
	(void)snprintf(client->request.vm, sizeof(client->request.vm), "%s",
		       has_task ? op->task.vm : op->release.vm);
	client->asking = true;
	server->ops->submit(server->shell, client->token, &request->request, request->op,
			    request->op_bytes, request->gate == JOURNAL_IPC_GATED,
			    deadline_now_ms() + request->timeout_ms);
}

static void get_request(struct client *client, const struct journal_ipc_request *request)
{
	if (request->read == JOURNAL_STALE) {
		get_answer(client);
		return;
	}
	client->asking = true;
	client->server->ops->read(client->server->shell, client->token,
				  deadline_now_ms() + request->timeout_ms);
}

static void list_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	struct journal_ipc_reply reply = {.index = server->applied, .rest = server->rest};
	bool more = false;
	int rc =
		request->kind == JOURNAL_IPC_TASK_LIST
			? ipc_page_tasks(server->tasks, &request->after, server->rest,
					 sizeof(server->rest), &reply.rest_bytes, &more)
			: ipc_page_releases(server->tasks, request->vm, request->node, server->rest,
					    sizeof(server->rest), &reply.rest_bytes, &more);

	reply.more = more ? JOURNAL_IPC_MORE : JOURNAL_IPC_LAST;
	if (rc < 0) {
		reply_error(client, rc, "the list has changed: read it again from the beginning");
		return;
	}
	reply_send(client, &reply);
}

static void wait_timeout(void *data)
{
	struct client *client = data;

	client->timer = 0;
	wait_end(client, -ETIMEDOUT);
}

static void wait_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;

	if (server->applied > request->index) {
		wait_end(client, 0);
	} else if (qb_loop_timer_add(server->loop, QB_LOOP_MED, request->timeout_ms * NS_PER_MS,
				     client, wait_timeout, &client->timer) != 0) {
		client->timer = 0;
		reply_error(client, -ENOMEM, "cannot start a timer");
	}
}

static void status_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	struct journal_ipc_reply reply = {.index = server->applied, .rest = server->rest};
	struct journal_status status = {0};

	server->ops->status(server->shell, &status);
	if (request->index < JOURNAL_IPC_STATUS_SOLO) {
		status.solo = JOURNAL_SOLO_NONE;
	}
	reply.rest_bytes = journal_ipc_status_encode(&status, server->rest);
	reply_send(client, &reply);
}

static void force_solo_request(struct client *client, const struct journal_ipc_request *request)
{
	const char *why = "";
	int rc = client->server->ops->force_solo(client->server->shell, &why);

	(void)request;
	reply_error(client, rc, rc == 0 || why == NULL ? "" : why);
}

static void domain_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	struct journal_ipc_reply reply = {.index = server->applied};

	reply.domain = server->ops->domain == NULL
			       ? JOURNAL_DOMAIN_UNKNOWN
			       : server->ops->domain(server->shell, request->vm);
	reply_send(client, &reply);
}

/* A page that does not follow from what the client has makes it begin again. */
static void path_list_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	struct journal_ipc_reply reply = {.index = server->applied, .rest = server->rest};
	bool more = false;

	if (server->ops->path != NULL) {
		const char *why = server->ops->path_state(server->shell, &reply.revision);

		if (request->index > 0 && little_get64(request->after.bytes) != reply.revision) {
			reply_error(client, -ESTALE, "the list has changed: read it again");
			return;
		}
		(void)snprintf(reply.reason, sizeof(reply.reason), "%s", why);
		ipc_page_paths(server->ops->path, server->shell, request->index, server->rest,
			       sizeof(server->rest), &reply.rest_bytes, &more);
	}
	reply.more = more ? JOURNAL_IPC_MORE : JOURNAL_IPC_LAST;
	reply_send(client, &reply);
}

static void ask_request(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;
	const struct ipc_question question = {
		.node = request->node,
		.kind = request->index,
		.timeout_ms = (int)request->timeout_ms,
		.body = request->op,
		.bytes = request->op_bytes,
	};
	const char *why = "lunmaskd cannot ask other nodes";
	int rc = server->ops->ask == NULL
			 ? -EOPNOTSUPP
			 : server->ops->ask(server->shell, client->token, &question, &why);

	if (rc < 0) {
		reply_error(client, rc, why);
	} else {
		client->asking = true;
	}
}

typedef void (*request_fn)(struct client *client, const struct journal_ipc_request *request);

static const request_fn request_fns[] = {
	[JOURNAL_IPC_SUBMIT] = submit_request,     [JOURNAL_IPC_TASK_GET] = get_request,
	[JOURNAL_IPC_RELEASE_GET] = get_request,   [JOURNAL_IPC_TASK_LIST] = list_request,
	[JOURNAL_IPC_RELEASE_LIST] = list_request, [JOURNAL_IPC_WAIT] = wait_request,
	[JOURNAL_IPC_STATUS] = status_request,     [JOURNAL_IPC_FORCE_SOLO] = force_solo_request,
	[JOURNAL_IPC_DOMAIN] = domain_request,     [JOURNAL_IPC_PATH_LIST] = path_list_request,
	[JOURNAL_IPC_ASK] = ask_request,
};

static_assert(G_N_ELEMENTS(request_fns) == JOURNAL_IPC_KIND_MAX, "a row each");

static void request_process(struct client *client, const struct journal_ipc_request *request)
{
	struct ipc_server *server = client->server;

	client->request = *request;
	client->request.op = NULL;
	client->token = ++server->last_token;
	server->counts.requests++;
	if (journal_ipc_writes(request->kind) && !client->may_write) {
		server->counts.invalid++;
		reply_error(client, -EACCES, "only root may do that");
		return;
	}
	request_fns[request->kind](client, request);
}

/* size is the client's claim: libqb 2.0.6 does not compare it with the bytes received. */
static bool header_valid(const void *data, size_t size)
{
	struct qb_ipc_request_header header;

	if (size < sizeof(header) || size > sizeof(header) + JOURNAL_IPC_REQUEST_MAX) {
		return false;
	}
	memcpy(&header, data, sizeof(header));
	return header.id == JOURNAL_IPC_MESSAGE_ID && header.size == (int32_t)size;
}

static int32_t on_message(qb_ipcs_connection_t *connection, void *data, size_t size)
{
	struct client *client = qb_ipcs_context_get(connection);
	struct ipc_server *server = client->server;
	const size_t head = sizeof(struct qb_ipc_request_header);
	struct journal_ipc_request request;

	if (client->closing) {
		return 0;
	}
	if (size <= sizeof(server->request)) {
		memcpy(server->request, data, size);
	}
	if (!header_valid(server->request, size) ||
	    journal_ipc_request_decode(server->request + head, size - head, &request) != 0 ||
	    client->token != 0) {
		server->counts.invalid++;
		qb_log(LOG_WARNING, "ipc: invalid request, or one before the last was answered, "
				    "connection closed");
		client_close(client);
		return 0;
	}
	request_process(client, &request);
	return 0;
}

/* Connections */

static int32_t on_accept(qb_ipcs_connection_t *connection, uid_t uid, gid_t gid)
{
	struct ipc_server *server = ipc_accept_context();
	bool may_write = uid == 0 || uid == geteuid();
	struct client *client = NULL;
	size_t readers = 0;

	if (!may_write && !ipc_accept_in_group(gid, server->readers)) {
		server->counts.refused++;
		return -EACCES;
	}
	for (size_t i = IPC_CONNECTIONS_MAX; i > 0; i--) {
		struct client *at = &server->clients[i - 1];

		readers += at->connection != NULL && !at->may_write;
		client = at->connection == NULL ? at : client;
	}
	if (client == NULL || (!may_write && readers >= READERS_MAX)) {
		server->counts.refused++;
		return -EUSERS;
	}
	*client =
		(struct client){.server = server, .connection = connection, .may_write = may_write};
	qb_ipcs_context_set(connection, client);
	qb_ipcs_connection_auth_set(connection, uid, gid, 0600);
	server->counts.connections++;
	server->counts.open++;
	return 0;
}

/* Also called for a connection that was accepted but could not be set up. */
static void client_drop(qb_ipcs_connection_t *connection)
{
	struct client *client = qb_ipcs_context_get(connection);
	bool asking;

	if (client == NULL || client->connection != connection) {
		return;
	}
	asking = client->asking;
	client->asking = false;
	client->connection = NULL;
	client->server->counts.open--;
	if (client->timer != 0) {
		(void)qb_loop_timer_del(client->server->loop, client->timer);
		client->timer = 0;
	}
	if (asking) {
		client->server->ops->cancel(client->server->shell, client->token);
	}
	client->token = 0;
	qb_ipcs_context_set(connection, NULL);
}

static int32_t on_closed(qb_ipcs_connection_t *connection)
{
	client_drop(connection);
	return 0;
}

static gid_t group_find(const char *name)
{
	const struct group *group = getgrnam(name);

	return group == NULL ? (gid_t)-1 : group->gr_gid;
}

int ipc_server_new(qb_loop_t *loop, const char *name, const struct ipc_server_ops *ops, void *shell,
		   const struct tasks *tasks, struct ipc_server **ret, struct err *err)
{
	static struct qb_ipcs_service_handlers handlers = {
		.connection_accept = on_accept,
		.msg_process = on_message,
		.connection_closed = on_closed,
		.connection_destroyed = client_drop,
	};
	struct ipc_server *server = g_new0(struct ipc_server, 1);
	int rc;

	*ret = NULL;
	server->loop = loop;
	server->ops = ops;
	server->shell = shell;
	server->tasks = tasks;
	server->readers = group_find(READERS_GROUP);
	rc = ipc_accept_run(loop, name, &handlers, JOURNAL_IPC_BYTES_MAX, server, &server->service);
	if (rc < 0) {
		g_free(server);
		return err_set(err, rc, "cannot serve clients as '%s': %s", name, strerror(-rc));
	}
	*ret = server;
	return 0;
}

void ipc_server_free(struct ipc_server *server)
{
	if (server == NULL) {
		return;
	}
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		struct client *client = &server->clients[i];

		(void)qb_loop_job_del(server->loop, QB_LOOP_HIGH, client, close_job);
		if (client->connection != NULL) {
			qb_ipcs_disconnect(client->connection);
		}
	}
	ipc_accept_stop(server->service);
	g_free(server);
}

void ipc_server_counts(const struct ipc_server *server, struct ipc_server_counts *ret)
{
	*ret = server->counts;
	ret->in_flight = 0;
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		ret->in_flight += server->clients[i].token != 0;
	}
}
