/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster_vms.h"
#include "names/name_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of whatever the CIB holds: a VM has a name that may be printed and asked for, or is not clear. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cluster_vms vms;

	if (cluster_vms_parse((const char *)data, size, &vms, NULL) != 0) {
		return 0;
	}
	for (size_t i = 0; i < vms.count; i++) {
		const struct cluster_vm *vm = &vms.vms[i];

		if (vm->resource == NULL || (vm->vm == NULL && vm->unclear == NULL)) {
			abort();
		}
		if (vm->vm != NULL &&
		    (strlen(vm->vm) > VM_NAME_MAX || strpbrk(vm->vm, "/ \n\033"))) {
			abort();
		}
	}
	cluster_vms_release(&vms);
	return 0;
}
