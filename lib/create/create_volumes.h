/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_VOLUMES_H
#define LUNMASK_CREATE_VOLUMES_H

#include "create/vm_create.h"

/*
 * The steps that make and delete LUNs, and cut off what an earlier process of the task has left.
 * They take a struct vm_context. What the task has made is in the journal: vm->journal.task.luns. A
 * LUN is recorded before it is made, and forgotten after it was deleted.
 */

/*
 * Step "former": the node on which an earlier process was has no path to the LUNs. -EBUSY: it may
 * be alive, so the task goes on there.
 */
int create_former_probe(void *context, struct deadline deadline, struct err *err);
int create_former_run(void *context, struct deadline deadline, struct err *err);

/*
 * No host but this one has a path to the LUNs of the task. -EBUSY names it; why is what is done to
 * the VM.
 */
int create_strangers_check(struct vm_context *vm, const char *why, struct deadline deadline,
			   struct err *err);

/* Check "unused": no domain of the VM is here, and no other host has a path to what was made. */
int create_unused_check(void *context, struct deadline deadline, struct err *err);

/*
 * Step "cut", of a task that is continued: this node has no path, so that what the earlier process
 * had sent can no longer be carried out.
 */
int create_cut_probe(void *context, struct deadline deadline, struct err *err);
int create_cut_run(void *context, struct deadline deadline, struct err *err);

/* Step "clear", of a task that is continued: LUNs whose images may be half written are gone. */
int create_clear_probe(void *context, struct deadline deadline, struct err *err);
int create_clear_run(void *context, struct deadline deadline, struct err *err);

/* Step "volumes". -EEXIST: one is there that the task has not made. */
int create_volumes_probe(void *context, struct deadline deadline, struct err *err);
int create_volumes_run(void *context, struct deadline deadline, struct err *err);
int create_volumes_undo(void *context, struct deadline deadline, struct err *err);

/* Step "delete", of the undoing: nothing that the task has made is left. */
int create_delete_probe(void *context, struct deadline deadline, struct err *err);
int create_delete_run(void *context, struct deadline deadline, struct err *err);

/* -EOPNOTSUPP: the array cannot give one of the volumes its class. */
int create_classes_check(struct vm_context *vm, struct deadline deadline, struct err *err);

/* Is there a LUN of this name? *ret_bytes (or NULL): its size. */
int create_lun_look(struct vm_context *vm, const char *lun, struct deadline deadline, bool *ret,
		    uint64_t *ret_bytes, struct err *err);

#endif
