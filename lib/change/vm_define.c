/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_define.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "action/vm_complete.h"
#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "definition/definition_diff.h"
#include "definition/definition_keep.h"
#include "change/vm_apply.h"
#include "domain/domain_xml.h"
#include "step/vm_state.h"
#include "vm/vm_lun_owner.h"

#define TASK_NAME "definition"

static bool is_stored(const struct vm_context *vm)
{
	return vm->state_known && strcmp(vm->mapping->xml, vm->mapping_next->xml) == 0;
}

static int store_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, err);

	return rc != 0 ? rc : is_stored(vm) ? TASK_DONE : TASK_NOT_DONE;
}

/* A save that runs has stopped the guest: it owns the state LUN until it has ended. */
static int store_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct mapping *stored = vm->mapping;
	struct mapping *next;
	int rc = mapping_parse(vm->mapping_next->xml, strlen(vm->mapping_next->xml), &next, err);

	if (rc != 0) {
		return rc;
	}
	if (vm->image == IMAGE_WRITING && vm->domain_here) {
		mapping_free(next);
		return err_set(err, -EBUSY, "the guest's memory is being saved: try again later");
	}
	vm->mapping = next;
	rc = vm_state_store(vm, vm->image, deadline, err);
	if (rc != 0) {
		vm->mapping = stored;
		mapping_free(next);
		return rc;
	}
	mapping_free(stored);
	return 0;
}

#define STEP_STORE                                                                                 \
	{                                                                                          \
		.name = "store", .probe = store_probe, .run = store_run, .timeout_ms = 5000,       \
		.tries = 2, .retry_ms = 200, .flags = TASK_WIDENS,                                 \
	}

static const struct task_step look_steps[] = {
	STEP_NOT_ELSEWHERE, STEP_WITHDRAW, STEP_GRANT, STEP_VERIFY, STEP_READ, STEP_REVOKE,
};

static const struct task_step stopped_steps[] = {
	STEP_NOT_ELSEWHERE, STEP_WITHDRAW, STEP_GRANT,  STEP_VERIFY,
	STEP_UNCHANGED,     STEP_STORE,    STEP_REVOKE,
};

static const struct task_step running_steps[] = {
	STEP_RUNS,
	STEP_VERIFY,
	STEP_UNCHANGED,
	STEP_STORE,
};

/* What is stored comes first: a guest never has for good what its next boot would not give it. */
static const struct task_step live_steps[] = {
	STEP_RUNS,
	STEP_VERIFY,
	STEP_UNCHANGED,
	STEP_STORE,
	{
		.name = "apply",
		.probe = vm_apply_probe,
		.run = vm_apply_run,
		.timeout_ms = 60000,
		.tries = 1,
		.flags = TASK_WIDENS,
	},
	{
		.name = "mark",
		.probe = vm_apply_mark_probe,
		.run = vm_apply_mark_run,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 200,
	},
	{
		.name = "complete",
		.probe = vm_apply_complete_probe,
		.run = vm_complete_run,
		.timeout_ms = 10000,
		.tries = 1,
	},
};

static int look_beside(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_visit_runs(vm, deadline, err);

	return rc != 0 ? rc : vm_state_here(vm, deadline, err);
}

int vm_define_look(struct vm_context *vm, struct deadline deadline, struct vm_defined *ret,
		   struct err *err)
{
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	if (rc == 0 && state != DOMAIN_ABSENT) {
		rc = look_beside(vm, deadline, err);
	} else if (rc == 0) {
		rc = vm_visit_stopped(vm, TASK_NAME, VM_STEPS(look_steps), deadline, err);
	}
	if (rc == 0) {
		*ret = (struct vm_defined){
			.here = state != DOMAIN_ABSENT,
			.generation = vm->generation,
		};
	}
	return rc;
}

/* An edited mapping file says what it was made from. */
static int text_check(const struct vm_context *vm, const char *xml, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr ours;
	int rc = domain_xml_parse(xml, strlen(xml), &doc, err);

	if (rc != 0) {
		return err_prefix(err, rc, "domain definition");
	}
	ours = domain_xml_mapping(xmlDocGetRootElement(doc));
	if (ours != NULL && domain_xml_revision(ours) != vm->mapping->revision) {
		return err_set(err, -ESTALE,
			       "this text was made from revision %" PRIu64
			       " of the definition, and revision %" PRIu64
			       " is stored by now: look at 'lunmask definition diff', then begin "
			       "with 'lunmask definition show' again",
			       domain_xml_revision(ours), vm->mapping->revision);
	}
	return 0;
}

static bool same_extent(const struct extent *a, const struct extent *b)
{
	return strcmp(a->lun, b->lun) == 0 && a->offset_bytes == b->offset_bytes &&
	       a->length_bytes == b->length_bytes;
}

static bool same_drives(const struct mapping *a, const struct mapping *b)
{
	for (size_t i = 0; i < a->n_drives; i++) {
		const struct mapping_drive *mine = &a->drives[i];
		const struct mapping_drive *other = mapping_find(b, mine->drive.target);

		if (other == NULL || !same_extent(&mine->drive.extent, &other->drive.extent) ||
		    mine->drive.read_only != other->drive.read_only ||
		    strcmp(mine->designator, other->designator) != 0) {
			return false;
		}
	}
	return a->n_drives == b->n_drives;
}

/* The same LUN of the array must be the same volume. That one is smaller is the user's to accept.
 */
static int volume_check(const struct mapping_drive *was, const struct mapping_drive *is,
			struct err *err)
{
	if (was == NULL || strcmp(was->drive.extent.lun, is->drive.extent.lun) != 0 ||
	    strcmp(was->designator, is->designator) == 0) {
		return 0;
	}
	return err_set(err, -EUCLEAN,
		       "LUN '%s' is %s on the array, and the mapping file names %s: another volume "
		       "under the same name. If it is meant, take the drive from luns, set the "
		       "definition without it, and add it again",
		       is->drive.extent.lun, is->designator, was->designator);
}

static int volumes_check(const struct mapping *stored, const struct mapping *next, struct err *err)
{
	int rc = volume_check(&stored->state, &next->state, err);

	for (size_t i = 0; rc == 0 && i < next->n_drives; i++) {
		rc = volume_check(mapping_find(stored, next->drives[i].drive.target),
				  &next->drives[i], err);
	}
	return rc;
}

static int next_check(const struct vm_context *vm, const struct vm_defined *seen,
		      const struct mapping *next, struct err *err)
{
	if (g_ascii_strcasecmp(next->uuid, vm->mapping->uuid) != 0) {
		return err_set(err, -EPERM,
			       "the uuid is %s, and the VM's is %s: a guest keeps its uuid",
			       next->uuid, vm->mapping->uuid);
	}
	if ((seen->here || vm->image == IMAGE_VALID) && !same_drives(vm->mapping, next)) {
		return err_set(err, -EPERM, "%s",
			       seen->here ? "its drives cannot change while the VM runs: set luns "
					    "to those that it has, or stop it first"
					  : "its drives cannot change while its memory is saved: "
					    "set luns back, or discard its memory first");
	}
	return volumes_check(vm->mapping, next, err);
}

static int build(const struct vm_context *vm, const char *xml, const struct mapping_source *as,
		 struct mapping **ret, struct err *err)
{
	struct mapping_source source = *as;

	source.domain_xml = xml;
	source.vm = vm->settings->vm;
	source.array = vm->settings->array;
	source.drives = vm->drives;
	source.n_drives = vm->n_drives;
	source.state = &vm->state;
	source.luns = vm->luns;
	source.n_luns = vm->n_luns + vm->n_media;
	return mapping_build(&source, ret, err);
}

/* *ret: the stored file with another digest, if the new one differs in nothing else. */
static int unchanged_make(const struct vm_context *vm, const char *config,
			  const struct mapping *next, struct mapping **ret, struct err *err)
{
	const struct mapping_source as = {
		.complete = vm->mapping->complete,
		.revision = vm->mapping->revision,
		.config = config,
	};
	g_autoptr(GPtrArray) changes = NULL;
	int rc = definition_diff(vm->mapping->xml, next->xml, &changes, err);

	*ret = NULL;
	return rc != 0 || definition_diff_count(changes) > 0
		       ? rc
		       : build(vm, vm->mapping->xml, &as, ret, err);
}

static int libvirt_check(struct vm_context *vm, const struct mapping *next,
			 struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc : hypervisor_check_xml(hypervisor, next->xml, deadline, err);
}

int vm_define_make(const struct vm_context *vm, const struct vm_define_text *text,
		   struct mapping **ret, struct err *err)
{
	const struct mapping_source as = {
		.revision = vm->mapping->revision + 1,
		.config = text->config != NULL ? text->config : vm->mapping->config,
	};
	g_autofree char *xml = NULL;
	struct mapping *next = NULL;
	struct mapping *same = NULL;
	int rc = definition_keep(vm->mapping->xml, text->xml, &xml, err);

	rc = rc != 0 ? rc : build(vm, xml, &as, &next, err);
	rc = rc != 0 ? rc : unchanged_make(vm, as.config, next, &same, err);
	if (rc != 0 || same != NULL) {
		mapping_free(next);
		next = same;
	}
	if (rc == 0) {
		*ret = next;
	}
	return rc;
}

int vm_define_check(struct vm_context *vm, const struct vm_defined *seen,
		    const struct vm_define_text *text, const struct mapping *next,
		    struct deadline deadline, struct err *err)
{
	int rc = text_check(vm, text->xml, err);

	rc = rc != 0 ? rc : next_check(vm, seen, next, err);
	if (rc == 0 && !same_drives(vm->mapping, next)) {
		rc = vm_lun_owner_check_new(vm, deadline, err);
	}
	return rc != 0 ? rc : libvirt_check(vm, next, deadline, err);
}

int vm_define_running(struct vm_context *vm, struct deadline deadline, char **ret_xml,
		      struct err *err)
{
	g_autofree char *libvirts = NULL;
	int rc = vm_apply_running(vm, deadline, ret_xml, &libvirts, err);

	if (rc == 0 || libvirts == NULL) {
		return rc;
	}
	/* What a mapping file may not hold, such as a disk of this host, is shown as it is. */
	*ret_xml = g_steal_pointer(&libvirts);
	return 0;
}

int vm_define_store(struct vm_context *vm, const struct vm_defined *seen,
		    const struct mapping *next, struct vm_apply *apply, struct deadline deadline,
		    struct err *err)
{
	int rc;

	vm->mapping_next = next;
	vm->apply = apply;
	vm->generation = seen->generation;
	vm->domain_here = seen->here;
	if (!seen->here) {
		rc = vm_visit_stopped(vm, TASK_NAME, VM_STEPS(stopped_steps), deadline, err);
	} else if (apply == NULL) {
		rc = vm_visit_running(vm, TASK_NAME, VM_STEPS(running_steps), VM_VISIT_HOLD_MS,
				      deadline, err);
	} else {
		rc = vm_visit_running(vm, TASK_NAME, VM_STEPS(live_steps),
				      deadline_left_ms(deadline), deadline, err);
		apply->stored = vm->state_known && vm->mapping->revision == next->revision;
	}
	vm->mapping_next = NULL;
	vm->apply = NULL;
	return rc;
}
