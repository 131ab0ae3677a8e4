/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_boot.h"

#include <assert.h>
#include <glib.h>
#include <stdlib.h>

#include "media/vm_secret.h"
#include "media/vm_tpm.h"
#include "step/vm_save.h"
#include "step/vm_state.h"
#include "vm/vm_definition.h"

/*
 * The longest chain: a crashed domain beside a valid image is settled, then cleared, then booted.
 */
#define DECISIONS_MAX 3

/*
 * What a paused domain holds depends on the state of the image:
 * - Valid image: an agent was killed while it restored the domain. No vCPU has run, and the image
 *   still holds everything.
 * - Consumed image: the domain is the only copy of the guest's memory.
 * - It has arrived by a live migration and was not started: the source may have gone on with the
 *   guest. If the journal says that it has not (vm_journal_sent()), the domain counts as paused.
 * - Neither: libvirt reports "paused by a migration" both after a restore and for an incoming live
 *   migration. Here it is an incoming migration, whose memory is incomplete.
 */
static const struct {
	enum vm_boot_action valid;
	enum vm_boot_action consumed;
	enum vm_boot_action other;
} decisions[] = {
	[DOMAIN_ABSENT] = {VM_BOOT_RESTORE, VM_BOOT_FRESH, VM_BOOT_FRESH},
	[DOMAIN_RUNNING] = {VM_BOOT_DROP_IMAGE, VM_BOOT_DROP_IMAGE, VM_BOOT_NOTHING},
	[DOMAIN_PAUSED] = {VM_BOOT_DESTROY, VM_BOOT_RESUME, VM_BOOT_RESUME},
	[DOMAIN_PAUSED_IO_ERROR] = {VM_BOOT_DROP_IMAGE, VM_BOOT_RESUME, VM_BOOT_RESUME},
	[DOMAIN_PAUSED_MIGRATION] = {VM_BOOT_DESTROY, VM_BOOT_RESUME, VM_BOOT_DESTROY},
	[DOMAIN_PAUSED_STARTING] = {VM_BOOT_DESTROY, VM_BOOT_RESUME, VM_BOOT_RESUME},
	[DOMAIN_SHUTTING_DOWN] = {VM_BOOT_WAIT, VM_BOOT_WAIT, VM_BOOT_WAIT},
	[DOMAIN_SUSPENDED] = {VM_BOOT_DROP_IMAGE, VM_BOOT_DROP_IMAGE, VM_BOOT_NOTHING},
	[DOMAIN_CRASHED] = {VM_BOOT_DROP_IMAGE, VM_BOOT_DESTROY, VM_BOOT_DESTROY},
	[DOMAIN_ARRIVED] = {VM_BOOT_DESTROY, VM_BOOT_DESTROY, VM_BOOT_DESTROY},
	[DOMAIN_LOST] = {VM_BOOT_REFUSE, VM_BOOT_REFUSE, VM_BOOT_REFUSE},
};

static_assert(G_N_ELEMENTS(decisions) == DOMAIN_STATE_MAX, "a domain state without a decision");

/* The state that counts in the table. */
static int counted_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			 struct err *err)
{
	int rc = vm_domain_state(vm, deadline, ret, err);

	if (rc == 0 && *ret == DOMAIN_ARRIVED && vm_journal_sent(&vm->journal)) {
		*ret = DOMAIN_PAUSED;
	}
	return rc;
}

enum vm_boot_action vm_boot_decide(enum domain_state domain, enum image_state image)
{
	if ((int)domain < 0 || domain >= DOMAIN_STATE_MAX) {
		return VM_BOOT_INVALID;
	}
	switch (image) {
	case IMAGE_VALID: return decisions[domain].valid;
	case IMAGE_CONSUMED: return decisions[domain].consumed;
	default: return decisions[domain].other;
	}
}

int vm_boot_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc = counted_state(vm, deadline, &state, err);

	if (rc == 0 && !vm->state_known) {
		rc = vm_state_load(vm, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (vm_boot_decide(state, vm->image) == VM_BOOT_NOTHING) {
		return TASK_DONE;
	}
	(void)err_set(err, 0, "the domain is %s", domain_state_to_str(state));
	return TASK_NOT_DONE;
}

static void string_drop(char **text)
{
	free(*text);
}

/*
 * A call that failed may have created the domain, or libvirt may create it later. Only a domain
 * that existed before the call (-EEXIST) is not ours to undo.
 */
static int domain_made(struct vm_context *vm, int rc)
{
	vm->domain_created = vm->domain_created || rc != -EEXIST;
	return rc;
}

/* An image state in the slot belongs to an earlier run of the guest. */
static int boot_fresh(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct mapping_host here = vm_definition_here(vm);
	char *xml __attribute__((cleanup(string_drop))) = NULL;
	int rc = vm_definition_stored(vm, &here, &xml, err);

	/* Before the image is given up, and with it the guest's memory. */
	rc = rc != 0 ? rc : vm_tpm_renew(vm, deadline, err);
	if (rc == 0 && vm->image != IMAGE_NONE) {
		rc = vm_state_store(vm, IMAGE_NONE, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = vm_secret_give(vm, deadline, err);
	if (rc == 0) {
		rc = domain_made(vm, hypervisor_create(vm->hypervisor, xml, deadline, err));
	}
	vm_secret_take(vm, vm->hypervisor, deadline);
	return vm_tpm_explain(vm, rc, err);
}

/*
 * *ret_refused: the array has given the image, and it cannot be restored, at least not here.
 * Without that, the image may be good, and another try or another host may restore it.
 */
static int image_load_paused(struct vm_context *vm, struct deadline deadline, bool *ret_refused,
			     struct err *err)
{
	struct mapping_host here = vm_definition_here(vm);
	char *xml __attribute__((cleanup(string_drop))) = NULL;
	struct image_export *export;
	int rc = vm_tpm_renew(vm, deadline, err);

	rc = rc != 0 ? rc : vm_image_open(vm, deadline, &export, err);
	if (rc != 0) {
		return rc;
	}
	/* Of an image of an older lunmask, it is only known how large it may be. */
	rc = vm_save_time(vm, export, MEMORY_RESTORE,
			  vm->image_bytes != 0 ? vm->image_bytes : vm->mapping->memory_bytes,
			  deadline, err);
	rc = rc != 0 ? rc
		     : vm_definition_image(vm, image_export_file(export), &here, deadline, &xml,
					   err);
	rc = rc != 0 ? rc : vm_secret_give(vm, deadline, err);
	if (rc == 0) {
		rc = domain_made(vm, hypervisor_restore_paused(vm->hypervisor,
							       image_export_file(export), xml,
							       deadline, err));
	}
	vm_secret_take(vm, vm->hypervisor, deadline);
	*ret_refused = rc == -EIO || rc == -EINVAL || rc == -EUCLEAN;
	/* The image was only read, so an error at the end of its export changes nothing. */
	(void)image_export_close(export, deadline, NULL);
	return rc;
}

/* A guest that runs no longer needs the image; a crash before the slot says so does no harm. */
static int boot_resume(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err);

	if (rc == 0 && vm->image != IMAGE_NONE) {
		rc = vm_state_store(vm, IMAGE_NONE, deadline, err);
	}
	return rc;
}

static void tell(const struct vm_context *vm, int64_t since_ms, const struct err *why)
{
	struct task_event event = {
		.kind = TASK_STEP_FAILED,
		.task = "start",
		.step = "restore",
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(why),
	};

	vm_report_event(vm, &event);
}

/* The administrator prefers a boot to a VM that does not start. A migration never boots a guest. */
static bool boot_instead(const struct vm_context *vm, bool image_only)
{
	return !image_only && vm->settings->on_restore_failure == VM_RESTORE_BOOT;
}

/*
 * What failed may have left a domain, whose vCPUs never ran: it is destroyed before anything else
 * is done with the image.
 */
static int restore_give_up(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = hypervisor_destroy(vm->hypervisor, vm->settings->vm, deadline, err);

	return rc != 0 ? rc : boot_fresh(vm, deadline, err);
}

static int restore_refused(struct vm_context *vm, int rc, bool image_only, int64_t since_ms,
			   struct deadline deadline, struct err *err)
{
	if (boot_instead(vm, image_only)) {
		(void)err_prefix(err, rc,
				 "on_restore_failure=boot: the guest is booted, and its saved "
				 "memory given up");
		tell(vm, since_ms, err);
		return restore_give_up(vm, deadline, err);
	}
	return err_prefix(err, rc,
			  "'lunmask image discard %s', or on_restore_failure=boot, boots without "
			  "the saved memory, which cannot be restored here",
			  vm->settings->vm);
}

/* Load the image into a paused domain, mark it consumed durably, and only then let a vCPU run. */
static int boot_restore(struct vm_context *vm, bool image_only, struct deadline deadline,
			struct err *err)
{
	int64_t since_ms = deadline_now_ms();
	bool refused = false;
	int rc = image_load_paused(vm, deadline, &refused, err);

	if (rc != 0 && refused) {
		return restore_refused(vm, rc, image_only, since_ms, deadline, err);
	}
	if (rc != 0) {
		return err_prefix(err, rc,
				  "the saved memory on LUN %s was not restored (it is kept)",
				  vm->state.lun);
	}
	rc = vm_state_store(vm, IMAGE_CONSUMED, deadline, err);
	if (rc != 0) {
		/*
		 * The write may have taken effect in spite of the error: read the slot to find out.
		 */
		vm->image_consumed =
			vm_state_load(vm, deadline, NULL) != 0 || vm->image != IMAGE_VALID;
		return err_prefix(err, rc, "the image was loaded but not marked as consumed");
	}
	vm->image_consumed = true;
	return boot_resume(vm, deadline, err);
}

static int boot_act(struct vm_context *vm, enum vm_boot_action action, bool image_only,
		    struct deadline deadline, struct err *err)
{
	switch (action) {
	case VM_BOOT_NOTHING: return 0;
	case VM_BOOT_FRESH: return boot_fresh(vm, deadline, err);
	case VM_BOOT_RESTORE: return boot_restore(vm, image_only, deadline, err);
	case VM_BOOT_RESUME: return boot_resume(vm, deadline, err);
	case VM_BOOT_DESTROY:
		return hypervisor_destroy(vm->hypervisor, vm->settings->vm, deadline, err);
	case VM_BOOT_DROP_IMAGE: return vm_state_store(vm, IMAGE_NONE, deadline, err);
	case VM_BOOT_WAIT:
		return hypervisor_wait_gone(vm->hypervisor, vm->settings->vm, deadline, err);
	case VM_BOOT_REFUSE:
		return err_set(
			err, -EBUSY,
			"stop VM '%s' here first: its QEMU runs, and libvirt does not know it",
			vm->settings->vm);
	case VM_BOOT_INVALID: break;
	}
	return err_set(err, -EINVAL, "the state of the domain is unknown");
}

static bool action_is_last(enum vm_boot_action action)
{
	return action != VM_BOOT_DESTROY && action != VM_BOOT_DROP_IMAGE && action != VM_BOOT_WAIT;
}

/* Would the action lose the guest's memory, with no image to restore it from? */
static bool action_loses_memory(enum vm_boot_action action, enum image_state image)
{
	return action == VM_BOOT_FRESH || (action == VM_BOOT_DESTROY && image != IMAGE_VALID);
}

static int boot_decided(struct vm_context *vm, bool image_only, struct deadline deadline,
			struct err *err)
{
	unsigned int i;

	for (i = 0; i < DECISIONS_MAX; i++) {
		enum vm_boot_action action;
		enum domain_state state;
		int rc = counted_state(vm, deadline, &state, err);

		if (rc == 0 && !vm->state_known) {
			rc = vm_state_load(vm, deadline, err);
		}
		if (rc != 0) {
			return rc;
		}
		action = vm_boot_decide(state, vm->image);
		if (image_only && action_loses_memory(action, vm->image)) {
			return err_set(err, -ENOENT,
				       "the domain is %s and LUN %s holds no saved memory to "
				       "restore (%s); a migration never boots a guest",
				       domain_state_to_str(state), vm->state.lun,
				       image_state_to_str(vm->image));
		}
		rc = boot_act(vm, action, image_only, deadline, err);
		if (rc != 0 || action_is_last(action)) {
			return rc;
		}
	}
	return err_set(err, -EAGAIN, "the domain changes its state while it is being started");
}

int vm_boot_run(void *context, struct deadline deadline, struct err *err)
{
	return boot_decided(context, false, deadline, err);
}

int vm_restore_run(void *context, struct deadline deadline, struct err *err)
{
	return boot_decided(context, true, deadline, err);
}

int vm_boot_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc;

	if (!vm->domain_created) {
		return 0;
	}
	rc = vm_domain_state(vm, deadline, &state, err);
	if (rc != 0 || state == DOMAIN_ABSENT) {
		return rc;
	}
	if (vm->image_consumed) {
		return err_set(err, -EBUSY,
			       "the domain (%s) is the only copy of the guest's memory and is "
			       "left as it is; start the resource here again to resume it",
			       domain_state_to_str(state));
	}
	return hypervisor_destroy(vm->hypervisor, vm->settings->vm, deadline, err);
}
