/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_CONTEXT_H
#define LUNMASK_UNIT_CONTEXT_H

#include "hypervisor/hypervisor_luns.h"
#include "unit/unit.h"
#include "vm/vm_context.h"

/*
 * What the steps of one action on a LogicalUnit share. They take a struct vm_context, as all steps
 * do: of a VM that has the LUN's name in the journal, this one LUN, and no domain.
 *
 *	struct unit unit;
 *	unit_init(&unit, settings);
 *	rc = unit_open(&unit, report, deadline, &vm, err);      vm->unit is unit
 *	vm_context_free(vm);
 */
struct unit {
	const struct unit_settings *settings;
	char key[VM_NAME_MAX + 1];   /* unit_name.h */
	char vm[VM_NAME_MAX + 1];    /* named for this node; "": none */
	struct vm_settings as_vm;    /* what the steps read */
	struct hypervisor_plug plug; /* where unit_plug_look() has found it last */
	bool forced;                 /* it is cut off under the guest that has it */
};

/* settings must outlive it, and have array and lun. */
void unit_init(struct unit *unit, const struct unit_settings *settings);

/* Loads the configuration, and finds the VM for this node. -ENODEV: none is named. */
int unit_open(struct unit *unit, const struct vm_report *report, struct deadline deadline,
	      struct vm_context **ret, struct err *err);

/* Without a configuration, for stop. NULL: out of memory. unit->vm is "" if none is named. */
struct vm_context *unit_context_new(struct unit *unit, const struct vm_report *report,
				    struct deadline deadline);

/* Reports something that happened beside a step. */
void unit_tell(const struct vm_context *vm, const char *task, const char *step,
	       const struct err *text);

#endif
