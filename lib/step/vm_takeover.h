/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_TAKEOVER_H
#define LUNMASK_VM_TAKEOVER_H

#include "vm/vm_context.h"

/*
 * Step "takeover": no other host has a path to the VM's LUNs. The run revokes the grants of hosts
 * for which takeover.h or a release permits it, and refuses (-EPERM) if any other host holds one
 * (I5). The text names the host and what to do.
 */
int vm_takeover_probe(void *context, struct deadline deadline, struct err *err);
int vm_takeover_run(void *context, struct deadline deadline, struct err *err);

#endif
