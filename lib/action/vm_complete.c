/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_complete.h"

#include <glib.h>

#include "step/vm_state.h"

int vm_complete_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc;

	if (vm->completion_failed && !vm->mapping_new && !vm->sizes_new) {
		return TASK_DONE;
	}
	rc = vm->state_known ? 0 : vm_state_load(vm, deadline, err);
	if (rc == -ENODATA && vm->mapping_new) {
		return TASK_NOT_DONE;
	}
	if (rc != 0) {
		return rc;
	}
	return !vm->mapping_new && !vm->sizes_new && vm->mapping->complete ? TASK_DONE
									   : TASK_NOT_DONE;
}

static void tell(struct vm_context *vm, enum task_event_kind kind, int64_t since_ms,
		 const struct err *why)
{
	struct task_event event = {
		.kind = kind,
		.task = "start",
		.step = "complete",
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(why),
	};

	vm_report_event(vm, &event);
}

static int completed_make(struct vm_context *vm, struct deadline deadline, struct mapping **ret,
			  struct err *err)
{
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	return rc != 0 ? rc
		       : mapping_complete(vm->mapping, definition, vm->luns,
					  vm->n_luns + vm->n_media, ret, err);
}

/* A new one is stored twice, so that both slots hold it and either may be lost. */
static int mapping_store(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	bool twice = vm->mapping_new;
	int rc = vm_state_store(vm, vm->image, deadline, err);

	return rc != 0 || !twice ? rc : vm_state_store(vm, vm->image, deadline, err);
}

/* The stored file is as good as it was. */
static int keep_stored(struct vm_context *vm, struct mapping *stored, int64_t since_ms,
		       const struct err *why)
{
	if (vm->mapping != stored) {
		mapping_free(vm->mapping);
		vm->mapping = stored;
	}
	vm->completion_failed = true;
	vm->sizes_new = false;
	tell(vm, TASK_STEP_FAILED, since_ms, why);
	return 0;
}

/* A guest that was booted before the last change of its definition does not complete it. */
static int completed_or_kept(struct vm_context *vm, struct deadline deadline, struct mapping **ret,
			     int64_t since_ms, struct err *err)
{
	int rc;

	*ret = NULL;
	if (vm->mapping->complete && !vm->mapping_new) {
		return 0;
	}
	rc = completed_make(vm, deadline, ret, err);
	if (rc == -ESTALE) {
		vm->completion_failed = true;
		tell(vm, TASK_STEP_PROGRESS, since_ms, err);
		rc = 0;
	}
	return rc;
}

int vm_complete_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int64_t since_ms = deadline_now_ms();
	struct mapping *written = vm->mapping;
	bool stored = !vm->mapping_new;
	struct mapping *made;
	int rc = completed_or_kept(vm, deadline, &made, since_ms, err);

	if (rc == 0 && made != NULL) {
		vm->mapping = made;
	} else if (rc == 0 && !vm->mapping_new && !vm->sizes_new) {
		return 0;
	} else if (rc != 0 && !stored && !task_error_transient(rc)) {
		/* Without a mapping file the VM could not be moved: the one as written will do. */
		vm->completion_failed = true;
		tell(vm, TASK_STEP_FAILED, since_ms, err);
		rc = 0;
	}
	rc = rc != 0 ? rc : mapping_store(vm, deadline, err);
	if (rc != 0 && stored) {
		return keep_stored(vm, written, since_ms, err);
	}
	if (vm->mapping != written) {
		mapping_free(written);
	}
	return rc;
}
