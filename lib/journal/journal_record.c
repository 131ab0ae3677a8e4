/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_record.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "journal/journal_codec.h"
#include "names/name.h"

#define RECORD_VERSION 1
#define GRANT_VERSION 2 /* of a release that is a grant */

static bool node_legal(const char *text)
{
	return name_valid(text, NODE_NAME_MAX, "._-");
}

static bool node_or_none_legal(const char *text)
{
	return *text == '\0' || node_legal(text);
}

/* REVOKED needs no array. */
static bool array_or_none_legal(const char *text)
{
	return *text == '\0' || lun_name_valid(text);
}

static bool boot_id_legal(const char *text)
{
	return *text == '\0' || name_valid(text, JOURNAL_BOOT_TEXT - 1, "-");
}

/* clang-format off */
static const struct journal_field task_fields[] = {
	FIELD_PLAIN(struct journal_task, uuid, ID),
	FIELD_PLAIN(struct journal_task, revision, 64),
	FIELD_TEXT(struct journal_task, vm, vm_name_valid),
	FIELD_ENUM(struct journal_task, kind, JOURNAL_START, JOURNAL_KIND_MAX),
	FIELD_ENUM(struct journal_task, state, JOURNAL_RUNNING, JOURNAL_STATE_MAX),
	FIELD_TEXT(struct journal_task, mode, text_is_printable),
	FIELD_TEXT(struct journal_task, source, node_or_none_legal),
	FIELD_TEXT(struct journal_task, target, node_or_none_legal),
	FIELD_TEXT(struct journal_task, step, text_is_printable),
	FIELD_ENUM(struct journal_task, step_state, JOURNAL_STEP_NONE, JOURNAL_STEP_ENDED + 1),
	FIELD_PLAIN(struct journal_task, tries, 32),
	FIELD_ENUM(struct journal_task, taken_over, JOURNAL_EVIDENCE_NONE, JOURNAL_EVIDENCE_MAX),
	FIELD_TEXT(struct journal_task, actor.node, node_or_none_legal),
	FIELD_TEXT(struct journal_task, actor.boot_id, boot_id_legal),
	FIELD_PLAIN(struct journal_task, actor.pid, 32),
	FIELD_PLAIN(struct journal_task, actor.start_time, 64),
	FIELD_TEXT(struct journal_task, granted_to, node_or_none_legal),
	FIELD_LUNS(struct journal_task),
	FIELD_TEXT(struct journal_task, image, text_is_printable),
	FIELD_TEXT(struct journal_task, reason, text_is_printable),
	FIELD_PLAIN(struct journal_task, begun_ms, 64),
	FIELD_PLAIN(struct journal_task, changed_ms, 64),
};

static const struct journal_field release_fields[] = {
	FIELD_TEXT(struct journal_release, vm, vm_name_valid),
	FIELD_TEXT(struct journal_release, node, node_legal),
	FIELD_TEXT(struct journal_release, array, array_or_none_legal),
	FIELD_LUNS(struct journal_release),
	FIELD_PLAIN(struct journal_release, since_ms, 64),
	FIELD_PLAIN(struct journal_release, revision, 64),
};

static const struct journal_field grant_fields[] = {
	FIELD_TEXT(struct journal_release, vm, vm_name_valid),
	FIELD_TEXT(struct journal_release, node, node_legal),
	FIELD_TEXT(struct journal_release, array, lun_name_valid),
	FIELD_LUNS(struct journal_release),
	FIELD_PLAIN(struct journal_release, since_ms, 64),
	FIELD_PLAIN(struct journal_release, revision, 64),
	FIELD_TEXT(struct journal_release, by, node_legal),
	FIELD_PLAIN(struct journal_release, fencings, 64),
	FIELD_PLAIN(struct journal_release, by_fencings, 64),
};

/* The fields before the task or release. */
static const struct journal_field op_fields[] = {
	FIELD_ENUM(struct journal_op, kind, JOURNAL_OP_BEGIN, JOURNAL_OP_KIND_MAX),
	FIELD_ENUM(struct journal_op, evidence, JOURNAL_EVIDENCE_NONE, JOURNAL_EVIDENCE_MAX),
	FIELD_PLAIN(struct journal_op, replaces.uuid, ID),
	FIELD_PLAIN(struct journal_op, replaces.revision, 64),
	FIELD_ENUM(struct journal_op, replaces.state, 0, JOURNAL_STATE_MAX),
};
/* clang-format on */

/* Texts have lengths of two bytes: encoded, each is at most one byte longer than its array. */
static_assert(sizeof(struct journal_op) + VM_LUNS_MAX + G_N_ELEMENTS(task_fields) + 2 <=
		      JOURNAL_RECORD_BYTES_MAX,
	      "JOURNAL_RECORD_BYTES_MAX suffices");

static const char *str_at(const char *const *texts, size_t n, unsigned int value)
{
	return value < n && texts[value] != NULL ? texts[value] : "unknown";
}

const char *journal_kind_to_str(enum journal_kind kind)
{
	static const char *const texts[JOURNAL_KIND_MAX] = {
		[JOURNAL_START] = "start",     [JOURNAL_STOP] = "stop",
		[JOURNAL_MIGRATE] = "migrate", [JOURNAL_RECONCILE] = "reconcile",
		[JOURNAL_CREATE] = "create",   [JOURNAL_DESTROY] = "destroy",
	};

	return str_at(texts, G_N_ELEMENTS(texts), kind);
}

const char *journal_state_to_str(enum journal_state state)
{
	static const char *const texts[JOURNAL_STATE_MAX] = {
		[JOURNAL_RUNNING] = "running", [JOURNAL_WAITING] = "waiting",
		[JOURNAL_BROKEN] = "broken",   [JOURNAL_DONE] = "done",
		[JOURNAL_FAILED] = "failed",
	};

	return str_at(texts, G_N_ELEMENTS(texts), state);
}

bool journal_state_open(enum journal_state state)
{
	return state == JOURNAL_RUNNING || state == JOURNAL_WAITING || state == JOURNAL_BROKEN;
}

const char *journal_evidence_to_str(enum journal_evidence evidence)
{
	static const char *const texts[JOURNAL_EVIDENCE_MAX] = {
		[JOURNAL_EVIDENCE_NONE] = "none",
		[JOURNAL_EVIDENCE_DEAD] = "dead",
		[JOURNAL_EVIDENCE_REBOOT] = "rebooted",
		[JOURNAL_EVIDENCE_FENCED] = "fenced",
	};

	return str_at(texts, G_N_ELEMENTS(texts), evidence);
}

bool journal_actor_equal(const struct journal_actor *a, const struct journal_actor *b)
{
	return strcmp(a->node, b->node) == 0 && strcmp(a->boot_id, b->boot_id) == 0 &&
	       a->pid == b->pid && a->start_time == b->start_time;
}

static size_t version_encode(uint8_t version, const struct journal_field *fields, size_t n,
			     const void *record, uint8_t *buffer)
{
	size_t bytes = journal_fields_encode(fields, n, record, buffer + 1);

	buffer[0] = version;
	return bytes == 0 ? 0 : bytes + 1;
}

static size_t record_encode(const struct journal_field *fields, size_t n, const void *record,
			    uint8_t *buffer)
{
	return version_encode(RECORD_VERSION, fields, n, record, buffer);
}

static int version_decode(uint8_t version, const struct journal_field *fields, size_t n,
			  const uint8_t *data, size_t bytes, void *record, size_t *ret_used)
{
	size_t used;

	if (bytes == 0 || data[0] != version) {
		return bytes > 0 && data[0] > version ? -ENOTSUP : -EBADMSG;
	}
	used = journal_fields_decode(fields, n, data + 1, bytes - 1, record);
	*ret_used = used + 1;
	return used == 0 ? -EBADMSG : 0;
}

static int record_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			 size_t bytes, void *record, size_t *ret_used)
{
	return version_decode(RECORD_VERSION, fields, n, data, bytes, record, ret_used);
}

size_t journal_task_encode(const struct journal_task *task, uint8_t *buffer)
{
	return record_encode(task_fields, G_N_ELEMENTS(task_fields), task, buffer);
}

int journal_task_decode(const uint8_t *data, size_t bytes, struct journal_task *ret,
			size_t *ret_used)
{
	memset(ret, 0, sizeof(*ret));
	return record_decode(task_fields, G_N_ELEMENTS(task_fields), data, bytes, ret, ret_used);
}

size_t journal_release_encode(const struct journal_release *release, uint8_t *buffer)
{
	return release->granted ? version_encode(GRANT_VERSION, grant_fields,
						 G_N_ELEMENTS(grant_fields), release, buffer)
				: record_encode(release_fields, G_N_ELEMENTS(release_fields),
						release, buffer);
}

int journal_release_decode(const uint8_t *data, size_t bytes, struct journal_release *ret,
			   size_t *ret_used)
{
	memset(ret, 0, sizeof(*ret));
	if (bytes > 0 && data[0] == GRANT_VERSION) {
		ret->granted = true;
		return version_decode(GRANT_VERSION, grant_fields, G_N_ELEMENTS(grant_fields), data,
				      bytes, ret, ret_used);
	}
	return record_decode(release_fields, G_N_ELEMENTS(release_fields), data, bytes, ret,
			     ret_used);
}

bool journal_op_has_release(enum journal_op_kind kind)
{
	return kind == JOURNAL_OP_RELEASE || kind == JOURNAL_OP_REVOKED || kind == JOURNAL_OP_GRANT;
}

size_t journal_op_encode(const struct journal_op *op, uint8_t *buffer)
{
	size_t head = record_encode(op_fields, G_N_ELEMENTS(op_fields), op, buffer);
	size_t body = 0;

	if (head > 0) {
		body = journal_op_has_release(op->kind)
			       ? journal_release_encode(&op->release, buffer + head)
			       : journal_task_encode(&op->task, buffer + head);
	}
	return body == 0 ? 0 : head + body;
}

int journal_op_decode(const uint8_t *data, size_t bytes, struct journal_op *ret)
{
	size_t head, body;
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = record_decode(op_fields, G_N_ELEMENTS(op_fields), data, bytes, ret, &head);
	if (rc != 0) {
		return rc;
	}
	rc = journal_op_has_release(ret->kind)
		     ? journal_release_decode(data + head, bytes - head, &ret->release, &body)
		     : journal_task_decode(data + head, bytes - head, &ret->task, &body);
	return rc == 0 && head + body != bytes ? -EBADMSG : rc;
}
