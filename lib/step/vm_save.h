/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SAVE_H
#define LUNMASK_VM_SAVE_H

#include "vm/vm_context.h"

/*
 * Step "save": the guest's memory is on the state LUN, marked valid, and the domain is gone. When
 * it cannot be saved, the guest goes on running here.
 */
int vm_save_probe(void *context, struct deadline deadline, struct err *err);
int vm_save_run(void *context, struct deadline deadline, struct err *err);

/* Step "room": would the memory fit? A check, before the guest is touched. */
int vm_save_room(void *context, struct deadline deadline, struct err *err);

#endif
