/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFORMANCE_SESSION_H
#define LUNMASK_CONFORMANCE_SESSION_H

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

#include "conformance.h"
#include "san/login_reason.h"

/* A session of libiscsi to a LUN, at the address that the driver gives. */
#define SESSION_COMMAND_S 3
#define SESSION_BLOCK_MAX 4096

struct session {
	struct iscsi_context *iscsi;
	int number;
	uint64_t last_block;
	uint32_t block_bytes;
	enum login_verdict verdict;            /* after a login that failed */
	unsigned char data[SESSION_BLOCK_MAX]; /* of the last block, which is written back */
};

/* Gets the driver's description of a LUN: target, number, designators and size. */
bool lun_get(struct bench *bench, const char *lun, const char *initiator, json_t **ret);

/* False, with a reason, if the login fails. After true, the caller closes the session. */
bool session_login(struct bench *bench, const char *lun, const char *initiator,
		   struct session *ret);
/* Opens a session, and requires that it can read and write. */
bool session_open(struct bench *bench, const char *lun, const char *initiator, struct session *ret);
void session_close(struct session *session);

/* The last block, and how large it is. */
bool session_size(struct session *session);
/* Of the last block, from and to session->data. */
bool session_read(struct session *session);
bool session_write(struct session *session);

/* Frees the task. */
bool task_good(struct scsi_task *task);

#endif
