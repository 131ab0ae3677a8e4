/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/iscsi_session.h"

#include <assert.h>
#include <fcntl.h>
#include <glib.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "names/designator.h"
#include "names/portal.h"
#include "san/iscsi_login.h"
#include "san/login_reason.h"

/* After a login, a target may report several: power on, reset, parameters or capacity changed. */
#define UNIT_ATTENTIONS_MAX 16
#define REPORT_LUNS_BYTES (8 + 8 * 16384) /* room for every LUN number of 14 bits */
#define IDENTIFY_BYTES 4096
#define LUN_NUMBER_MAX 0x3fff

enum walk { WALK_ENDED, WALK_RUNNING, WALK_FAILED };

struct iscsi_session {
	struct iscsi_context *context;
	char portal[ISCSI_PORTAL_MAX + 1];
	char target[ISCSI_NAME_MAX + 1];
	char initiator[ISCSI_NAME_MAX + 1];
	const struct chap *chap; /* or NULL */
	unsigned int number;
	int wire_lun; /* the number as REPORT LUNS returned it, with the addressing method */
	bool redirected;
	bool logged_in;

	enum walk walk;
	const enum iscsi_step *steps;
	size_t n_steps, at;
	enum iscsi_step step; /* steps[at], or its fallback */
	unsigned int unit_attentions;
	struct deadline deadline;
	struct scsi_task *task; /* in flight */
	int rc;
	struct err err;

	struct iscsi_facts facts;
	uint64_t offset_bytes;
	unsigned char *data;
	size_t bytes;
};

struct step {
	const char *name;
	struct scsi_task *(*send)(struct iscsi_session *session);
	int (*take)(struct iscsi_session *session, const struct scsi_task *task, struct err *err);
	enum iscsi_step instead; /* the fallback if the LUN lacks the command; 0: none */
};

static void step_start(struct iscsi_session *session);

int iscsi_supported(struct err *err)
{
	(void)err;
	return 0;
}

static void session_fail(struct iscsi_session *session, int rc)
{
	session->walk = WALK_FAILED;
	session->rc = rc;
	(void)err_prefix(&session->err, rc, "portal %s, target %s", session->portal,
			 session->target);
}

static void step_done(struct iscsi_session *session)
{
	session->at++;
	if (session->at == session->n_steps) {
		session->walk = WALK_ENDED;
		return;
	}
	session->step = session->steps[session->at];
	step_start(session);
}

static void command_done(struct iscsi_context *context, int status, void *data, void *private_data);

static struct scsi_task *report_luns_send(struct iscsi_session *session)
{
	return iscsi_reportluns_task(session->context, 0, REPORT_LUNS_BYTES, command_done, session);
}

/* SAM-5 4.7: two bytes hold the addressing method (peripheral 00b, flat 01b) and the number. */
static int report_luns_take(struct iscsi_session *session, const struct scsi_task *task,
			    struct err *err)
{
	const unsigned char *data = task->datain.data;
	size_t bytes = task->datain.size > 0 ? (size_t)task->datain.size : 0;

	for (size_t at = 8; at + 8 <= bytes && at < 8 + (size_t)scsi_get_uint32(data); at += 8) {
		unsigned int wire = (unsigned int)data[at] << 8 | data[at + 1];

		if (wire >> 15 == 0 && (wire & LUN_NUMBER_MAX) == session->number &&
		    memcmp(data + at + 2, "\0\0\0\0\0\0", 6) == 0) {
			session->wire_lun = (int)wire;
			return 0;
		}
	}
	return err_set(err, -ENXIO, "the target presents no LUN %u to this host", session->number);
}

static struct scsi_task *identify_send(struct iscsi_session *session)
{
	return iscsi_inquiry_task(session->context, session->wire_lun, 1,
				  SCSI_INQUIRY_PAGECODE_DEVICE_IDENTIFICATION, IDENTIFY_BYTES,
				  command_done, session);
}

static int identify_take(struct iscsi_session *session, const struct scsi_task *task,
			 struct err *err)
{
	struct designator_list list;
	size_t bytes = task->datain.size > 0 ? (size_t)task->datain.size : 0;
	int rc;

	if (bytes > 0 && task->datain.data[0] >> 5 != 0) {
		return err_set(err, -ENXIO, "LUN %u is not connected (peripheral qualifier %d)",
			       session->number, task->datain.data[0] >> 5);
	}
	rc = designator_list_decode(task->datain.data, bytes, &list, err);
	if (rc < 0) {
		return err_prefix(err, rc, "LUN %u", session->number);
	}
	static_assert(sizeof(session->facts.designators) == sizeof(list.names), "same bounds");
	memcpy(session->facts.designators, list.names, sizeof(list.names));
	session->facts.n_designators = list.count;
	return 0;
}

static int capacity_set(struct iscsi_session *session, uint64_t last_block, uint32_t block_bytes,
			struct err *err)
{
	if (block_bytes < 512 || block_bytes > 65536 || (block_bytes & (block_bytes - 1)) != 0 ||
	    last_block >= UINT64_MAX / block_bytes) {
		return err_set(err, -EIO, "LUN %u reports an impossible size: blocks of %u bytes",
			       session->number, block_bytes);
	}
	session->facts.block_bytes = block_bytes;
	session->facts.size_bytes = (last_block + 1) * block_bytes;
	return 0;
}

static struct scsi_task *capacity_send(struct iscsi_session *session)
{
	return iscsi_readcapacity16_task(session->context, session->wire_lun, command_done,
					 session);
}

static int capacity_take(struct iscsi_session *session, const struct scsi_task *task,
			 struct err *err)
{
	if (task->datain.size < 12) {
		return err_set(err, -EIO, "the answer to READ CAPACITY is too short");
	}
	return capacity_set(session, scsi_get_uint64(task->datain.data),
			    scsi_get_uint32(task->datain.data + 8), err);
}

static struct scsi_task *capacity10_send(struct iscsi_session *session)
{
	return iscsi_readcapacity10_task(session->context, session->wire_lun, 0, 0, command_done,
					 session);
}

static int capacity10_take(struct iscsi_session *session, const struct scsi_task *task,
			   struct err *err)
{
	if (task->datain.size < 8) {
		return err_set(err, -EIO, "the answer to READ CAPACITY is too short");
	}
	return capacity_set(session, scsi_get_uint32(task->datain.data),
			    scsi_get_uint32(task->datain.data + 4), err);
}

static struct scsi_task *read_send(struct iscsi_session *session)
{
	uint32_t block_bytes = session->facts.block_bytes;
	struct scsi_task *task = iscsi_read16_task(
		session->context, session->wire_lun, session->offset_bytes / block_bytes,
		(uint32_t)session->bytes, (int)block_bytes, 0, 0, 0, 0, 0, command_done, session);

	/*
	 * The buffer may be added after the send, because nothing is received before the next poll.
	 * If that fails, bytes = 0 makes transfer_take() refuse the answer.
	 */
	if (task != NULL &&
	    scsi_task_add_data_in_buffer(task, (int)session->bytes, session->data) != 0) {
		session->bytes = 0;
	}
	return task;
}

static struct scsi_task *write_send(struct iscsi_session *session)
{
	uint32_t block_bytes = session->facts.block_bytes;

	return iscsi_write16_task(session->context, session->wire_lun,
				  session->offset_bytes / block_bytes, session->data,
				  (uint32_t)session->bytes, (int)block_bytes, 0, 0, 0, 0, 0,
				  command_done, session);
}

static int transfer_take(struct iscsi_session *session, const struct scsi_task *task,
			 struct err *err)
{
	if (task->residual_status != SCSI_RESIDUAL_NO_RESIDUAL || session->bytes == 0) {
		return err_set(err, -EIO, "only a part of the data was transferred");
	}
	return 0;
}

/* 0 blocks at block 0 means the whole LUN (SBC-3 5.22). */
static struct scsi_task *flush_send(struct iscsi_session *session)
{
	return iscsi_synchronizecache10_task(session->context, session->wire_lun, 0, 0, 0, 0,
					     command_done, session);
}

/* Login and logout are not SCSI commands: step_start() implements them. */
static const struct step step_table[ISCSI_STEP_MAX] = {
	[ISCSI_STEP_LOGIN] = {.name = "login"},
	[ISCSI_STEP_REPORT_LUNS] = {"REPORT LUNS", report_luns_send, report_luns_take, 0},
	[ISCSI_STEP_IDENTIFY] = {"INQUIRY", identify_send, identify_take, 0},
	[ISCSI_STEP_CAPACITY] = {"READ CAPACITY (16)", capacity_send, capacity_take,
				 ISCSI_STEP_CAPACITY10},
	[ISCSI_STEP_CAPACITY10] = {"READ CAPACITY (10)", capacity10_send, capacity10_take, 0},
	[ISCSI_STEP_READ] = {"READ (16)", read_send, transfer_take, 0},
	[ISCSI_STEP_WRITE] = {"WRITE (16)", write_send, transfer_take, 0},
	[ISCSI_STEP_FLUSH] = {"SYNCHRONIZE CACHE (10)", flush_send, NULL, 0},
	[ISCSI_STEP_LOGOUT] = {.name = "logout"},
};

static int scsi_failure(const struct iscsi_session *session, int status,
			const struct scsi_task *task, struct err *err)
{
	const char *name = step_table[session->step].name;

	switch (status) {
	case SCSI_STATUS_BUSY:
	case SCSI_STATUS_TASK_SET_FULL: return err_set(err, -EBUSY, "%s: the LUN is busy", name);
	case SCSI_STATUS_RESERVATION_CONFLICT:
		return err_set(err, -EIO, "%s: another host has reserved LUN %u", name,
			       session->number);
	case SCSI_STATUS_CHECK_CONDITION: break;
	default:
		return err_set(err, -EIO, "%s: the connection was lost (%s)", name,
			       iscsi_get_error(session->context));
	}
	if (task->sense.ascq == SCSI_SENSE_ASCQ_LOGICAL_UNIT_NOT_SUPPORTED) {
		return err_set(err, -ENXIO, "%s: LUN %u is no longer presented to this host", name,
			       session->number);
	}
	return err_set(err, -EIO, "%s: LUN %u reports %s, %s", name, session->number,
		       scsi_sense_key_str((int)task->sense.key),
		       scsi_sense_ascq_str(task->sense.ascq));
}

static void command_failed(struct iscsi_session *session, int status, const struct scsi_task *task)
{
	bool check = status == SCSI_STATUS_CHECK_CONDITION;

	if (check && task->sense.key == SCSI_SENSE_UNIT_ATTENTION &&
	    session->unit_attentions < UNIT_ATTENTIONS_MAX) {
		session->unit_attentions++;
		step_start(session);
	} else if (check && task->sense.key == SCSI_SENSE_ILLEGAL_REQUEST &&
		   task->sense.ascq == SCSI_SENSE_ASCQ_INVALID_OPERATION_CODE &&
		   step_table[session->step].instead != 0) {
		session->step = step_table[session->step].instead;
		step_start(session);
	} else {
		session_fail(session, scsi_failure(session, status, task, &session->err));
	}
}

/* libiscsi also calls it, with a status of its own, if the connection is closed or freed. */
static void command_done(struct iscsi_context *context, int status, void *data, void *private_data)
{
	struct iscsi_session *session = private_data;
	struct scsi_task *task = session->task;
	int rc = 0;

	(void)context;
	(void)data;
	session->task = NULL;
	if (task == NULL) {
		return;
	}
	if (session->walk != WALK_RUNNING) {
		scsi_free_scsi_task(task);
		return;
	}
	if (status != SCSI_STATUS_GOOD) {
		command_failed(session, status, task);
	} else {
		if (step_table[session->step].take != NULL) {
			rc = step_table[session->step].take(session, task, &session->err);
		}
		if (rc < 0) {
			session_fail(session, rc);
		} else {
			step_done(session);
		}
	}
	scsi_free_scsi_task(task);
}

static int login_failure(struct iscsi_session *session)
{
	const char *text = iscsi_get_error(session->context);
	char reason[LOGIN_REASON_MAX + 1];

	switch (login_reason(text, session->chap, session->initiator, reason)) {
	case LOGIN_MASKED:
		return err_set(&session->err, -EACCES, "login refused, this host is masked: %s",
			       text);
	case LOGIN_UNPROVEN:
	case LOGIN_STRANGE:
		return err_set(&session->err, -EKEYREJECTED, "%s (login refused: %s)", reason,
			       text);
	default: return err_set(&session->err, -EHOSTUNREACH, "login failed: %s", text);
	}
}

static void connect_done(struct iscsi_context *context, int status, void *data, void *private_data);

static bool connect_start(struct iscsi_session *session, const char *portal)
{
	if (iscsi_connect_async(session->context, portal, connect_done, session) != 0) {
		return false;
	}
	return fcntl(iscsi_get_fd(session->context), F_SETFD, FD_CLOEXEC) == 0;
}

/*
 * RFC 7143 13.8: ADDRESS[:PORT][,GROUP]. A host name is refused, as in lunmask.conf. Followed once:
 * two portals could redirect to each other for ever.
 */
static void redirect_follow(struct iscsi_session *session, const char *address)
{
	g_auto(GStrv) parts = g_strsplit(address, ",", 2);
	g_autofree char *whole = NULL;
	const char *portal = parts[0] == NULL ? "" : parts[0];

	if (portal_check(portal, NULL) < 0) {
		whole = g_strdup_printf("%s:" ISCSI_PORT, portal);
		portal = whole;
	}
	if (session->redirected || portal_check(portal, NULL) < 0) {
		session_fail(session,
			     err_set(&session->err, -EHOSTUNREACH,
				     "the portal redirects to '%s'%s: configure that portal",
				     address, session->redirected ? ", again" : ""));
		return;
	}
	session->redirected = true;
	(void)iscsi_disconnect(session->context);
	if (!connect_start(session, portal)) {
		session_fail(session, err_set(&session->err, -EHOSTUNREACH, "redirected to %s: %s",
					      portal, iscsi_get_error(session->context)));
	}
}

static void login_done(struct iscsi_context *context, int status, void *data, void *private_data)
{
	struct iscsi_session *session = private_data;

	(void)data;
	if (session->walk != WALK_RUNNING) {
		return;
	}
	if (status == SCSI_STATUS_REDIRECT) {
		redirect_follow(session, iscsi_get_target_address(context));
	} else if (status != SCSI_STATUS_GOOD) {
		session_fail(session, login_failure(session));
	} else {
		session->logged_in = true;
		step_done(session);
	}
}

static void connect_done(struct iscsi_context *context, int status, void *data, void *private_data)
{
	struct iscsi_session *session = private_data;

	(void)data;
	if (session->walk != WALK_RUNNING) {
		return;
	}
	if (status != SCSI_STATUS_GOOD || iscsi_login_async(context, login_done, session) != 0) {
		session_fail(session, err_set(&session->err, -EHOSTUNREACH, "cannot connect: %s",
					      iscsi_get_error(context)));
	}
}

static void logout_done(struct iscsi_context *context, int status, void *data, void *private_data)
{
	struct iscsi_session *session = private_data;

	(void)context;
	(void)status; /* the session has ended in any case */
	(void)data;
	if (session->walk == WALK_RUNNING) {
		step_done(session);
	}
}

static void step_start(struct iscsi_session *session)
{
	bool sent;

	if (session->step == ISCSI_STEP_LOGIN) {
		sent = connect_start(session, session->portal);
	} else if (session->step == ISCSI_STEP_LOGOUT) {
		sent = iscsi_logout_async(session->context, logout_done, session) == 0;
	} else {
		session->task = step_table[session->step].send(session);
		sent = session->task != NULL;
	}
	if (!sent && session->walk == WALK_RUNNING) {
		int rc = session->logged_in ? -EIO : -EHOSTUNREACH;

		session_fail(session,
			     err_set(&session->err, rc, "%s: %s", step_table[session->step].name,
				     iscsi_get_error(session->context)));
	}
}

static int session_setup(struct iscsi_session *session, const struct iscsi_path *path)
{
	struct iscsi_context *context = session->context;

	if (context == NULL || iscsi_set_targetname(context, session->target) != 0 ||
	    iscsi_set_session_type(context, ISCSI_SESSION_NORMAL) != 0) {
		return err_set(&session->err, -EIO,
			       "libiscsi refuses initiator '%s' or target '%s'", path->initiator,
			       path->target);
	}
	return iscsi_login_setup(context, path->chap, path->initiator, &session->err);
}

int iscsi_session_new(const struct iscsi_path *path, struct iscsi_session **ret, struct err *err)
{
	struct iscsi_session *session;
	int rc = portal_check(path->portal, err);

	if (rc < 0) {
		return rc;
	}
	if (strlen(path->target) > ISCSI_NAME_MAX || strlen(path->initiator) > ISCSI_NAME_MAX ||
	    path->number > LUN_NUMBER_MAX) {
		return err_set(err, -EINVAL,
			       "target '%s', LUN %u, initiator '%s': names have at most %d "
			       "characters, and LUN numbers are at most %d",
			       path->target, path->number, path->initiator, ISCSI_NAME_MAX,
			       LUN_NUMBER_MAX);
	}
	session = g_new0(struct iscsi_session, 1);
	(void)snprintf(session->portal, sizeof(session->portal), "%s", path->portal);
	(void)snprintf(session->target, sizeof(session->target), "%s", path->target);
	session->number = path->number;
	(void)snprintf(session->initiator, sizeof(session->initiator), "%s", path->initiator);
	session->wire_lun = (int)path->number;
	session->chap = path->chap;
	session->context = iscsi_create_context(path->initiator);
	rc = session_setup(session, path);
	if (rc < 0) {
		(void)err_set(err, rc, "%s", err_text(&session->err));
		iscsi_session_free(session);
		return rc;
	}
	*ret = session;
	return 0;
}

void iscsi_session_free(struct iscsi_session *session)
{
	if (session == NULL) {
		return;
	}
	if (session->walk == WALK_RUNNING) {
		session->walk = WALK_FAILED; /* iscsi_destroy_context() then only frees the task */
	}
	if (session->context != NULL) {
		iscsi_destroy_context(session->context);
	}
	if (session->task != NULL) {
		scsi_free_scsi_task(session->task);
	}
	g_free(session);
}

void iscsi_session_begin(struct iscsi_session *session, const enum iscsi_step *steps,
			 size_t n_steps, struct deadline deadline)
{
	if (session->walk == WALK_FAILED) {
		return;
	}
	session->walk = WALK_RUNNING;
	session->steps = steps;
	session->n_steps = n_steps;
	session->at = 0;
	session->step = steps[0];
	session->unit_attentions = 0;
	session->deadline = deadline;
	step_start(session);
}

void iscsi_session_transfer(struct iscsi_session *session, uint64_t offset_bytes, void *data,
			    size_t bytes)
{
	session->offset_bytes = offset_bytes;
	session->data = data;
	session->bytes = bytes;
}

static void session_service(struct iscsi_session *session, int revents)
{
	if (revents != 0 && iscsi_service(session->context, revents) != 0 &&
	    session->walk == WALK_RUNNING) {
		session_fail(session,
			     err_set(&session->err, session->logged_in ? -EIO : -EHOSTUNREACH,
				     "%s: %s", step_table[session->step].name,
				     iscsi_get_error(session->context)));
	}
	if (session->walk == WALK_RUNNING && deadline_passed(session->deadline)) {
		session_fail(session, err_set(&session->err, -ETIMEDOUT, "%s: no answer in time",
					      step_table[session->step].name));
	}
}

bool iscsi_sessions_turn(struct iscsi_session *const *sessions, size_t count, struct deadline until)
{
	struct pollfd fds[ISCSI_SESSIONS_MAX];
	int timeout_ms = deadline_left_ms(until);
	size_t running = 0;

	assert(count <= ISCSI_SESSIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct iscsi_session *session = sessions[i];

		fds[i] = (struct pollfd){.fd = -1};
		if (session->walk == WALK_RUNNING) {
			int left_ms = deadline_left_ms(session->deadline);

			fds[i].fd = iscsi_get_fd(session->context);
			fds[i].events = (short)iscsi_which_events(session->context);
			timeout_ms = left_ms < timeout_ms ? left_ms : timeout_ms;
			running++;
		}
	}
	if (running == 0) {
		return false;
	}
	/* After an error (EINTR) the revents are 0, and only the deadlines are checked. */
	(void)poll(fds, count, timeout_ms);
	for (size_t i = 0; i < count; i++) {
		if (sessions[i]->walk == WALK_RUNNING) {
			session_service(sessions[i], fds[i].revents);
		}
	}
	return true;
}

void iscsi_sessions_run(struct iscsi_session *const *sessions, size_t count)
{
	while (iscsi_sessions_turn(sessions, count, deadline_in(INT_MAX))) {
	}
}

bool iscsi_session_running(const struct iscsi_session *session)
{
	return session->walk == WALK_RUNNING;
}

int iscsi_session_result(const struct iscsi_session *session, struct err *err)
{
	if (session->walk != WALK_FAILED) {
		return 0;
	}
	return err_set(err, session->rc, "%s", err_text(&session->err));
}

const struct iscsi_facts *iscsi_session_facts(const struct iscsi_session *session)
{
	return &session->facts;
}
