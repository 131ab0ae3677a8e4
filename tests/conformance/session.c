/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <string.h>

#include "san/iscsi_login.h"

void session_close(struct session *session)
{
	if (session->iscsi != NULL) {
		(void)iscsi_destroy_context(session->iscsi);
		session->iscsi = NULL;
	}
}

bool lun_get(struct bench *bench, const char *lun, const char *initiator, json_t **ret)
{
	json_t *reply;

	if (!bench_ok(bench, "luns", &reply, "{\"luns\":[\"%s\"],\"initiator\":\"%s\"}", lun,
		      initiator)) {
		return false;
	}
	*ret = json_incref(json_array_get(json_object_get(reply, "luns"), 0));
	json_decref(reply);
	return true;
}

/* The reason is what libiscsi says. */
static bool login_failed(struct bench *bench, const char *lun, const char *initiator,
			 struct session *session)
{
	const char *message =
		session->iscsi != NULL ? iscsi_get_error(session->iscsi) : "no memory";
	char reason[LOGIN_REASON_MAX + 1];

	session->verdict = login_reason(message, &bench->chap, initiator, reason);
	(void)bench_fail(bench, "login of '%s' to LUN '%s': %s", initiator, lun, message);
	session_close(session);
	return false;
}

static bool connected(struct bench *bench, const char *target, struct session *session)
{
	iscsi_set_timeout(session->iscsi, SESSION_COMMAND_S);
	iscsi_set_reconnect_max_retries(session->iscsi, -1); /* for a check that lets it */
	return iscsi_set_session_type(session->iscsi, ISCSI_SESSION_NORMAL) == 0 &&
	       target != NULL && iscsi_set_targetname(session->iscsi, target) == 0 &&
	       iscsi_full_connect_sync(session->iscsi, bench->portal, session->number) == 0;
}

bool session_login(struct bench *bench, const char *lun, const char *initiator, struct session *ret)
{
	struct err err = ERR_INIT;
	json_t *facts;
	const char *target;
	bool ok = true;

	*ret = (struct session){0};
	if (!lun_get(bench, lun, initiator, &facts)) {
		return false;
	}
	target = json_string_value(json_object_get(facts, "target"));
	ret->number = (int)json_integer_value(json_object_get(facts, "number"));
	ret->iscsi = iscsi_create_context(initiator);
	if (ret->iscsi != NULL &&
	    iscsi_login_setup(ret->iscsi, &bench->chap, initiator, &err) != 0) {
		ok = bench_fail(bench, "%s", err_text(&err));
		session_close(ret);
	} else if (ret->iscsi == NULL || !connected(bench, target, ret)) {
		ok = login_failed(bench, lun, initiator, ret);
	}
	json_decref(facts);
	return ok;
}

bool task_good(struct scsi_task *task)
{
	bool good = task != NULL && task->status == SCSI_STATUS_GOOD;

	if (task != NULL) {
		scsi_free_scsi_task(task);
	}
	return good;
}

bool session_size(struct session *session)
{
	struct scsi_task *task = iscsi_readcapacity16_sync(session->iscsi, session->number);
	struct scsi_readcapacity16 *capacity = task != NULL && task->status == SCSI_STATUS_GOOD
						       ? scsi_datain_unmarshall(task)
						       : NULL;

	if (capacity != NULL) {
		session->last_block = capacity->returned_lba;
		session->block_bytes = capacity->block_length;
	}
	(void)task_good(task);
	return session->block_bytes > 0 && session->block_bytes <= SESSION_BLOCK_MAX;
}

bool session_read(struct session *session)
{
	struct scsi_task *task =
		iscsi_read16_sync(session->iscsi, session->number, session->last_block,
				  session->block_bytes, (int)session->block_bytes, 0, 0, 0, 0, 0);

	if (task != NULL && task->status == SCSI_STATUS_GOOD &&
	    task->datain.size == (int)session->block_bytes) {
		memcpy(session->data, task->datain.data, session->block_bytes);
	}
	return task_good(task);
}

bool session_write(struct session *session)
{
	return task_good(iscsi_write16_sync(session->iscsi, session->number, session->last_block,
					    session->data, session->block_bytes,
					    (int)session->block_bytes, 0, 0, 0, 0, 0));
}

/* Opens a session, and requires that it can read and write. */
bool session_open(struct bench *bench, const char *lun, const char *initiator, struct session *ret)
{
	if (!session_login(bench, lun, initiator, ret)) {
		return false;
	}
	if (!session_size(ret) || !session_read(ret) || !session_write(ret)) {
		(void)bench_fail(bench, "READ CAPACITY, READ or WRITE on LUN '%s' of '%s': %s", lun,
				 initiator, iscsi_get_error(ret->iscsi));
		session_close(ret);
		return false;
	}
	return true;
}
