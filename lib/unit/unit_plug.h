/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_PLUG_H
#define LUNMASK_UNIT_PLUG_H

#include "unit/unit_context.h"

/*
 * The drive in the guest: which one has it, and the steps that plug it in and take it out. They
 * take a struct vm_context with its unit. Errors: those of hypervisor.h.
 */

/* Sets unit->plug: the domain here that has the LUN plugged in, whichever, or none. */
int unit_plug_look(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * TASK_DONE: nothing on this host has the LUN plugged in. Where libvirt does not answer, that is
 * only known if the VM for this node has no QEMU; else its error. TASK_NOT_DONE: unit->plug has it.
 */
int unit_gone_probe(void *context, struct deadline deadline, struct err *err);

/* The same, but libvirt itself has said so; -EBUSY names the guest that has it. */
int unit_gone_confirm(struct vm_context *vm, struct deadline deadline, struct err *err);

/* -ENOTSUP: the array wants CHAP. */
int unit_login_check(const struct vm_context *vm, struct err *err);

/* Check "vm": the VM that is named for this node runs here. -ENOENT, -EBUSY. */
int unit_vm_check(void *context, struct deadline deadline, struct err *err);

/*
 * Check "owner": the LUN is nobody else's. -EPERM: a VM or another LogicalUnit of the cluster names
 * it, or something on this host uses it; or a guest here has it although this host is not granted
 * it: that is left from before a fencing, and would write stale data as soon as it is.
 */
int unit_owner_check(void *context, struct deadline deadline, struct err *err);

/* Check "process": no QEMU here was started with the LUN. vm_paths_verify() must have run. -EPERM.
 */
int unit_process_check(void *context, struct deadline deadline, struct err *err);

/*
 * Step "plug": the guest has the drive, and it is the LUN that vm_paths_verify() has found. It is
 * plugged in as a task of the VM (vm_visit.h): no start, stop or migration of it is under way.
 */
int unit_plug_probe(void *context, struct deadline deadline, struct err *err);
int unit_plug_run(void *context, struct deadline deadline, struct err *err);
int unit_plug_undo(void *context, struct deadline deadline, struct err *err);

/*
 * Step "unplug": the guest is asked to let go, again and again, for detach_ms. -EPERM: it has not.
 * With force_detach that sets unit->forced instead, and the step counts as done.
 */
int unit_unplug_probe(void *context, struct deadline deadline, struct err *err);
int unit_unplug_run(void *context, struct deadline deadline, struct err *err);

#endif
