/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "change/vm_define.h"
#include "make/make_vm.h"
#include "media/vm_media.h"
#include "tpm/tpm_definition.h"

#define LOOK_MS 60000

static int host_find(const struct vm_context *vm, const char *name, const struct config_host **ret,
		     struct err *err)
{
	*ret = vm->self;
	return name == NULL ? 0 : config_host_get(vm->config, name, ret, err);
}

/* As that host sees the LUNs, whether it has been granted them or not. */
static int plain_make(struct vm_context *vm, const struct config_host *host,
		      struct deadline deadline, char **ret_xml, struct err *err)
{
	const char *names[VM_LUNS_MAX];
	struct lun luns[VM_LUNS_MAX];
	struct mapping_host as = {
		.initiator = host->initiator, .portal = vm->portals[0], .luns = luns};
	int rc;

	as.n_luns = vm_media_all_luns(vm, names);
	rc = array_luns(&vm->array, names, as.n_luns, host->initiator, deadline, luns, err);
	return rc != 0 ? rc : mapping_plain_xml(vm->mapping, &as, ret_xml, err);
}

/* What the text alone does not do. */
static void notes_print(const struct vm_context *vm, const struct config_host *host,
			const char *state_lun)
{
	(void)fprintf(stderr,
		      "The definition is for host %s, by initiator %s and portal %s.\n"
		      "Before it is used there: remove the resource from the cluster, so that "
		      "nobody else\nstarts the VM, and let the array grant its LUNs to that "
		      "initiator.\n"
		      "Memory that is saved on LUN %s is not used.\n",
		      host->node, host->initiator, vm->portals[0], state_lun);
	if (mapping_find(vm->mapping, DRIVE_TPM) != NULL) {
		(void)fputs("The guest gets a new, empty TPM: libvirt does not know the LUN of "
			    "its own.\n",
			    stderr);
	}
}

static int vm_export(const struct make_options *options, struct vm_context *vm, struct err *err)
{
	struct deadline deadline = deadline_in(LOOK_MS);
	const struct config_host *host;
	struct vm_defined seen;
	char *xml = NULL;
	int rc = host_find(vm, options->host, &host, err);

	if (rc == 0) {
		make_vm_hold_interrupts();
		rc = vm_define_look(vm, deadline, &seen, err);
	}
	rc = rc != 0 ? rc : plain_make(vm, host, deadline, &xml, err);
	if (rc == 0) {
		(void)fputs(xml, stdout);
		notes_print(vm, host, vm->state.lun);
	}
	free(xml);
	return rc;
}

int export_command_run(const struct make_options *options, struct err *err)
{
	struct vm_all all = {.n = 0};
	struct vm_one *one = NULL;
	int rc = vm_all_open(deadline_in(LOOK_MS), &all, err);

	rc = rc != 0 ? rc : make_vm_find(&all, options->words[0], &one, err);
	rc = rc != 0 ? rc : vm_export(options, one->vm, err);
	vm_all_release(&all);
	return rc;
}
