/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "journal/journal_ipc.h"
#include "journal/journal_link.h"

/* The pause before a submission whose result is unknown is repeated. */
#define UNKNOWN_PAUSE_MS 50
/* More than the table can hold; the client stops reading from a server that never ends its list. */
#define LIST_MAX 65536

struct journal {
	struct journal_link *link; /* NULL after a failure; the next call opens it again */
};

int journal_open(struct deadline deadline, struct journal **ret, struct err *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int rc = journal == NULL ? err_set(err, -ENOMEM, "out of memory")
				 : journal_link_open(deadline, &journal->link, err);

	if (rc < 0) {
		journal_close(journal);
		journal = NULL;
	}
	*ret = journal;
	return rc;
}

void journal_close(struct journal *journal)
{
	if (journal != NULL) {
		journal_link_close(journal->link);
		free(journal);
	}
}

void journal_drop(struct journal **journal)
{
	journal_close(*journal);
	*journal = NULL;
}

/* Returns 0 only with a reply. A refusal in the reply becomes the return code. */
static int call(struct journal *journal, struct journal_ipc_request *request,
		struct deadline deadline, struct journal_ipc_reply *ret, struct err *err)
{
	int rc = journal->link == NULL ? journal_link_open(deadline, &journal->link, err) : 0;

	rc = rc < 0 ? rc : journal_link_call(journal->link, request, deadline, ret, err);
	if (rc < 0) {
		journal_link_close(journal->link);
		journal->link = NULL;
		return rc;
	}
	if (ret->status != 0) {
		return err_set(err, ret->status < 0 ? ret->status : -EPROTO, "lunmaskd: %s",
			       ret->reason[0] != '\0' ? ret->reason : strerror(-ret->status));
	}
	return 0;
}

static int text_copy(char *ret, size_t max, const char *text, const char *what, struct err *err)
{
	if (strlen(text) >= max || *text == '\0') {
		return err_set(err, -EINVAL, "%s name '%.300s' must have 1 to %zu characters", what,
			       text, max - 1);
	}
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

/* Decodes the one task that a reply may carry. */
static int current_decode(const struct journal_ipc_reply *reply, bool *ret_has,
			  struct journal_task *ret, struct err *err)
{
	size_t used = 0;

	*ret_has = reply->rest_bytes > 0;
	if (*ret_has && (journal_task_decode(reply->rest, reply->rest_bytes, ret, &used) != 0 ||
			 used != reply->rest_bytes)) {
		return err_set(err, -EPROTO, "lunmaskd has sent an invalid task");
	}
	return 0;
}

static int submit_once(struct journal *journal, struct journal_ipc_request *request,
		       struct deadline deadline, struct journal_answer *ret, struct err *err)
{
	struct journal_ipc_reply reply;
	int rc = call(journal, request, deadline, &reply, err);

	memset(ret, 0, sizeof(*ret));
	if (rc < 0) {
		return rc;
	}
	if (reply.verdict == 0) {
		return err_set(err, -EPROTO, "lunmaskd has answered without a verdict");
	}
	ret->verdict = reply.verdict;
	ret->status = reply.outcome;
	ret->revision = reply.revision;
	return current_decode(&reply, &ret->has_current, &ret->current, err);
}

int journal_submit(struct journal *journal, const struct journal_op *op,
		   const struct id128 *request, unsigned int flags, struct deadline deadline,
		   struct journal_answer *ret, struct err *err)
{
	uint8_t bytes[JOURNAL_RECORD_BYTES_MAX];
	struct journal_ipc_request ask = {
		.kind = JOURNAL_IPC_SUBMIT,
		.gate = (flags & JOURNAL_GATED) != 0 ? JOURNAL_IPC_GATED : JOURNAL_IPC_UNGATED,
		.request = *request,
		.op = bytes,
		.op_bytes = journal_op_encode(op, bytes),
	};
	bool unknown = false;
	int rc;

	if (ask.op_bytes == 0 || id128_is_zero(request)) {
		return err_set(err, -EINVAL, "the operation on the journal is not legal");
	}
	for (;;) {
		rc = submit_once(journal, &ask, deadline, ret, err);
		/* A later try without effect says nothing about the first one. */
		if (rc == 0 && unknown && ret->verdict != JOURNAL_COMMITTED) {
			ret->verdict = JOURNAL_UNKNOWN;
		}
		if (rc != 0 || ret->verdict != JOURNAL_UNKNOWN ||
		    deadline_left_ms(deadline) <= 2 * UNKNOWN_PAUSE_MS) {
			return rc;
		}
		unknown = true;
		(void)poll(NULL, 0, UNKNOWN_PAUSE_MS);
	}
}

int journal_task_get(struct journal *journal, const char *vm, enum journal_read read,
		     struct deadline deadline, struct journal_task *ret, struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_TASK_GET, .read = read};
	struct journal_ipc_reply reply;
	bool has = false;
	int rc = text_copy(request.vm, sizeof(request.vm), vm, "VM", err);

	rc = rc < 0 ? rc : call(journal, &request, deadline, &reply, err);
	if (rc == -ENOENT) {
		return err_set(err, rc, "the journal has no task of VM '%s'", vm);
	}
	rc = rc < 0 ? rc : current_decode(&reply, &has, ret, err);
	return rc == 0 && !has ? err_set(err, -EPROTO, "lunmaskd has sent no task") : rc;
}

/* The row of a VM and a node, if it is of the kind that is asked for. */
static int row_get(struct journal *journal, const char *vm, const char *node, bool granted,
		   enum journal_read read, struct deadline deadline, struct journal_release *ret,
		   struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_RELEASE_GET, .read = read};
	struct journal_ipc_reply reply;
	size_t used = 0;
	int rc = text_copy(request.vm, sizeof(request.vm), vm, "VM", err);

	rc = rc < 0 ? rc : text_copy(request.node, sizeof(request.node), node, "node", err);
	rc = rc < 0 ? rc : call(journal, &request, deadline, &reply, err);
	if (rc == 0 && (journal_release_decode(reply.rest, reply.rest_bytes, ret, &used) != 0 ||
			used != reply.rest_bytes)) {
		return err_set(err, -EPROTO, "lunmaskd has sent an invalid release");
	}
	if (rc == -ENOENT || (rc == 0 && ret->granted != granted)) {
		return err_set(err, -ENOENT, "the journal has no %s of VM '%s' %s %s",
			       granted ? "grant" : "release", vm, granted ? "to" : "by", node);
	}
	return rc;
}

int journal_release_get(struct journal *journal, const char *vm, const char *node,
			enum journal_read read, struct deadline deadline,
			struct journal_release *ret, struct err *err)
{
	return row_get(journal, vm, node, false, read, deadline, ret, err);
}

int journal_grant_get(struct journal *journal, const char *vm, const char *node,
		      enum journal_read read, struct deadline deadline, struct journal_release *ret,
		      struct err *err)
{
	return row_get(journal, vm, node, true, read, deadline, ret, err);
}

/* The differences between the lists. */
struct list_type {
	enum journal_ipc_kind kind;
	size_t size;
	int (*decode)(const uint8_t *data, size_t bytes, void *ret, size_t *ret_used);
	/* Asks for the page after this reply; last is the last of n items. */
	void (*follow)(const void *last, size_t n, const struct journal_ipc_reply *reply,
		       struct journal_ipc_request *request);
};

static int task_decode(const uint8_t *data, size_t bytes, void *ret, size_t *ret_used)
{
	return journal_task_decode(data, bytes, ret, ret_used);
}

static void task_follow(const void *last, size_t n, const struct journal_ipc_reply *reply,
			struct journal_ipc_request *request)
{
	(void)n, (void)reply;
	request->after = ((const struct journal_task *)last)->uuid;
}

static int release_decode(const uint8_t *data, size_t bytes, void *ret, size_t *ret_used)
{
	return journal_release_decode(data, bytes, ret, ret_used);
}

static void release_follow(const void *last, size_t n, const struct journal_ipc_reply *reply,
			   struct journal_ipc_request *request)
{
	const struct journal_release *release = last;

	(void)n, (void)reply;
	memcpy(request->vm, release->vm, sizeof(request->vm));
	memcpy(request->node, release->node, sizeof(request->node));
}

static int path_decode(const uint8_t *data, size_t bytes, void *ret, size_t *ret_used)
{
	return journal_path_decode(data, bytes, ret, ret_used);
}

static void path_follow(const void *last, size_t n, const struct journal_ipc_reply *reply,
			struct journal_ipc_request *request)
{
	(void)last;
	request->index = n;
	(void)little_put64(request->after.bytes, reply->revision);
}

static const struct list_type task_list = {JOURNAL_IPC_TASK_LIST, sizeof(struct journal_task),
					   task_decode, task_follow};
static const struct list_type release_list = {
	JOURNAL_IPC_RELEASE_LIST, sizeof(struct journal_release), release_decode, release_follow};

static const struct list_type path_list = {JOURNAL_IPC_PATH_LIST, sizeof(struct journal_path),
					   path_decode, path_follow};

struct list {
	char *items;
	size_t n;
	uint64_t index;
	char reason[JOURNAL_REASON_MAX + 1];
};

static int page_append(const struct list_type *type, const struct journal_ipc_reply *reply,
		       struct list *list, struct err *err)
{
	size_t at = 0;

	while (at < reply->rest_bytes) {
		char *items = list->n < LIST_MAX
				      ? reallocarray(list->items, list->n + 1, type->size)
				      : NULL;
		size_t used = 0;

		if (items == NULL) {
			return err_set(err, -ENOMEM, "no memory for %zu records", list->n + 1);
		}
		list->items = items;
		if (type->decode(reply->rest + at, reply->rest_bytes - at,
				 items + list->n * type->size, &used) != 0) {
			return err_set(err, -EPROTO, "lunmaskd has sent an invalid record");
		}
		list->n++;
		at += used;
	}
	return 0;
}

static int list_once(struct journal *journal, const struct list_type *type,
		     struct deadline deadline, struct list *list, struct err *err)
{
	struct journal_ipc_request request = {.kind = type->kind};
	struct journal_ipc_reply reply;
	int rc;

	list->n = 0;
	do {
		rc = call(journal, &request, deadline, &reply, err);
		rc = rc < 0 ? rc : page_append(type, &reply, list, err);
		if (rc < 0) {
			return rc;
		}
		list->index = list->n == 0 || reply.index < list->index || list->index == 0
				      ? reply.index
				      : list->index;
		memcpy(list->reason, reply.reason, sizeof(list->reason));
		if (reply.more == JOURNAL_IPC_MORE && reply.rest_bytes == 0) {
			return err_set(err, -EPROTO, "lunmaskd has sent an empty page");
		}
		if (list->n > 0) {
			type->follow(list->items + (list->n - 1) * type->size, list->n, &reply,
				     &request);
		}
	} while (reply.more == JOURNAL_IPC_MORE);
	return 0;
}

/* Starts again if the record at which the list stood has been removed meanwhile. */
static int list_get(struct journal *journal, const struct list_type *type, struct deadline deadline,
		    struct list *list, struct err *err)
{
	int rc;

	*list = (struct list){0};
	do {
		rc = list_once(journal, type, deadline, list, err);
	} while (rc == -ESTALE && !deadline_passed(deadline));
	if (rc < 0) {
		free(list->items);
		*list = (struct list){0};
	}
	return rc;
}

int journal_task_list(struct journal *journal, struct deadline deadline, struct journal_task **ret,
		      size_t *ret_n, uint64_t *ret_index, struct err *err)
{
	struct list list;
	int rc = list_get(journal, &task_list, deadline, &list, err);

	*ret = (struct journal_task *)(void *)list.items;
	*ret_n = list.n;
	if (ret_index != NULL) {
		*ret_index = list.index;
	}
	return rc;
}

static int rows_list(struct journal *journal, bool granted, struct deadline deadline,
		     struct journal_release **ret, size_t *ret_n, struct err *err)
{
	struct list list;
	int rc = list_get(journal, &release_list, deadline, &list, err);

	*ret = (struct journal_release *)(void *)list.items;
	*ret_n = 0;
	for (size_t i = 0; i < list.n; i++) {
		if ((*ret)[i].granted == granted) {
			(*ret)[(*ret_n)++] = (*ret)[i];
		}
	}
	return rc;
}

int journal_release_list(struct journal *journal, struct deadline deadline,
			 struct journal_release **ret, size_t *ret_n, struct err *err)
{
	return rows_list(journal, false, deadline, ret, ret_n, err);
}

int journal_grant_list(struct journal *journal, struct deadline deadline,
		       struct journal_release **ret, size_t *ret_n, struct err *err)
{
	return rows_list(journal, true, deadline, ret, ret_n, err);
}

int journal_wait(struct journal *journal, uint64_t index, struct deadline deadline,
		 uint64_t *ret_index, struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_WAIT, .index = index};
	struct journal_ipc_reply reply = {0};
	int rc = call(journal, &request, deadline, &reply, err);

	*ret_index = rc == 0 ? reply.index : index;
	return rc;
}

int journal_status_get(struct journal *journal, struct deadline deadline,
		       struct journal_status *ret, struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_STATUS,
					      .index = JOURNAL_IPC_STATUS_SOLO};
	struct journal_ipc_reply reply;
	int rc = call(journal, &request, deadline, &reply, err);

	if (rc == 0 && journal_ipc_status_decode(reply.rest, reply.rest_bytes, ret) != 0) {
		rc = err_set(err, -EPROTO, "lunmaskd has sent an invalid status");
	}
	return rc;
}

int journal_force_solo(struct journal *journal, struct deadline deadline, struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_FORCE_SOLO};
	struct journal_ipc_reply reply;

	return call(journal, &request, deadline, &reply, err);
}

int journal_domain_get(struct journal *journal, const char *vm, struct deadline deadline,
		       enum journal_domain *ret, struct err *err)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_DOMAIN};
	struct journal_ipc_reply reply;
	int rc = text_copy(request.vm, sizeof(request.vm), vm, "VM", err);

	rc = rc < 0 ? rc : call(journal, &request, deadline, &reply, err);
	*ret = rc == 0 ? reply.domain : JOURNAL_DOMAIN_UNKNOWN;
	return rc;
}

int journal_path_list(struct journal *journal, struct deadline deadline, struct journal_path **ret,
		      size_t *ret_n, char trouble[JOURNAL_REASON_MAX + 1], struct err *err)
{
	struct list list;
	int rc = list_get(journal, &path_list, deadline, &list, err);

	*ret = (struct journal_path *)(void *)list.items;
	*ret_n = list.n;
	memcpy(trouble, list.reason, sizeof(list.reason));
	return rc;
}

int journal_ask(struct journal *journal, const char *node, enum journal_ask_kind kind,
		const char *body, struct deadline deadline, char **ret, size_t *ret_bytes,
		struct err *err)
{
	struct journal_ipc_request request = {
		.kind = JOURNAL_IPC_ASK,
		.index = kind,
		.op = (const uint8_t *)body,
		.op_bytes = strlen(body),
	};
	struct journal_ipc_reply reply;
	int rc = text_copy(request.node, sizeof(request.node), node, "node", err);

	if (rc == 0 && request.op_bytes > JOURNAL_ASK_BYTES_MAX) {
		rc = err_set(err, -EOPNOTSUPP, "the question is longer than %d bytes",
			     JOURNAL_ASK_BYTES_MAX);
	}
	rc = rc < 0 ? rc : call(journal, &request, deadline, &reply, err);
	if (rc < 0) {
		return rc;
	}
	*ret_bytes = reply.rest_bytes;
	*ret = malloc(reply.rest_bytes + 1);
	if (*ret == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	memcpy(*ret, reply.rest, reply.rest_bytes);
	(*ret)[reply.rest_bytes] = '\0';
	return 0;
}
