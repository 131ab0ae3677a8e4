/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgtd/tgt_admin.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "process/runner.h"

/* A call takes a few milliseconds. tgtd answers between two commands of its initiators. */
#define CALL_TIMEOUT_MS 5000
#define WORDS_MAX 24

static int unreachable(struct fault *fault, const char *why)
{
	return fault_set(fault, ARRAY_ERROR_UNREACHABLE, "tgtd does not answer: %.300s", why);
}

/* tgtadm uses these texts if it cannot talk to tgtd. For all other errors it prints tgtd's text. */
static bool tgtd_unreachable(const struct runner_result *result)
{
	static const char *const texts[] = {"failed to send request", "failed to read from",
					    "get the response",       "partial response",
					    "connect to tgt",         "closed the socket"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strstr(result->stderr_tail, texts[i]) != NULL) {
			return true;
		}
	}
	return false;
}

/* done_already: tgtd's text for a state that exists already, or NULL. */
static int verdict(const struct runner_result *result, const char *const *words,
		   const char *done_already, struct fault *fault)
{
	if (tgtd_unreachable(result)) {
		return unreachable(fault, result->stderr_tail);
	}
	if (result->exit_status == 0 && result->stderr_tail[0] == '\0') {
		return 0;
	}
	if (done_already != NULL && strstr(result->stderr_tail, done_already) != NULL) {
		return 0;
	}
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "tgtadm --mode %s --op %s: exit status %d: %.200s", words[0], words[1],
			 result->exit_status, result->stderr_tail);
}

/* words: mode, operation, then options; NULL-terminated. */
static int call(const char *control_port, const char *const *words, const char *done_already,
		struct deadline deadline, struct runner_result *ret, struct fault *fault)
{
	const struct runner here = {.transport = "exec"};
	const char *argv[WORDS_MAX + 10] = {"tgtadm", "-C", "",     "--lld", "iscsi",
					    "--mode", "",   "--op", ""};
	struct err err = ERR_INIT;
	int rc;

	argv[2] = control_port;
	argv[6] = words[0];
	argv[8] = words[1];
	for (size_t i = 2; words[i] != NULL && i < WORDS_MAX; i++) {
		argv[7 + i] = words[i];
	}
	rc = runner_run(&here, argv, "", TGT_SHOW_MAX, deadline_within(deadline, CALL_TIMEOUT_MS),
			ret, &err);
	if (rc != 0) {
		return unreachable(fault, err_text(&err));
	}
	rc = verdict(ret, words, done_already, fault);
	if (rc != 0) {
		runner_result_release(ret);
	}
	return rc;
}

static int act(const char *control_port, const char *const *words, const char *done_already,
	       struct deadline deadline, struct fault *fault)
{
	struct runner_result result;
	int rc = call(control_port, words, done_already, deadline, &result, fault);

	if (rc == 0) {
		runner_result_release(&result);
	}
	return rc;
}

struct decimal {
	char text[24];
};

static struct decimal decimal(unsigned long number)
{
	struct decimal ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%lu", number);
	return ret;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

int tgt_admin_show(const char *control_port, const char *prefix, struct deadline deadline,
		   struct tgt_show *ret, struct fault *fault)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int rc = call(control_port, WORDS("target", "show"), NULL, deadline, &result, fault);

	if (rc != 0) {
		return rc;
	}
	rc = tgt_show_parse(result.output, result.output_bytes, prefix, ret, &err);
	runner_result_release(&result);
	return rc == 0 ? 0 : fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
}

int tgt_admin_portals(const char *control_port, struct deadline deadline, struct tgt_portals *ret,
		      struct fault *fault)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int rc = call(control_port, WORDS("portal", "show"), NULL, deadline, &result, fault);

	if (rc != 0) {
		return rc;
	}
	rc = tgt_portals_parse(result.output, result.output_bytes, ret, &err);
	runner_result_release(&result);
	return rc == 0 ? 0 : fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
}

int tgt_admin_bind(const char *control_port, unsigned int tid, const char *initiator,
		   struct deadline deadline, struct fault *fault)
{
	return act(
		control_port,
		WORDS("target", "bind", "--tid", decimal(tid).text, "--initiator-name", initiator),
		"access control rule already exists", deadline, fault);
}

int tgt_admin_unbind(const char *control_port, unsigned int tid, const char *initiator,
		     struct deadline deadline, struct fault *fault)
{
	return act(control_port,
		   WORDS("target", "unbind", "--tid", decimal(tid).text, "--initiator-name",
			 initiator),
		   "access control rule does not exist", deadline, fault);
}

int tgt_admin_cut(const char *control_port, unsigned int tid,
		  const struct tgt_connection *connection, struct deadline deadline,
		  struct fault *fault)
{
	return act(control_port,
		   WORDS("conn", "delete", "--tid", decimal(tid).text, "--sid",
			 decimal(connection->sid).text, "--cid", decimal(connection->cid).text),
		   "can't find the", deadline, fault);
}

int tgt_admin_target_new(const char *control_port, unsigned int tid, const char *name,
			 struct deadline deadline, struct fault *fault)
{
	return act(control_port,
		   WORDS("target", "new", "--tid", decimal(tid).text, "--targetname", name), NULL,
		   deadline, fault);
}

int tgt_admin_target_delete(const char *control_port, unsigned int tid, struct deadline deadline,
			    struct fault *fault)
{
	return act(control_port, WORDS("target", "delete", "--force", "--tid", decimal(tid).text),
		   "can't find the target", deadline, fault);
}

int tgt_admin_unit_new(const char *control_port, unsigned int tid, const char *file,
		       struct deadline deadline, struct fault *fault)
{
	return act(control_port,
		   WORDS("logicalunit", "new", "--tid", decimal(tid).text, "--lun",
			 decimal(TGT_LUN_NUMBER).text, "--backing-store", file, "--bstype", "rdwr"),
		   NULL, deadline, fault);
}

int tgt_admin_unit_identify(const char *control_port, unsigned int tid, const char *scsi_id,
			    const char *serial, bool read_only, struct deadline deadline,
			    struct fault *fault)
{
	char params[256];

	(void)snprintf(params, sizeof(params),
		       "vendor_id=LUNMASK,product_id=tgt-lun,scsi_id=%s,scsi_sn=%s,readonly=%d",
		       scsi_id, serial, read_only);
	return act(control_port,
		   WORDS("logicalunit", "update", "--tid", decimal(tid).text, "--lun",
			 decimal(TGT_LUN_NUMBER).text, "--params", params),
		   NULL, deadline, fault);
}
