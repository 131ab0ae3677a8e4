/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks what an initiator sees: libiscsi opens sessions, reads and writes. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.h"

#define REVOKE_MAX_MS 60000

static bool login_refused(struct bench *bench, const char *lun, const char *initiator)
{
	struct session session;

	if (session_login(bench, lun, initiator, &session)) {
		session_close(&session);
		return bench_fail(bench, "'%s' can log in to LUN '%s', which is masked from it",
				  initiator, lun);
	}
	return true;
}

static bool grant_both(struct bench *bench, size_t index)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\",\"%s\"],\"grant\":\"%s\"}",
			bench->luns[0], bench->luns[1], bench->initiators[index]);
}

static bool masked_cannot_log_in(struct bench *bench)
{
	return login_refused(bench, bench->luns[0], bench->initiators[0]) && grant_both(bench, 0) &&
	       login_refused(bench, bench->luns[0], bench->initiators[1]);
}

/* Formats the designator of a descriptor in the text form of lunmask-array(7). */
static void designator_format(const struct scsi_inquiry_device_designator *from, char *ret,
			      size_t size)
{
	size_t length = (size_t)(from->designator_length < 60 ? from->designator_length : 60);
	size_t at;

	if (from->designator_type == SCSI_DESIGNATOR_TYPE_T10_VENDORT_ID) {
		(void)snprintf(ret, size, "t10.%.*s", (int)length, from->designator);
		return;
	}
	at = (size_t)snprintf(ret, size, "%s",
			      from->designator_type == SCSI_DESIGNATOR_TYPE_NAA ? "naa." : "eui.");
	for (size_t i = 0; i < length; i++) {
		at += (size_t)snprintf(ret + at, size - at, "%02x",
				       (unsigned char)from->designator[i]);
	}
}

static bool designator_carried(struct session *session, const char *wanted)
{
	struct scsi_task *task =
		iscsi_inquiry_sync(session->iscsi, session->number, 1,
				   SCSI_INQUIRY_PAGECODE_DEVICE_IDENTIFICATION, 255);
	struct scsi_inquiry_device_identification *page =
		task != NULL && task->status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task)
								 : NULL;
	bool found = false;

	for (struct scsi_inquiry_device_designator *d = page != NULL ? page->designators : NULL;
	     d != NULL; d = d->next) {
		char text[160];

		designator_format(d, text, sizeof(text));
		found = found || strcmp(text, wanted) == 0;
	}
	(void)task_good(task);
	return found;
}

static bool designators_are_true(struct bench *bench)
{
	struct session session;
	const json_t *list;
	json_t *facts;
	bool ok = grant_both(bench, 0) &&
		  session_open(bench, bench->luns[0], bench->initiators[0], &session);

	if (!ok || !lun_get(bench, bench->luns[0], bench->initiators[0], &facts)) {
		return false;
	}
	list = json_object_get(facts, "designators");
	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		const char *designator = json_string_value(json_array_get(list, i));

		ok = designator != NULL && designator_carried(&session, designator);
		if (!ok) {
			(void)bench_fail(bench, "VPD page 0x83 has no designator '%s'",
					 designator != NULL ? designator : "");
		}
	}
	if (ok && (uint64_t)json_integer_value(json_object_get(facts, "size_bytes")) !=
			  (session.last_block + 1) * session.block_bytes) {
		ok = bench_fail(bench, "size_bytes is not what READ CAPACITY says");
	}
	json_decref(facts);
	session_close(&session);
	return ok;
}

static bool nexus_is_listed(struct bench *bench)
{
	struct session session;
	json_t *reply;
	const json_t *nexus;
	const char *who;
	bool ok = grant_both(bench, 0) &&
		  session_open(bench, bench->luns[0], bench->initiators[0], &session);

	if (!ok) {
		return false;
	}
	ok = bench_ok(bench, "masks", &reply, "{\"luns\":[\"%s\"]}", bench->luns[0]);
	session_close(&session);
	if (!ok) {
		return false;
	}
	nexus = json_array_get(
		json_object_get(json_array_get(json_object_get(reply, "masks"), 0), "nexuses"), 0);
	who = json_string_value(json_object_get(nexus, "initiator"));
	ok = who != NULL && strcmp(who, bench->initiators[0]) == 0;
	json_decref(reply);
	return ok ? true : bench_fail(bench, "the open session is not among the nexuses");
}

/* Removes access with a verb. The session must not write any more, and no new login may succeed. */
static bool cut_by(struct bench *bench, const char *verb, const char *members)
{
	struct session session;
	bool ok = grant_both(bench, 0) &&
		  session_open(bench, bench->luns[0], bench->initiators[0], &session);

	if (!ok) {
		return false;
	}
	ok = bench_ok(bench, verb, NULL, "{%s}", members);
	if (ok && session_write(&session)) {
		ok = bench_fail(bench, "the session still writes after a successful %s", verb);
	}
	session_close(&session);
	return ok && login_refused(bench, bench->luns[0], bench->initiators[0]);
}

static bool revoke_cuts(struct bench *bench)
{
	char members[1024];

	(void)snprintf(members, sizeof(members), "\"revoke\":\"%s\",\"luns\":[\"%s\",\"%s\"]",
		       bench->initiators[0], bench->luns[0], bench->luns[1]);
	return cut_by(bench, "apply", members);
}

static bool fence_cuts(struct bench *bench)
{
	char members[512];

	(void)snprintf(members, sizeof(members), "\"initiators\":[\"%s\"]", bench->initiators[0]);
	return cut_by(bench, "fence", members);
}

static bool revoke_spares_the_other(struct bench *bench)
{
	struct session session;
	bool ok = grant_both(bench, 0) &&
		  bench_ok(bench, "apply", NULL,
			   "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"allowed\":[\"%s\"]}",
			   bench->luns[0], bench->initiators[1], bench->initiators[0]) &&
		  session_open(bench, bench->luns[0], bench->initiators[1], &session);

	if (!ok) {
		return false;
	}
	ok = bench_ok(bench, "apply", NULL,
		      "{\"luns\":[\"%s\"],\"revoke\":\"%s\",\"allowed\":[\"%s\"]}", bench->luns[0],
		      bench->initiators[0], bench->initiators[1]);
	if (ok && !session_write(&session)) {
		ok = bench_fail(bench, "the other initiator's session was cut too");
	}
	session_close(&session);
	return ok;
}

/* True if the revoke is over: it succeeded, or a check failed. A session that is cut was granted.
 */
static bool revoke_within(struct bench *bench, int timeout_ms, bool *ret_ok)
{
	struct session session;
	struct answer answer;
	bool done;

	*ret_ok = grant_both(bench, 0) &&
		  session_open(bench, bench->luns[0], bench->initiators[0], &session);
	if (!*ret_ok) {
		return true;
	}
	answer = bench_callf(bench, "apply",
			     "{\"revoke\":\"%s\",\"luns\":[\"%s\",\"%s\"],\"timeout_ms\":%d}",
			     bench->initiators[0], bench->luns[0], bench->luns[1], timeout_ms);
	done = answer.exit_status == 0;
	answer_release(&answer);
	if (!done && !session_write(&session) && !bench_holders(bench, bench->luns[0], NOBODY)) {
		*ret_ok = bench_fail(bench,
				     "a revoke of at most %d ms failed, and gave back the grant of "
				     "the session that it had cut",
				     timeout_ms);
	}
	session_close(&session);
	return done || !*ret_ok;
}

/* The time limits grow, so that the revoke fails at different points. */
static bool failed_revoke_gives_nothing_back(struct bench *bench)
{
	int timeout_ms = 1;
	bool ok;

	while (!revoke_within(bench, timeout_ms, &ok) && timeout_ms < REVOKE_MAX_MS) {
		timeout_ms += 1 + timeout_ms / 4;
	}
	return ok;
}

/* Every initiator reads; none writes, whatever it was granted. */
/* An initiator whose session is cut logs in again, and repeats; a unit attention is no failure. */
#define STEADY_S 60
#define STEADY_AFTER 32
#define GROWN "lunmask-conformance"

static bool steady_once(struct session *session)
{
	for (int i = 0; i < 16; i++) {
		struct scsi_task *task = iscsi_write16_sync(
			session->iscsi, session->number, session->last_block, session->data,
			session->block_bytes, (int)session->block_bytes, 0, 0, 0, 0, 0);
		bool attention = task != NULL && task->status == SCSI_STATUS_CHECK_CONDITION &&
				 task->sense.key == SCSI_SENSE_UNIT_ATTENTION;

		if (!attention) {
			return task_good(task);
		}
		scsi_free_scsi_task(task);
	}
	return false;
}

/* Writes until the LUN is larger, and then some more. In a process of its own; NULL: all good. */
static const char *steady_write(struct session *session, int told)
{
	uint64_t blocks = session->last_block;
	int after = 0;

	iscsi_set_noautoreconnect(session->iscsi, 0);
	iscsi_set_timeout(session->iscsi, STEADY_S);
	for (uint64_t i = 0; after < STEADY_AFTER; i++) {
		session->last_block = i % blocks;
		memset(session->data, (int)(i % 251), session->block_bytes);
		if (!steady_once(session)) {
			return "a WRITE has failed";
		}
		if (i == 0 && write(told, "x", 1) != 1) {
			return "nobody listens";
		}
		if (after > 0 || i % 16 == 15) {
			struct session seen = {.iscsi = session->iscsi, .number = session->number};

			after += session_size(&seen) && seen.last_block > blocks ? 1 : 0;
		}
	}
	session->last_block = blocks + 1;
	return steady_once(session) ? NULL : "a WRITE to the new part has failed";
}

static bool steady_end(struct bench *bench, pid_t pid)
{
	int status = 0;

	return (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       bench_fail(bench,
			  "a command of an open session has failed, or the session never saw "
			  "the new size");
}

static bool resized_beside(struct bench *bench, struct session *session)
{
	int fds[2];
	char byte;
	pid_t pid;
	bool ok;

	if (pipe(fds) != 0) {
		return bench_fail(bench, "pipe: %s", strerror(errno));
	}
	pid = fork();
	if (pid == 0) {
		(void)alarm(2 * STEADY_S);
		_exit(steady_write(session, fds[1]) == NULL ? 0 : 1);
	}
	(void)close(fds[1]);
	ok = pid > 0 && read(fds[0], &byte, 1) == 1 &&
	     bench_ok(bench, "resize", NULL, "{\"name\":\"" GROWN "\",\"size_bytes\":2097152}");
	(void)close(fds[0]);
	if (pid > 0 && !ok) {
		(void)kill(pid, SIGKILL);
	}
	return pid > 0 && steady_end(bench, pid) && ok;
}

static bool resize_loses_no_command(struct bench *bench)
{
	struct session session;
	bool ok = bench_ok(bench, "create", NULL,
			   "{\"name\":\"" GROWN "\",\"size_bytes\":1048576}") &&
		  bench_ok(bench, "apply", NULL, "{\"luns\":[\"" GROWN "\"],\"grant\":\"%s\"}",
			   bench->initiators[0]) &&
		  session_open(bench, GROWN, bench->initiators[0], &session);

	if (ok) {
		ok = resized_beside(bench, &session);
		session_close(&session);
	}
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"" GROWN "\"],\"revoke\":\"%s\"}",
			bench->initiators[0]) &&
	       bench_ok(bench, "delete", NULL, "{\"name\":\"" GROWN "\"}") && ok;
}

static bool read_only_takes_no_write(struct bench *bench)
{
	bool ok = bench_ok(bench, "protect", NULL, "{\"name\":\"%s\",\"read_only\":true}",
			   bench->luns[0]);

	for (size_t i = 0; i < BENCH_INITIATORS && ok; i++) {
		struct session session;

		ok = bench_ok(bench, "apply", NULL,
			      "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"read_only\":true}",
			      bench->luns[0], bench->initiators[i]) &&
		     session_login(bench, bench->luns[0], bench->initiators[i], &session);
		if (!ok) {
			break;
		}
		if (!session_size(&session) || !session_read(&session)) {
			ok = bench_fail(bench, "'%s' cannot read the LUN", bench->initiators[i]);
		} else if (session_write(&session)) {
			ok = bench_fail(bench, "'%s' writes to a read-only LUN",
					bench->initiators[i]);
		}
		session_close(&session);
	}
	return bench_clear(bench) &&
	       bench_ok(bench, "protect", NULL, "{\"name\":\"%s\",\"read_only\":false}",
			bench->luns[0]) &&
	       ok;
}

const struct check DATA_CHECKS[] = {
	{"nobody writes to a read-only LUN", read_only_takes_no_write, "read-only"},
	{"a masked initiator cannot log in", masked_cannot_log_in, NULL},
	{"designators and size are those of the LUN", designators_are_true, NULL},
	{"an open session is listed", nexus_is_listed, "nexus-list"},
	{"after a revoke no open session writes and no login succeeds", revoke_cuts, NULL},
	{"after a fence no open session writes and no login succeeds", fence_cuts, "fence"},
	{"a revoke that fails gives nothing back", failed_revoke_gives_nothing_back, NULL},
	{"a revoke spares another initiator's session", revoke_spares_the_other, NULL},
	{"a resize fails no command of an open session", resize_loses_no_command, "resize"},
	{NULL, NULL, NULL},
};
