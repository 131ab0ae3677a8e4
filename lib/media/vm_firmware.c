/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/vm_firmware.h"

#include <glib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "firmware/firmware_definition.h"
#include "firmware/firmware_descriptor.h"
#include "firmware/firmware_variables.h"
#include "san/iscsi.h"
#include "vm/vm_definition.h"

#define CLOSE_MS 500

static int flash_open(const struct vm_context *vm, const struct mapping_drive *drive,
		      struct deadline deadline, struct iscsi_lun **ret, struct err *err)
{
	const struct lun *lun =
		luns_find(vm->luns, vm->n_luns + vm->n_media, drive->drive.extent.lun);
	struct iscsi_path path = {
		.portal = vm->portal, .initiator = vm->self->initiator, .chap = vm->chap};

	if (!vm->luns_known || lun == NULL) {
		return err_set(err, -EINVAL, "the paths to LUN %s were not verified",
			       drive->drive.extent.lun);
	}
	path.target = lun->target;
	path.number = lun->number;
	return iscsi_lun_open(&path, deadline, ret, err);
}

/* A guest that runs, or is restored, has its flash in its memory. */
static int will_boot(struct vm_context *vm, struct deadline deadline, bool *ret, struct err *err)
{
	enum domain_state state = DOMAIN_ABSENT;
	int rc = vm->image == IMAGE_VALID ? 0 : vm_domain_state(vm, deadline, &state, err);

	*ret = vm->image != IMAGE_VALID && state == DOMAIN_ABSENT;
	return rc;
}

static int libvirt_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc : hypervisor_flash_check(hypervisor, deadline, err);
}

int vm_firmware_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct mapping_drive *drive =
		vm->mapping == NULL ? NULL : mapping_find(vm->mapping, DRIVE_FLASH);
	struct iscsi_lun *lun = NULL;
	bool present = false;
	bool boots = false;
	int rc = drive == NULL ? 0 : libvirt_check(vm, deadline, err);

	rc = rc != 0 || drive == NULL ? rc : will_boot(vm, deadline, &boots, err);

	if (rc != 0 || !boots) {
		return rc != 0 ? rc : TASK_DONE;
	}
	rc = flash_open(vm, drive, deadline, &lun, err);
	rc = rc != 0 ? rc
		     : firmware_variables_look(&state_device_iscsi, lun, &present, deadline, err);
	iscsi_lun_close(lun, deadline_within(deadline, CLOSE_MS));
	if (rc != 0) {
		return err_prefix(err, rc, "LUN %s for UEFI variables", drive->drive.extent.lun);
	}
	return present ? TASK_DONE : TASK_NOT_DONE;
}

/* What the definition does not say, libvirt chooses. */
static int executable_ask(struct vm_context *vm, struct deadline deadline, char **ret,
			  struct err *err)
{
	struct mapping_host here = vm_definition_here(vm);
	struct hypervisor *hypervisor;
	g_autofree char *xml = NULL;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc : vm_definition_stored(vm, &here, &xml, err);
	return rc != 0 ? rc : hypervisor_firmware_file(hypervisor, xml, deadline, ret, err);
}

static int template_find(struct vm_context *vm, struct deadline deadline, char **ret,
			 struct err *err)
{
	struct firmware_wish wish = {.executable = NULL};
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(vm->mapping->xml, strlen(vm->mapping->xml), &doc, err);

	if (rc < 0) {
		return rc;
	}
	firmware_wish_get(xmlDocGetRootElement(doc), &wish);
	if (wish.template != NULL) {
		*ret = g_steal_pointer(&wish.template);
	} else {
		rc = wish.executable != NULL ? 0
					     : executable_ask(vm, deadline, &wish.executable, err);
		rc = rc != 0 ? rc
			     : firmware_template_find(firmware_folders, wish.executable,
						      (const char *const *)wish.features, ret, err);
	}
	firmware_wish_release(&wish);
	return rc;
}

static int flash_fill(struct vm_context *vm, const struct mapping_drive *drive,
		      struct deadline deadline, struct err *err)
{
	g_autofree char *file = NULL;
	g_autofree char *data = NULL;
	struct iscsi_lun *lun = NULL;
	int rc = template_find(vm, deadline, &file, err);

	rc = rc != 0 ? rc : firmware_variables_load(file, drive->size_bytes, &data, err);
	rc = rc != 0 ? rc : flash_open(vm, drive, deadline, &lun, err);
	rc = rc != 0 ? rc
		     : firmware_variables_fill(&state_device_iscsi, lun, data, drive->size_bytes,
					       deadline, err);
	iscsi_lun_close(lun, deadline_within(deadline, CLOSE_MS));
	return rc;
}

int vm_firmware_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct mapping_drive *drive = mapping_find(vm->mapping, DRIVE_FLASH);
	int rc = flash_fill(vm, drive, deadline, err);

	return rc == 0 ? 0
		       : err_prefix(err, rc, "LUN %s for UEFI variables", drive->drive.extent.lun);
}
