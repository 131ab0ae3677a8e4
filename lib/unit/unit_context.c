/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit_context.h"

#include <glib.h>
#include <stdlib.h>

#include "names/unit_name.h"
#include "unit/unit_map.h"

void unit_init(struct unit *unit, const struct unit_settings *settings)
{
	*unit = (struct unit){.settings = settings};
	unit_key(settings->array, settings->lun, unit->key);
	unit->as_vm = (struct vm_settings){
		.vm = unit->key,
		.array = settings->array,
		.hypervisor = settings->hypervisor,
		.migration_transport = settings->migration_transport,
		.takeover = settings->takeover,
		.paths_required = settings->paths_required,
		.node = settings->node,
	};
}

static int vm_find(struct unit *unit, const char *node, struct err *err)
{
	if (unit->settings->vm_map != NULL) {
		return unit_map_find(unit->settings->vm_map, node, unit->vm, err);
	}
	(void)g_strlcpy(unit->vm, unit->settings->vm != NULL ? unit->settings->vm : "",
			sizeof(unit->vm));
	return unit->vm[0] != '\0' ? 0 : err_set(err, -EINVAL, "neither vm nor vm_map is set");
}

struct vm_context *unit_context_new(struct unit *unit, const struct vm_report *report,
				    struct deadline deadline)
{
	struct vm_context *vm = calloc(1, sizeof(*vm));

	if (vm != NULL) {
		vm->settings = &unit->as_vm;
		vm->report = report;
		vm->unit = unit;
		vm->lun_names[vm->n_luns++] = unit->settings->lun;
		(void)vm_node_find(vm, deadline, NULL);
		(void)vm_find(unit, vm->node, NULL);
	}
	return vm;
}

int unit_open(struct unit *unit, const struct vm_report *report, struct deadline deadline,
	      struct vm_context **ret, struct err *err)
{
	struct vm_context *vm = unit_context_new(unit, report, deadline);
	int rc = vm == NULL ? err_set(err, -ENOMEM, "out of memory")
			    : vm_config_apply(vm, NULL, deadline, err);

	rc = rc != 0 ? rc : vm_find(unit, vm->node, err);
	if (rc != 0) {
		vm_context_free(vm);
		return rc;
	}
	*ret = vm;
	return 0;
}

void unit_tell(const struct vm_context *vm, const char *task, const char *step,
	       const struct err *text)
{
	const struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = task,
		.step = step,
		.text = err_text(text),
	};

	vm_report_event(vm, &event);
}
