/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_ADMIN_H
#define LUNMASK_ARRAY_TGT_ADMIN_H

#include <stdbool.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgtd/tgt_show.h"

/*
 * tgtadm(8), one function for each operation. tgtd loses its whole configuration when it exits.
 * "internal": tgtd refused the operation; the message quotes it. "unreachable": tgtd does not
 * answer.
 *
 * control_port selects the tgtd (its option -C), in digits. tgt_admin_show() returns a tgt_show
 * that the caller releases; prefix is what the names of the driver's targets begin with.
 */
#define TGT_LUN_NUMBER 1 /* 0 is tgtd's own controller */

int tgt_admin_show(const char *control_port, const char *prefix, struct deadline deadline,
		   struct tgt_show *ret, struct fault *fault);
int tgt_admin_portals(const char *control_port, struct deadline deadline, struct tgt_portals *ret,
		      struct fault *fault);

/* These succeed if the requested state exists already. */
int tgt_admin_bind(const char *control_port, unsigned int tid, const char *initiator,
		   struct deadline deadline, struct fault *fault);
int tgt_admin_unbind(const char *control_port, unsigned int tid, const char *initiator,
		     struct deadline deadline, struct fault *fault);
int tgt_admin_cut(const char *control_port, unsigned int tid,
		  const struct tgt_connection *connection, struct deadline deadline,
		  struct fault *fault);

/* Creates a target that admits no initiator. */
int tgt_admin_target_new(const char *control_port, unsigned int tid, const char *name,
			 struct deadline deadline, struct fault *fault);
int tgt_admin_target_delete(const char *control_port, unsigned int tid, struct deadline deadline,
			    struct fault *fault);
int tgt_admin_unit_new(const char *control_port, unsigned int tid, const char *file,
		       struct deadline deadline, struct fault *fault);
/* Also sets whether tgtd refuses all writes to the unit. */
int tgt_admin_unit_identify(const char *control_port, unsigned int tid, const char *scsi_id,
			    const char *serial, bool read_only, struct deadline deadline,
			    struct fault *fault);

#endif
