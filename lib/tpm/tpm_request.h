/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_REQUEST_H
#define LUNMASK_TPM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "names/name_limits.h"
#include "names/portal.h"
#include "process/runner.h"

/*
 * What lunmask-tpm(8) is asked on this host or, by ssh, on another: to keep the TPM of a VM on its
 * LUN, or to end that. tpm_request_run() runs it; the other functions encode and decode, for both
 * ends. The request and the answer are JSON, of at most TPM_REQUEST_BYTES_MAX bytes:
 *
 *	{"verb": "serve", "vm": "web1", "uuid": "0b7c...", "arrival": false, "array": "san1",
 *	 "initiator": "iqn...", "portals": ["10.0.0.1:3260"], "lun": {"name": "web1-tpm",
 *"designator": "naa.6001...", "size_bytes": 4194304, "target": "iqn...", "number": 4}}
 *	{"verb": "end", "vm": "web1"}
 *
 *	{"ok": true}
 *	{"ok": false, "errno": 16, "error": "one line"}
 *
 * The errno is Linux's number.
 */
#define TPM_REQUEST_BYTES_MAX 65536
#define TPM_REQUEST_UUID_MAX 36

enum tpm_verb { TPM_SERVE, TPM_END, TPM_VERB_MAX };

struct tpm_request {
	enum tpm_verb verb;
	char vm[VM_NAME_MAX + 1];
	/* For TPM_SERVE: */
	char uuid[TPM_REQUEST_UUID_MAX + 1];
	bool arrival;                 /* the guest comes by a live migration (tpm_store.h) */
	char array[LUN_NAME_MAX + 1]; /* "": without CHAP, as in peer_probe.h */
	char initiator[ISCSI_NAME_MAX + 1];
	char portals[PORTALS_MAX][ISCSI_PORTAL_MAX + 1];
	size_t n_portals;
	struct lun lun;
};

/* The caller frees the text (free). NULL without memory, or if a name is not UTF-8. */
char *tpm_request_encode(const struct tpm_request *request);
/* -EINVAL, with the member that was refused and what is legal. */
int tpm_request_decode(const char *text, size_t bytes, struct tpm_request *ret, struct err *err);

/* rc 0, or -errno with its text. The caller frees the text (free). */
char *tpm_answer_encode(int rc, const char *error_text);
/* The rc of the other end, with its text; -EPROTO if this is no answer. */
int tpm_answer_decode(const char *text, size_t bytes, struct err *err);

/* program is a name or path where the runner runs it. The errors of its answer or of runner_run().
 */
int tpm_request_run(const struct runner *runner, const char *program,
		    const struct tpm_request *request, struct deadline deadline, struct err *err);

#endif
