/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_SOCKET_H
#define LUNMASK_ARRAY_TGT_SOCKET_H

#include <stdbool.h>

#include "base/deadline.h"
#include "driver/core/fault.h"

/*
 * One request to tgtd's management socket, as tgtadm(8) sends it. For what tgtadm cannot do: it
 * takes secrets on its command line only, where everybody sees them.
 *
 * The socket is /var/run/tgtd/socket.CONTROL_PORT; the environment variable TGT_IPC_SOCKET replaces
 * the part before the period, as for tgtd and tgtadm. It must be one of this user's processes.
 */
#define TGT_SOCKET_PARAMS_MAX 1024
#define TGT_SOCKET_NO_TARGET (~0u) /* what has no target, and discovery */

/* Numbers of tgtd's protocol; so are those below. */
enum tgt_mode { TGT_MODE_SYSTEM = 0, TGT_MODE_TARGET = 1, TGT_MODE_ACCOUNT = 7 };
enum tgt_op { TGT_OP_NEW, TGT_OP_DELETE, TGT_OP_SHOW, TGT_OP_BIND, TGT_OP_UNBIND };

enum tgt_status {
	TGT_STATUS_DONE = 0,
	TGT_STATUS_USER_EXISTS = 14,
	TGT_STATUS_NO_USER = 15,
	TGT_STATUS_ARRAY_EXISTS = 18, /* the outgoing account is another one */
};

struct tgt_request {
	enum tgt_mode mode;
	enum tgt_op op;
	unsigned int tid;
	bool outgoing;
	const char *params; /* "KEY=VALUE,..."; NULL: none */
};

/*
 * 0 if tgtd has answered, whatever it says: *ret_status is what it says. ret_text may be NULL;
 * otherwise, the caller frees the text. "unreachable": tgtd does not answer.
 */
int tgt_socket_call(const char *control_port, const struct tgt_request *request,
		    struct deadline deadline, unsigned int *ret_status, char **ret_text,
		    struct fault *fault);

#endif
