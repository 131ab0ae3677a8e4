/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_TIMES_H
#define LUNMASK_VM_TIMES_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "cluster/cluster_vms.h"

/*
 * Compares the timeouts of a VM's operations, as the cluster is configured, with the guest's
 * memory.
 *
 * tell is called with a line for each that is too short: what to set, and what happens otherwise.
 * The state LUN is taken to have VM_TIMES_MIB_S, which an array in a network of 1 Gbit/s has. When
 * memory is really saved or restored, its rate is measured (vm_save_time()).
 */
#define VM_TIMES_MIB_S 100

typedef void vm_times_tell_fn(void *data, const char *text);

/* 0 also if the cluster has no such VM. The errors are those of cluster_vms_get(). */
int vm_times_check(const char *vm, uint64_t memory_bytes, struct deadline deadline,
		   vm_times_tell_fn *tell, void *data, struct err *err);

/* The same for a VM that is known. */
void vm_times_compare(const struct cluster_vm *vm, uint64_t memory_bytes, vm_times_tell_fn *tell,
		      void *data);

#endif
