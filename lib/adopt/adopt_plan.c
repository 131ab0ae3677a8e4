/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_plan.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adopt/adopt_cluster.h"
#include "adopt/adopt_file.h"
#include "adopt/adopt_luns.h"
#include "adopt/adopt_source.h"
#include "adopt/adopt_tpm.h"
#include "domain/domain_xml.h"
#include "names/size.h"
#include "persistent/persistent_domain.h"
#include "template/template_definition.h"

#define CLASS_DEFAULT "none"

/* The options */

static const char *size_of(char *const *sizes, const char *target)
{
	size_t length = strlen(target);

	for (; sizes != NULL && *sizes != NULL; sizes++) {
		if (strncmp(*sizes, target, length) == 0 && (*sizes)[length] == '=') {
			return *sizes + length + 1;
		}
	}
	return NULL;
}

int adopt_plan_size(char *const *sizes, const char *target, uint64_t content_bytes, uint64_t *ret,
		    struct err *err)
{
	const char *wanted = size_of(sizes, target);
	int rc = 0;

	*ret = content_bytes;
	if (wanted != NULL) {
		rc = size_from_str(wanted, ret, err);
		rc = rc != 0 ? err_prefix(err, rc, "--size %s", target) : 0;
	}
	if (rc == 0 && *ret < content_bytes) {
		rc = err_set(err, -EINVAL,
			     "--size %s=%s is too small: its content has %" PRIu64 " bytes", target,
			     wanted, content_bytes);
	}
	return rc;
}

static void sizes_check(struct vm_adopt *adopt)
{
	char *const *size = adopt->wish->sizes;

	for (; size != NULL && *size != NULL; size++) {
		bool known = false;

		for (size_t i = 0; i < adopt->n_drives && !known; i++) {
			known = adopt->drives[i].content == ADOPT_FILE &&
				size_of((char *[]){*size, NULL}, adopt->drives[i].target) != NULL;
		}
		if (!known) {
			adopt_refuse(adopt->result->refusals,
				     "--size %.60s names no drive that is copied: legal is DRIVE="
				     "SIZE, as vda=20GiB",
				     *size);
		}
	}
}

/* LUNs */

static struct adopted_drive *result_add(struct vm_adopt *adopt, const char *target,
					enum adopted_how how)
{
	struct adopted_drive *ret = &adopt->result->drives[adopt->result->n_drives++];

	(void)snprintf(ret->target, sizeof(ret->target), "%s", target);
	ret->how = how;
	return ret;
}

/* A LUN that is made: it is the last one of the result. */
static int volume_add(struct vm_context *vm, const char *target, enum adopted_how how,
		      uint64_t size_bytes, const struct adopt_drive *from, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	struct adopted_drive *result = result_add(adopt, target, how);
	const char *class = adopt->wish->class != NULL ? adopt->wish->class : CLASS_DEFAULT;
	const char *part = *target != '\0' ? target : "state";

	result->size_bytes = size_bytes;
	result->class = g_strdup(class);
	result->file = from != NULL ? g_strdup(from->file) : NULL;
	adopt->create.volumes[adopt->create.n_volumes++] = (struct create_volume){
		.lun = result->lun,
		.size_bytes = size_bytes,
		.class = result->class,
		.image = from != NULL ? from->file : NULL,
		.format = from != NULL ? from->format : NULL,
	};
	vm->lun_names[vm->n_luns++] = result->lun;
	return template_lun_name(vm->settings->vm, part, result->lun, err);
}

static void drive_add(struct vm_context *vm, const char *target, const char *lun)
{
	struct drive *drive = &vm->drives[vm->n_drives++];

	(void)snprintf(drive->target, sizeof(drive->target), "%s", target);
	(void)snprintf(drive->extent.lun, sizeof(drive->extent.lun), "%s", lun);
}

static int file_plan(struct vm_context *vm, size_t i, struct deadline deadline, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	const struct adopt_drive *drive = &adopt->drives[i];
	uint64_t bytes = 0;
	int rc = adopt_chain_get(drive->file, drive->format, deadline, &adopt->chains[i], err);

	rc = rc != 0 ? rc : adopt_chain_stamp(&adopt->chains[i], &adopt->stamps[i], err);
	rc = rc != 0 ? rc
		     : adopt_plan_size(adopt->wish->sizes, drive->target, adopt->chains[i].bytes,
				       &bytes, err);
	rc = rc != 0 ? rc : volume_add(vm, drive->target, ADOPTED_COPIED, bytes, drive, err);
	if (rc == 0) {
		drive_add(vm, drive->target,
			  adopt->result->drives[adopt->result->n_drives - 1].lun);
	}
	return rc != 0 ? err_prefix(err, rc, "drive %s", drive->target) : 0;
}

/* Its LUN stays empty: what it holds later is written by other steps. */
static int empty_plan(struct vm_context *vm, const char *target, enum adopted_how how,
		      uint64_t bytes, struct err *err)
{
	int rc = volume_add(vm, target, how, bytes, NULL, err);

	if (rc == 0) {
		drive_add(vm, target,
			  vm->adopt->result->drives[vm->adopt->result->n_drives - 1].lun);
	}
	return rc;
}

static int flash_plan(struct vm_context *vm, xmlNodePtr domain, struct err *err)
{
	uint64_t bytes = 0;
	int rc = adopt_source_flash_bytes(domain, &bytes, err);

	return rc != 0 ? rc : empty_plan(vm, DRIVE_FLASH, ADOPTED_NEW, bytes, err);
}

static int tpm_plan(struct vm_context *vm, xmlNodePtr domain, struct err *err)
{
	int rc = adopt_tpm_load(domain, &vm->adopt->tpm, err);

	return rc != 0 ? rc
		       : empty_plan(vm, DRIVE_TPM,
				    vm->adopt->tpm != NULL ? ADOPTED_COPIED : ADOPTED_NEW,
				    ADOPT_TPM_BYTES, err);
}

static void taken_plan(struct vm_context *vm, const struct adopt_drive *drive,
		       const struct lun *lun)
{
	struct adopted_drive *result = result_add(vm->adopt, drive->target, ADOPTED_TAKEN);

	(void)snprintf(result->lun, sizeof(result->lun), "%s", lun->name);
	result->size_bytes = lun->size_bytes;
	drive_add(vm, drive->target, lun->name);
}

static void drives_plan(struct vm_context *vm, xmlNodePtr domain,
			const struct lun *const lun[VM_LUNS_MAX], struct deadline deadline)
{
	struct vm_adopt *adopt = vm->adopt;

	for (size_t i = 0; i < adopt->n_drives; i++) {
		struct err err = ERR_INIT;
		int rc = 0;

		switch (adopt->drives[i].content) {
		case ADOPT_FILE: rc = file_plan(vm, i, deadline, &err); break;
		case ADOPT_FLASH: rc = flash_plan(vm, domain, &err); break;
		case ADOPT_TPM: rc = tpm_plan(vm, domain, &err); break;
		case ADOPT_LUN:
			if (lun[i] != NULL) {
				taken_plan(vm, &adopt->drives[i], lun[i]);
			}
			break;
		default: break;
		}
		if (rc != 0) {
			adopt_refuse(adopt->result->refusals, "%s", err_text(&err));
		}
	}
}

static void state_plan(struct vm_context *vm, xmlNodePtr domain)
{
	struct vm_adopt *adopt = vm->adopt;
	struct err err = ERR_INIT;
	uint64_t memory_bytes = 0;
	int rc = domain_xml_memory(domain, &memory_bytes, &err);

	rc = rc != 0 ? rc
		     : volume_add(vm, "", ADOPTED_NEW, template_state_bytes_default(memory_bytes),
				  NULL, &err);
	if (rc != 0) {
		adopt_refuse(adopt->result->refusals, "%s", err_text(&err));
		return;
	}
	adopt->result->created.memory_bytes = memory_bytes;
	strcpy(vm->state.lun, adopt->result->drives[adopt->result->n_drives - 1].lun);
	adopt->result->created.state_lun = g_strdup(vm->state.lun);
}

static char *luns_text(const struct vm_context *vm)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < vm->n_drives; i++) {
		g_string_append_printf(text, "%s%s=%s", i > 0 ? " " : "", vm->drives[i].target,
				       vm->drives[i].extent.lun);
	}
	return g_string_free(text, FALSE);
}

/* The array and the cluster */

static int masks_plan(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	bool granted[VM_LUNS_MAX];
	int rc = adopt_luns_masks(vm, adopt->result->refusals, deadline, granted, err);

	for (size_t i = 0; rc == 0 && i < adopt->n_taken; i++) {
		for (size_t k = 0; k < adopt->result->n_drives; k++) {
			struct adopted_drive *drive = &adopt->result->drives[k];

			if (strcmp(drive->lun, adopt->taken[i]) == 0) {
				drive->granted = granted[i];
			}
		}
	}
	return rc;
}

/* What was made by a task that goes on is there already. */
static void array_plan(struct vm_context *vm, struct deadline deadline)
{
	struct err err = ERR_INIT;

	if (!vm->adopt->continued && vm_create_possible(vm, deadline, &err) != 0) {
		adopt_refuse(vm->adopt->result->refusals, "%s", err_text(&err));
	}
}

static void source_plan(struct vm_context *vm)
{
	struct vm_adopt *adopt = vm->adopt;
	const struct mapping_source source = {
		.domain_xml = adopt->create.xml,
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
	};

	adopt_refusals_of_source(adopt->result->refusals, &source);
}

/* The definition */

static int definition_plan(struct vm_context *vm, xmlDocPtr doc, struct deadline deadline,
			   struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	adopt_refusals *refusals = adopt->result->refusals;
	xmlNodePtr domain = xmlDocGetRootElement(doc);
	const struct lun *lun[VM_LUNS_MAX];
	int rc;

	adopt->n_drives = adopt_drives_read(domain, adopt->drives);
	adopt_refusals_of_drives(refusals, adopt->drives, adopt->n_drives, adopt->wish->eject);
	sizes_check(adopt);
	adopt_definition_convert(domain, adopt->drives, adopt->n_drives, vm->chap != NULL);
	adopt_refusals_of_definition(refusals, domain);
	rc = domain_xml_format(doc, &adopt->create.xml, err);
	rc = rc != 0 ? rc : adopt_luns_find(vm, deadline, lun, err);
	if (rc == 0) {
		drives_plan(vm, domain, lun, deadline);
		state_plan(vm, domain);
		adopt->result->created.luns = luns_text(vm);
		array_plan(vm, deadline);
		rc = masks_plan(vm, deadline, err);
	}
	rc = rc != 0 ? rc : adopt_cluster_look(vm, refusals, deadline, err);
	if (rc == 0) {
		source_plan(vm);
	}
	return rc;
}

static int xml_parse(const struct vm_adopt *adopt, xmlDocPtr *ret, struct err *err)
{
	int rc = domain_xml_parse(adopt->xml, strlen(adopt->xml), ret, err);

	return rc != 0 ? err_prefix(err, rc, "definition that libvirt keeps") : 0;
}

int adopt_plan_make(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	AUTO_XML doc = NULL;
	int rc = adopt_source_get(vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	adopt_refusals_of_domain(adopt->result->refusals, adopt->flags, vm->settings->vm);
	rc = xml_parse(adopt, &doc, err);
	return rc != 0 ? rc : definition_plan(vm, doc, deadline, err);
}

/* The sizes do not matter any more, and the files may be gone. */
static int rest_add(struct vm_context *vm, const struct adopt_drive *drive, const struct lun *lun,
		    struct err *err)
{
	switch (drive->content) {
	case ADOPT_LUN:
		if (lun != NULL) {
			taken_plan(vm, drive, lun);
		}
		return 0;
	case ADOPT_FILE: return empty_plan(vm, drive->target, ADOPTED_COPIED, 0, err);
	case ADOPT_FLASH:
	case ADOPT_TPM: return empty_plan(vm, drive->target, ADOPTED_NEW, 0, err);
	default: return 0;
	}
}

int adopt_plan_rest(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	AUTO_XML doc = NULL;
	const struct lun *lun[VM_LUNS_MAX];
	int rc = adopt_source_get(vm, deadline, err);

	rc = rc != 0 ? rc : xml_parse(adopt, &doc, err);
	if (rc != 0) {
		return rc;
	}
	adopt->n_drives = adopt_drives_read(xmlDocGetRootElement(doc), adopt->drives);
	rc = adopt_luns_find(vm, deadline, lun, err);
	for (size_t i = 0; i < adopt->n_drives && rc == 0; i++) {
		rc = rest_add(vm, &adopt->drives[i], lun[i], err);
	}
	if (rc == 0) {
		state_plan(vm, xmlDocGetRootElement(doc));
		adopt->result->created.luns = luns_text(vm);
	}
	return rc != 0 ? rc : adopt_refusals_result(adopt->result->refusals, vm->settings->vm, err);
}

void adopt_plan_release(struct vm_adopt *adopt)
{
	for (size_t i = 0; i < VM_LUNS_MAX; i++) {
		adopt_chain_release(&adopt->chains[i]);
		g_free(adopt->stamps[i]);
	}
	if (adopt->tpm != NULL) {
		g_bytes_unref(adopt->tpm);
	}
	adopt_drives_release(adopt->drives, adopt->n_drives);
	vm_create_release(&adopt->create);
	g_free(adopt->xml);
}
