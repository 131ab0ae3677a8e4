/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_PROBE_H
#define LUNMASK_PEER_PROBE_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "process/runner.h"

/*
 * Verifies invariant I6 on another host: whether that host sees these LUNs, and whether they are
 * the right ones. peer_probe_run() runs lunmask-probe(8) there, which calls iscsi_luns_verify() and
 * returns its errno and text. The other functions encode and decode the request and the answer, for
 * both ends.
 *
 * The request and the answer are JSON, each of at most PEER_PROBE_BYTES_MAX bytes:
 *
 *	{"initiator": "iqn...", "portals": ["10.0.0.1:3260"], "paths_required": 0,
 *	 "timeout_ms": 10000,
 *	 "luns": [{"name": "web1-root", "designator": "naa.6001...", "size_bytes": 1073741824,
 *	           "target": "iqn...", "number": 1}]}
 *
 *	{"ok": true, "paths": 2}
 *	{"ok": false, "paths": 0, "error": "one line", "errno_name": "EUCLEAN"}
 */
#define PEER_PROBE_BYTES_MAX (1024u * 1024)
#define PEER_PROBE_TIMEOUT_MAX_MS 600000

struct peer_probe_request {
	const char *initiator;
	const char *const *portals;
	size_t n_portals;
	size_t paths_required; /* 0 = all */
	int timeout_ms;
	const struct lun *luns;
	size_t n_luns;
};

/*
 * program is a name or path on the other host. The errors are those of iscsi_luns_verify() and of
 * runner_run(), -EPROTO if the answer is illegal, and -ENOMEM; always with text. ret_paths may be
 * NULL.
 */
int peer_probe_run(const struct runner *runner, const char *program, const char *initiator,
		   const struct lun *luns, size_t n_luns, const char *const *portals,
		   size_t n_portals, size_t paths_required, struct deadline deadline,
		   size_t *ret_paths, struct err *err);

/* The caller frees the text. NULL without memory, or if a name is not UTF-8. */
char *peer_probe_request_encode(const struct peer_probe_request *request);

/* Owns what a decoded request points to. The caller frees it after the request's last use. */
struct peer_probe_storage;
void peer_probe_storage_free(struct peer_probe_storage *storage);

/* -EINVAL, with the field that was refused and what is legal, or -ENOMEM. */
int peer_probe_request_decode(const char *text, size_t bytes, struct peer_probe_request *ret,
			      struct peer_probe_storage **ret_storage, struct err *err);

/*
 * rc, paths and error_text are the results of iscsi_luns_verify(). An errno that has no name in the
 * protocol is sent as EIO. The caller frees the text; NULL without memory.
 */
char *peer_probe_answer_encode(int rc, size_t paths, const char *error_text);

/*
 * Returns the rc of the other host, with its text, or -EPROTO if the text is not a legal answer.
 * ret_paths may be NULL.
 */
int peer_probe_answer_decode(const char *text, size_t bytes, size_t *ret_paths, struct err *err);

#endif
