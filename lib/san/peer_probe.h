/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_PROBE_H
#define LUNMASK_PEER_PROBE_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "process/runner.h"
#include "san/iscsi.h"

/*
 * Verifies invariant I6 on another host: whether that host sees these LUNs, and whether they are
 * the right ones. peer_probe_run() runs lunmask-probe(8) there, which calls iscsi_luns_verify() and
 * returns its errno and text. The other functions encode and decode the request and the answer, for
 * both ends.
 *
 * The request and the answer are JSON, each of at most PEER_PROBE_BYTES_MAX bytes:
 *
 *	{"node": "node2", "array": "san1", "secret_for": "web1", "initiator": "iqn...",
 *	 "portals": ["10.0.0.1:3260"],
 *	 "paths_required": 0, "timeout_ms": 10000,
 *	 "luns": [{"name": "web1-root", "designator": "naa.6001...", "size_bytes": 1073741824,
 *	           "target": "iqn...", "number": 1}]}
 *
 *	{"ok": true, "paths": 1, "portals": [true, false]}
 *	{"ok": false, "paths": 0, "portals": [false, false], "error": "one line",
 *	 "errno_name": "EUCLEAN"}
 *
 * "array" is there if hosts log in to it with CHAP. The other host has the user and the secret from
 * its own lunmask.conf: none is sent. An older lunmask there logs in without, and is refused.
 * "secret_for" is there besides if a VM is to move to the other host.
 *
 * "portals" says for each portal of the request whether every LUN was verified through it, "paths"
 * how many these are. Where an older lunmask sends no "portals", all of them are good or it is
 * -EPROTO.
 */
#define PEER_PROBE_BYTES_MAX (1024u * 1024)
#define PEER_PROBE_TIMEOUT_MAX_MS 600000

struct peer_probe_request {
	const char *node;       /* who the other host must be in the cluster; NULL: whoever it is */
	const char *array;      /* NULL: without CHAP */
	const char *secret_for; /* a VM that is to move there (peer_verify.h), or NULL */
	const char *initiator;
	const char *const *portals;
	size_t n_portals;
	size_t paths_required; /* portals; 0 = all */
	int timeout_ms;
	const struct lun *luns;
	size_t n_luns;
};

/*
 * program is a name or path on the other host; timeout_ms of the request is that of the deadline.
 * -EADDRNOTAVAIL: the other host is not this node. An
 * older lunmask there does not check that. The other errors are those of iscsi_luns_verify() and of
 * runner_run(), -EPROTO if the answer is illegal, and -ENOMEM if a name is not UTF-8; always with
 * text.
 */
int peer_probe_run(const struct runner *runner, const char *program,
		   const struct peer_probe_request *request, struct deadline deadline,
		   struct iscsi_portals *ret, struct err *err);

/* The caller frees the text. NULL without memory, or if a name is not UTF-8. */
char *peer_probe_request_encode(const struct peer_probe_request *request);

/* Owns what a decoded request points to. The caller frees it after the request's last use. */
struct peer_probe_storage;
void peer_probe_storage_free(struct peer_probe_storage *storage);

/* -EINVAL, with the field that was refused and what is legal. */
int peer_probe_request_decode(const char *text, size_t bytes, struct peer_probe_request *ret,
			      struct peer_probe_storage **ret_storage, struct err *err);

/*
 * rc, portals and error_text are the results of iscsi_luns_verify(). n_portals 0: the request could
 * not be read. An errno that has no name in the protocol is sent as EIO. The caller frees the text;
 * NULL without memory.
 */
char *peer_probe_answer_encode(int rc, const struct iscsi_portals *portals, size_t n_portals,
			       const char *error_text);

/*
 * Returns the rc of the other host, with its text, or -EPROTO if the text is not a legal answer to
 * a request with so many portals.
 */
int peer_probe_answer_decode(const char *text, size_t bytes, size_t n_portals,
			     struct iscsi_portals *ret, struct err *err);

#endif
