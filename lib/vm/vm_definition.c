/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_definition.h"

#include <glib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_drift.h"

struct mapping_host vm_definition_here(const struct vm_context *vm)
{
	return (struct mapping_host){
		.initiator = vm->self->initiator,
		.portal = vm->source,
		.chap_user = vm->chap == NULL ? NULL : chap_user(vm->chap, vm->self->initiator),
		.luns = vm->luns,
		.n_luns = vm->n_luns + vm->n_media,
		.carries_units = vm->carries_units,
		.array = vm->settings->array,
	};
}

int vm_definition_stored(const struct vm_context *vm, const struct mapping_host *host,
			 char **ret_xml, struct err *err)
{
	return mapping_domain_xml(vm->mapping, host, ret_xml, err);
}

static int memory_of(const char *definition, uint64_t *ret_bytes, struct err *err)
{
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(definition, strlen(definition), &doc, err);

	return rc < 0 ? rc : domain_xml_memory(xmlDocGetRootElement(doc), ret_bytes, err);
}

int vm_definition_memory(struct vm_context *vm, struct deadline deadline, uint64_t *ret_bytes,
			 struct err *err)
{
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	if (rc == -ENOENT) {
		*ret_bytes = vm->mapping->memory_bytes;
		return 0;
	}
	return rc != 0 ? rc : memory_of(definition, ret_bytes, err);
}

void vm_definition_tell_drift(struct vm_context *vm, const char *task, struct deadline deadline)
{
	g_autofree char *definition = NULL;
	g_autofree char *drift = NULL;
	struct err text = ERR_INIT;
	struct hypervisor *hypervisor;
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = task,
		.step = "definition",
	};

	if (vm->mapping == NULL || !vm->mapping->complete ||
	    vm_hypervisor(vm, deadline, &hypervisor, NULL) != 0 ||
	    hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition, NULL) != 0 ||
	    mapping_drift(vm->mapping, definition, &drift, NULL) != 0 || drift[0] == '\0') {
		return;
	}
	(void)err_set(
		&text, 0,
		"changed while the guest runs, carried along, and undone by its next boot (in "
		"brackets: the mapping file): %s",
		drift);
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

int vm_definition_check_units(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	if (rc == -ENOENT) {
		return 0;
	}
	return rc != 0 ? rc : mapping_check_units(vm->settings->vm, definition, err);
}

int vm_definition_running(struct vm_context *vm, const struct mapping_host *host,
			  struct deadline deadline, char **ret_xml, struct err *err)
{
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	return rc != 0 ? rc : mapping_definition_xml(vm->mapping, definition, host, ret_xml, err);
}

int vm_definition_image(struct vm_context *vm, const char *file, const struct mapping_host *host,
			struct deadline deadline, char **ret_xml, struct err *err)
{
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc : hypervisor_image_xml(hypervisor, file, deadline, &definition, err);
	return rc != 0 ? rc : mapping_definition_xml(vm->mapping, definition, host, ret_xml, err);
}
