/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SAVE_H
#define LUNMASK_VM_SAVE_H

#include "rules/memory_time.h"
#include "state/image.h"
#include "vm/vm_context.h"

/*
 * Step "save": the guest's memory is on the state LUN, marked valid, and the domain is gone. If
 * saving fails, or cannot end by the deadline (-ETIME), the guest continues to run here.
 * vm_paths_verify() and vm_state_load() must have run. -ENOENT: the domain holds no memory worth
 * saving.
 */
int vm_save_probe(void *context, struct deadline deadline, struct err *err);
int vm_save_run(void *context, struct deadline deadline, struct err *err);

/*
 * Is there time to save bytes to the export, or to restore them from it? A save overwrites what the
 * export holds, and must leave start the time to restore it. -ETIME, with what to do: it is better
 * not begun.
 */
int vm_save_time(struct vm_context *vm, struct image_export *export, enum memory_way way,
		 uint64_t bytes, struct deadline deadline, struct err *err);

/*
 * Step "room": a check, before the guest is touched, that the image area can hold the memory.
 * -ENOSPC.
 */
int vm_save_room(void *context, struct deadline deadline, struct err *err);

#endif
