/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/iscsi.h"

#include <glib.h>
#include <inttypes.h>

#include "san/iscsi_session.h"

/* Targets accept a command of this size, so that their limits (VPD page 0xb0) need not be read. */
#define TRANSFER_MAX_BYTES (128u * 1024)

struct iscsi_lun {
	struct iscsi_session *session;
};

static int walk(struct iscsi_session *session, const enum iscsi_step *steps, size_t n_steps,
		struct deadline deadline, struct err *err)
{
	iscsi_session_begin(session, steps, n_steps, deadline);
	iscsi_sessions_run(&session, 1);
	return iscsi_session_result(session, err);
}

int iscsi_lun_open(const struct iscsi_path *path, struct deadline deadline, struct iscsi_lun **ret,
		   struct err *err)
{
	static const enum iscsi_step steps[] = {ISCSI_STEP_LOGIN, ISCSI_STEP_REPORT_LUNS,
						ISCSI_STEP_CAPACITY};
	struct iscsi_lun *lun = g_new0(struct iscsi_lun, 1);
	int rc = iscsi_session_new(path, &lun->session, err);

	rc = rc < 0 ? rc : walk(lun->session, steps, 3, deadline, err);
	if (rc < 0) {
		iscsi_session_free(lun->session);
		g_free(lun);
		return rc;
	}
	*ret = lun;
	return 0;
}

void iscsi_lun_close(struct iscsi_lun *lun, struct deadline deadline)
{
	static const enum iscsi_step steps[] = {ISCSI_STEP_LOGOUT};

	if (lun != NULL) {
		(void)walk(lun->session, steps, 1, deadline, NULL);
		iscsi_session_free(lun->session);
		g_free(lun);
	}
}

int iscsi_lun_facts(struct iscsi_lun *lun, struct deadline deadline, struct iscsi_facts *ret,
		    struct err *err)
{
	static const enum iscsi_step steps[] = {ISCSI_STEP_IDENTIFY, ISCSI_STEP_CAPACITY};
	int rc = walk(lun->session, steps, 2, deadline, err);

	if (rc == 0) {
		*ret = *iscsi_session_facts(lun->session);
	}
	return rc;
}

static int transfer(struct iscsi_lun *lun, enum iscsi_step step, uint64_t offset_bytes,
		    unsigned char *data, size_t bytes, struct deadline deadline, struct err *err)
{
	const struct iscsi_facts *facts = iscsi_session_facts(lun->session);

	if (offset_bytes % facts->block_bytes != 0 || bytes % facts->block_bytes != 0 ||
	    bytes > facts->size_bytes || offset_bytes > facts->size_bytes - bytes) {
		return err_set(err, -EINVAL,
			       "%zu bytes at %" PRIu64 " are not whole blocks of %" PRIu32
			       " bytes within a LUN of %" PRIu64 " bytes",
			       bytes, offset_bytes, facts->block_bytes, facts->size_bytes);
	}
	while (bytes > 0) {
		size_t part = bytes < TRANSFER_MAX_BYTES ? bytes : TRANSFER_MAX_BYTES;
		int rc;

		iscsi_session_transfer(lun->session, offset_bytes, data, part);
		rc = walk(lun->session, &step, 1, deadline, err);
		if (rc < 0) {
			return rc;
		}
		offset_bytes += part;
		data += part;
		bytes -= part;
	}
	return 0;
}

int iscsi_lun_read(struct iscsi_lun *lun, uint64_t offset_bytes, void *data, size_t bytes,
		   struct deadline deadline, struct err *err)
{
	return transfer(lun, ISCSI_STEP_READ, offset_bytes, data, bytes, deadline, err);
}

/* libiscsi takes a non-const pointer to the data that it sends, but does not write to it. */
int iscsi_lun_write(struct iscsi_lun *lun, uint64_t offset_bytes, const void *data, size_t bytes,
		    struct deadline deadline, struct err *err)
{
	return transfer(lun, ISCSI_STEP_WRITE, offset_bytes, (unsigned char *)data, bytes, deadline,
			err);
}

int iscsi_lun_flush(struct iscsi_lun *lun, struct deadline deadline, struct err *err)
{
	static const enum iscsi_step steps[] = {ISCSI_STEP_FLUSH};

	return walk(lun->session, steps, 1, deadline, err);
}
