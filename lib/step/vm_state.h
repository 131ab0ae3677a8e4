/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_STATE_H
#define LUNMASK_VM_STATE_H

#include "san/iscsi.h"
#include "state/image.h"
#include "vm/vm_context.h"

/*
 * The VM's state on its state LUN: mapping file, image state and image area, accessed from this
 * host. vm_paths_verify() must have run; otherwise the calls return -EINVAL.
 */

/*
 * Loads the newest slot into vm->mapping and vm->image. -ENODATA: the LUN was never written.
 * Otherwise the errors of state_lun.h.
 */
int vm_state_load(struct vm_context *vm, struct deadline deadline, struct err *err);

/* vm_state_load() after vm_paths_verify(): for a host that is granted the LUNs. Changes nothing. */
int vm_state_here(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * Stores vm->mapping unchanged with the image state. On 0 it is durable and was read back. -ESTALE:
 * another writer has changed the slot since vm_state_load().
 */
int vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
		   struct err *err);

/*
 * Exports the image area as a file on this host, after removing an export that a killed task left.
 * The caller closes *ret with image_export_close().
 */
int vm_image_open(struct vm_context *vm, struct deadline deadline, struct image_export **ret,
		  struct err *err);

/* The size of the image area; 0 if there is none or the size of the LUN is not known. */
uint64_t vm_image_area_bytes(const struct vm_context *vm);

#endif
