/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_TAKEOVER_H
#define LUNMASK_VM_TAKEOVER_H

#include "vm/vm_context.h"

/* Step "takeover": grants of hosts that are down are taken away; anybody else's is refused (I5). */
int vm_takeover_probe(void *context, struct deadline deadline, struct err *err);
int vm_takeover_run(void *context, struct deadline deadline, struct err *err);

#endif
