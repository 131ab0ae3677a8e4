/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_COMPLETE_H
#define LUNMASK_VM_COMPLETE_H

#include "vm/vm_context.h"

/*
 * Step "complete" of start, after the domain runs: the mapping file on the state LUN is libvirt's
 * own definition of the domain (mapping_complete()), so that each later boot gives the guest the
 * same hardware. It is written once. A definition that libvirt has refused is never stored.
 *
 * If the process is killed before it, the next start finds the domain, or boots it, and completes.
 * If only the completion of a stored mapping file fails, that is reported and the guest runs on:
 * the next start tries again.
 */
int vm_complete_probe(void *context, struct deadline deadline, struct err *err);
int vm_complete_run(void *context, struct deadline deadline, struct err *err);

#endif
