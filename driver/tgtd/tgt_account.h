/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_ACCOUNT_H
#define LUNMASK_ARRAY_TGT_ACCOUNT_H

#include <glib.h>
#include <stdbool.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgtd/tgt_account_show.h"

/*
 * tgtd's accounts, one function for each operation, over its socket (tgt_socket.h). Faults are as
 * those of tgt_admin.h. account_plan.h says in which order accounts may be unbound; "discovery" is
 * TGT_SOCKET_NO_TARGET as tid.
 */

/* "internal": it exists, whatever secret it has. */
int tgt_account_new(const char *control_port, const char *user, const char *secret,
		    struct deadline deadline, struct fault *fault);

/* "in-use": a target of others has it. It must be bound to none of the driver's. */
int tgt_account_delete(const char *control_port, const char *user, struct deadline deadline,
		       struct fault *fault);

/* These succeed if it is so already. outgoing: the array proves itself with it. */
int tgt_account_bind(const char *control_port, unsigned int tid, const char *user, bool outgoing,
		     struct deadline deadline, struct fault *fault);
int tgt_account_unbind(const char *control_port, unsigned int tid, const char *user, bool outgoing,
		       struct deadline deadline, struct fault *fault);

/* The caller releases what these return, after 0. */
int tgt_account_list(const char *control_port, struct deadline deadline, GPtrArray **ret,
		     struct fault *fault);
int tgt_account_discovery(const char *control_port, struct deadline deadline,
			  struct tgt_discovery *ret, struct fault *fault);

#endif
