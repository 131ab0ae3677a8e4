/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_RESIZE_H
#define LUNMASK_ARRAY_TGT_RESIZE_H

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgt/tgt.h"

/*
 * Makes a LUN larger (struct driver, resize); backend is a struct tgt.
 *
 * tgtd reads the size of a file when it opens it, and can open it anew only while no command uses
 * it: a command that is being carried out at that moment could fail, or write to another file. So
 * the initiators are revoked as by tgt_masks_revoke(), which waits for their last command; the
 * target is made again, and the grants are given back. Hosts log in again, and repeat what was not
 * answered.
 *
 * The order is file, target, grants, table: if it is killed, the same request begins again. Grants
 * that a killed one had taken are lost, as if tgtd had been restarted.
 */
int tgt_resize(void *backend, const char *lun, uint64_t size_bytes, struct deadline deadline,
	       bool *ret_resized, struct fault *fault);

#endif
