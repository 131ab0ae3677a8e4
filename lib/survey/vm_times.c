/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_times.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "rules/op_times.h"

#define MIB ((uint64_t)1024 * 1024)

static enum op_saving saving_of(const struct cluster_vm *vm)
{
	if (g_strcmp0(vm->migration_mode, "live") == 0) {
		return OP_SAVES_NEVER;
	}
	return g_strcmp0(vm->migration_mode, "saved") == 0 ? OP_SAVES_ALWAYS : OP_SAVES_AS_FALLBACK;
}

static void op_compare(const struct cluster_vm *vm, enum cluster_op op, uint64_t memory_bytes,
		       vm_times_tell_fn *tell, void *data)
{
	int64_t needed_ms =
		op_time_needed_ms(op, saving_of(vm), memory_bytes, VM_TIMES_MIB_S * MIB);
	int64_t has_ms = vm->timeouts_ms[op];
	g_autofree char *has = NULL;
	g_autofree char *text = NULL;

	if (has_ms >= needed_ms) {
		return;
	}
	has = has_ms < 0 ? g_strdup("no timeout (Pacemaker then takes op_defaults, or 20 s)")
			 : g_strdup_printf("timeout=%" PRId64 "s", has_ms / 1000);
	text = g_strdup_printf("set \"op %s timeout=%" PRId64 "s\": for %" PRIu64
			       " MiB of memory at %d MiB/s, %s is too short; %s",
			       cluster_op_to_str(op), needed_ms / 1000, memory_bytes / MIB,
			       VM_TIMES_MIB_S, has, op_consequence(op));
	tell(data, text);
}

void vm_times_compare(const struct cluster_vm *vm, uint64_t memory_bytes, vm_times_tell_fn *tell,
		      void *data)
{
	for (int op = CLUSTER_OP_START; op < CLUSTER_OP_MAX; op++) {
		op_compare(vm, (enum cluster_op)op, memory_bytes, tell, data);
	}
}

int vm_times_check(const char *vm, uint64_t memory_bytes, struct deadline deadline,
		   vm_times_tell_fn *tell, void *data, struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < vms.count; i++) {
		if (g_strcmp0(vms.vms[i].vm, vm) == 0) {
			vm_times_compare(&vms.vms[i], memory_bytes, tell, data);
			break;
		}
	}
	cluster_vms_release(&vms);
	return 0;
}
