/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_apply.h"

#include <errno.h>
#include <string.h>

#include "action/vm_complete.h"
#include "definition/definition_part.h"
#include "domain/domain_xml.h"

#define LOOK_AGAIN_MS 200
#define ANSWER_MS 10000 /* for the guest, after libvirt has asked it */

#define ASKED "the guest was asked, and has not done it yet"

/* What libvirt is called for. */
typedef int apply_fn(struct hypervisor *hypervisor, const char *vm,
		     const struct definition_plan_item *item, struct deadline deadline,
		     struct err *err);

static int memory_set(struct hypervisor *hypervisor, const char *vm,
		      const struct definition_plan_item *item, struct deadline deadline,
		      struct err *err)
{
	return hypervisor_set_memory(hypervisor, vm, item->amount, deadline, err);
}

static int vcpus_set(struct hypervisor *hypervisor, const char *vm,
		     const struct definition_plan_item *item, struct deadline deadline,
		     struct err *err)
{
	return hypervisor_set_vcpus(hypervisor, vm, (unsigned int)item->amount, deadline, err);
}

static int attach(struct hypervisor *hypervisor, const char *vm,
		  const struct definition_plan_item *item, struct deadline deadline,
		  struct err *err)
{
	return hypervisor_attach(hypervisor, vm, item->xml, deadline, err);
}

static int detach(struct hypervisor *hypervisor, const char *vm,
		  const struct definition_plan_item *item, struct deadline deadline,
		  struct err *err)
{
	return hypervisor_detach(hypervisor, vm, item->xml, deadline, err);
}

static int update(struct hypervisor *hypervisor, const char *vm,
		  const struct definition_plan_item *item, struct deadline deadline,
		  struct err *err)
{
	return hypervisor_update(hypervisor, vm, item->xml, deadline, err);
}

static apply_fn *const calls[PLAN_BOOT] = {
	[PLAN_MEMORY] = memory_set, [PLAN_VCPUS] = vcpus_set, [PLAN_ATTACH] = attach,
	[PLAN_DETACH] = detach,     [PLAN_UPDATE] = update,
};

static int libvirts_read(struct vm_context *vm, struct deadline deadline, char **ret,
			 struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc
		       : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, ret, err);
}

int vm_apply_running(struct vm_context *vm, struct deadline deadline, char **ret_runs,
		     char **ret_libvirts, struct err *err)
{
	struct mapping as = *vm->mapping;
	struct mapping *made;
	AUTO_XML doc = NULL;
	int rc = libvirts_read(vm, deadline, ret_libvirts, err);

	rc = rc != 0 ? rc : domain_xml_parse(*ret_libvirts, strlen(*ret_libvirts), &doc, err);
	if (rc != 0) {
		return rc;
	}
	as.revision = domain_xml_revision(domain_xml_mapping(xmlDocGetRootElement(doc)));
	rc = mapping_complete(&as, *ret_libvirts, vm->luns, vm->n_luns + vm->n_media, &made, err);
	if (rc == 0) {
		*ret_runs = g_strdup(made->xml);
		mapping_free(made);
	}
	return rc;
}

/* *ret_booted: the revision that the domain has. */
static int plan_make(struct vm_context *vm, const char *next, struct deadline deadline,
		     struct definition_plan **ret, uint64_t *ret_booted, struct err *err)
{
	g_autofree char *libvirts = NULL;
	g_autofree char *runs = NULL;
	int rc = vm_apply_running(vm, deadline, &runs, &libvirts, err);

	if (rc != 0) {
		return rc;
	}
	*ret_booted = definition_revision(libvirts);
	return definition_plan_make(libvirts, runs, next, ret, err);
}

int vm_apply_plan(struct vm_context *vm, const struct mapping *next, struct deadline deadline,
		  struct vm_apply **ret, struct err *err)
{
	struct definition_plan *plan;
	struct vm_apply *apply;
	uint64_t booted;
	int rc = plan_make(vm, next->xml, deadline, &plan, &booted, err);

	if (rc != 0) {
		return err_prefix(err, rc,
				  "what runs cannot be compared with the definition, which can "
				  "only be stored, without --live");
	}
	apply = g_new0(struct vm_apply, 1);
	*apply = (struct vm_apply){
		.plan = plan,
		.results = g_new0(struct vm_apply_result, plan->n_now),
		.next = next->xml,
		/* What was stored since its boot may differ where libvirt cannot tell: <cpu>. */
		.whole = plan->whole && booted == vm->mapping->revision,
	};
	*ret = apply;
	return 0;
}

void vm_apply_free(struct vm_apply *apply)
{
	if (apply != NULL) {
		definition_plan_free(apply->plan);
		g_free(apply->results);
		g_free(apply);
	}
}

void vm_apply_drop(struct vm_apply **apply)
{
	vm_apply_free(*apply);
	*apply = NULL;
}

static const struct definition_plan_item *item_at(const struct vm_apply *apply, size_t i)
{
	return g_ptr_array_index(apply->plan->items, i);
}

char *vm_apply_text(const struct vm_apply *apply)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < apply->plan->n_now; i++) {
		const struct definition_plan_item *item = item_at(apply, i);
		const struct vm_apply_result *result = &apply->results[i];

		g_string_append_printf(text, "%s: %s%s\n", item->key,
				       result->state == VM_APPLY_DONE ? "" : "at its next boot: ",
				       result->state == VM_APPLY_DONE
					       ? definition_plan_done(item->kind)
				       : result->state == VM_APPLY_REFUSED ? err_text(&result->why)
				       : result->state == VM_APPLY_ASKED   ? ASKED
									   : "not tried");
	}
	return g_string_free(text, FALSE);
}

/* Which of the changes does the guest have by now? *ret_open: those that it has not. */
static int look(struct vm_context *vm, struct deadline deadline, size_t *ret_open, struct err *err)
{
	struct definition_plan *now __attribute__((cleanup(definition_plan_drop))) = NULL;
	struct vm_apply *apply = vm->apply;
	uint64_t booted;
	int rc = plan_make(vm, apply->next, deadline, &now, &booted, err);

	*ret_open = 0;
	for (size_t i = 0; rc == 0 && i < apply->plan->n_now; i++) {
		struct vm_apply_result *result = &apply->results[i];

		if (definition_plan_find(now, item_at(apply, i)->key) == NULL) {
			result->state = VM_APPLY_DONE;
		} else {
			(*ret_open)++;
			/* It was done, and somebody has undone it. */
			result->state =
				result->state == VM_APPLY_DONE ? VM_APPLY_OPEN : result->state;
		}
	}
	return rc;
}

int vm_apply_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	size_t open;
	int rc = look(vm, deadline, &open, err);

	return rc != 0 ? rc : open == 0 ? TASK_DONE : TASK_NOT_DONE;
}

static void call_each(struct vm_context *vm, struct deadline deadline)
{
	struct vm_apply *apply = vm->apply;

	for (size_t i = 0; i < apply->plan->n_now; i++) {
		const struct definition_plan_item *item = item_at(apply, i);
		struct vm_apply_result *result = &apply->results[i];

		if (result->state == VM_APPLY_DONE) {
			continue;
		}
		result->why = (struct err)ERR_INIT;
		result->state = calls[item->kind](vm->hypervisor, vm->settings->vm, item, deadline,
						  &result->why) == 0
					? VM_APPLY_ASKED
					: VM_APPLY_REFUSED;
	}
}

static size_t asked_count(const struct vm_apply *apply)
{
	size_t count = 0;

	for (size_t i = 0; i < apply->plan->n_now; i++) {
		count += apply->results[i].state == VM_APPLY_ASKED ? 1 : 0;
	}
	return count;
}

/* The first that was not done, and how many. */
static int undone_tell(const struct vm_apply *apply, size_t open, struct err *err)
{
	size_t i = 0;

	while (apply->results[i].state == VM_APPLY_DONE) {
		i++;
	}
	return err_set(err, -EIO, "%zu of %zu changes failed: %s: %s", open, apply->plan->n_now,
		       item_at(apply, i)->key,
		       apply->results[i].state == VM_APPLY_REFUSED
			       ? err_text(&apply->results[i].why)
			       : ASKED);
}

int vm_apply_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct deadline answer;
	size_t open;
	int rc;

	call_each(vm, deadline);
	answer = deadline_within(deadline, ANSWER_MS);
	do {
		rc = look(vm, deadline, &open, err);
	} while (rc == 0 && asked_count(vm->apply) > 0 && deadline_pause(answer, LOOK_AGAIN_MS));
	return rc != 0 ? rc : open == 0 ? 0 : undone_tell(vm->apply, open, err);
}

int vm_apply_mark_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *libvirts = NULL;
	int rc = vm->apply->whole ? libvirts_read(vm, deadline, &libvirts, err) : 0;

	return rc != 0 ? rc
	       : !vm->apply->whole || definition_revision(libvirts) == vm->mapping->revision
		       ? TASK_DONE
		       : TASK_NOT_DONE;
}

int vm_apply_mark_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *ours = NULL;
	int rc = definition_mapping(vm->mapping->xml, vm->mapping->revision, &ours, err);

	return rc != 0 ? rc
		       : hypervisor_set_mapping(vm->hypervisor, vm->settings->vm, ours, deadline,
						err);
}

int vm_apply_complete_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return vm->apply->whole ? vm_complete_probe(vm, deadline, err) : TASK_DONE;
}
