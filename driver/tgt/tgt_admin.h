/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_ADMIN_H
#define LUNMASK_ARRAY_TGT_ADMIN_H

#include <stdbool.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgt/tgt_show.h"

/*
 * tgtadm(8), one function per operation. tgtd forgets everything when it ends; what it refuses is
 * "internal" with its words, a tgtd that does not answer is "unreachable".
 *
 * control_port selects the tgtd (its -C), as digits.
 */
#define TGT_LUN_NUMBER 1 /* 0 is tgtd's own controller */

int tgt_admin_show(const char *control_port, struct deadline deadline, struct tgt_show *ret,
		   struct fault *fault);
int tgt_admin_portals(const char *control_port, struct deadline deadline, struct tgt_portals *ret,
		      struct fault *fault);

/* What is so already counts as done. */
int tgt_admin_bind(const char *control_port, unsigned int tid, const char *initiator,
		   struct deadline deadline, struct fault *fault);
int tgt_admin_unbind(const char *control_port, unsigned int tid, const char *initiator,
		     struct deadline deadline, struct fault *fault);
int tgt_admin_cut(const char *control_port, unsigned int tid,
		  const struct tgt_connection *connection, struct deadline deadline,
		  struct fault *fault);

/* A target that lets nobody in. */
int tgt_admin_target_new(const char *control_port, unsigned int tid, const char *name,
			 struct deadline deadline, struct fault *fault);
int tgt_admin_target_delete(const char *control_port, unsigned int tid, struct deadline deadline,
			    struct fault *fault);
int tgt_admin_unit_new(const char *control_port, unsigned int tid, const char *file,
		       struct deadline deadline, struct fault *fault);
int tgt_admin_unit_identify(const char *control_port, unsigned int tid, const char *scsi_id,
			    const char *serial, struct deadline deadline, struct fault *fault);

#endif
