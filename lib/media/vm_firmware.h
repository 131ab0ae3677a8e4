/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_FIRMWARE_H
#define LUNMASK_VM_FIRMWARE_H

#include "vm/vm_context.h"

/*
 * Step "firmware" of start, before a boot: the LUN of the VM's UEFI variables (nvram in luns) holds
 * variables. A new one, which begins with zeros, is filled from the file that belongs to the
 * firmware. -EUCLEAN: it holds something else. -EINVAL: it is not as large as that file.
 */
int vm_firmware_probe(void *context, struct deadline deadline, struct err *err);
int vm_firmware_run(void *context, struct deadline deadline, struct err *err);

#endif
