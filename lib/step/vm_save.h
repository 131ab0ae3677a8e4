/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SAVE_H
#define LUNMASK_VM_SAVE_H

#include "vm/vm_context.h"

/*
 * Step "save": the guest's memory is on the state LUN, marked valid, and the domain is gone. If
 * saving fails, the guest continues to run here. vm_paths_verify() and vm_state_load() must have
 * run. -ENOENT: the domain holds no memory worth saving.
 */
int vm_save_probe(void *context, struct deadline deadline, struct err *err);
int vm_save_run(void *context, struct deadline deadline, struct err *err);

/*
 * Step "room": a check, before the guest is touched, that the image area can hold the memory.
 * -ENOSPC.
 */
int vm_save_room(void *context, struct deadline deadline, struct err *err);

#endif
