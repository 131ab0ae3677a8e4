/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit_plug.h"

#include <glib.h>
#include <string.h>

#include "action/vm_visit.h"
#include "definition/definition_part.h"
#include "process/lun_process.h"
#include "process/qemu_process.h"
#include "step/vm_masks.h"
#include "unit/unit_disk.h"
#include "vm/vm_lun_owner.h"

#define LIBVIRT_ANSWER_MS 5000
#define LOOK_AGAIN_MS 200
/* A guest that is booting, or busy, may have missed the request. */
#define ASK_AGAIN_MS 10000
#define END_MS 4000

static bool connection_lost(int rc)
{
	return rc == -ENOTCONN || rc == -ECONNREFUSED;
}

static int look(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct unit *unit = vm->unit;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc
		       : hypervisor_plug_find(hypervisor, unit->settings->array,
					      unit->settings->lun, deadline, &unit->plug, err);
}

int unit_plug_look(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	bool connected = vm->hypervisor != NULL;
	int rc = look(vm, deadline, err);

	/* libvirtd may have been restarted, or an earlier call given up: once more, anew. */
	if (connected && connection_lost(rc)) {
		hypervisor_close(vm->hypervisor);
		vm->hypervisor = NULL;
		rc = look(vm, deadline, err);
	}
	return rc;
}

static bool plugged(const struct vm_context *vm)
{
	return vm->unit->plug.vm[0] != '\0';
}

int unit_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = unit_plug_look(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), err);
	pid_t pid = 0;

	if (rc == 0) {
		return plugged(vm) ? TASK_NOT_DONE : TASK_DONE;
	}
	/* A guest that is not there has nothing. */
	return vm->unit->vm[0] != '\0' && qemu_process_find(vm->unit->vm, &pid, NULL) == 0 &&
			       pid == 0
		       ? TASK_DONE
		       : rc;
}

int unit_gone_confirm(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = unit_plug_look(vm, deadline, err);

	return rc != 0 || !plugged(vm)
		       ? rc
		       : err_set(err, -EBUSY, "VM '%s' has LUN %s as drive %s", vm->unit->plug.vm,
				 vm->unit->settings->lun, vm->unit->plug.target);
}

/* Checks */

/* A guest's libvirt has the secret for its own drives only while it starts. */
int unit_login_check(const struct vm_context *vm, struct err *err)
{
	return vm->chap == NULL ? 0
				: err_set(err, -ENOTSUP,
					  "name LUN %s in luns of a VM: array %s wants CHAP, and a "
					  "LogicalUnit cannot log in with it",
					  vm->unit->settings->lun, vm->array.name);
}

int unit_vm_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const char *name = vm->unit->vm;
	struct hypervisor *hypervisor;
	enum domain_state state;
	int rc = unit_login_check(vm, err);

	rc = rc != 0 ? rc : vm_hypervisor(vm, deadline, &hypervisor, err);
	rc = rc != 0 ? rc : hypervisor_domain_state(hypervisor, name, deadline, &state, err);
	if (rc != 0 || state == DOMAIN_RUNNING || state == DOMAIN_PAUSED) {
		return rc;
	}
	if (state == DOMAIN_ABSENT) {
		return err_set(err, -ENOENT,
			       "start VM '%s' on this node first, and order and colocate this "
			       "resource with it: it is not here",
			       name);
	}
	return err_set(err, -EBUSY, "VM '%s' cannot be given a drive while it is %s", name,
		       domain_state_to_str(state));
}

/* Something here that has the LUN otherwise: as its own drive. */
static int other_use_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor_lun_use use;
	const char *except = vm->unit->plug.vm;
	int rc = hypervisor_lun_use(vm->hypervisor, vm->array.name, vm->lun_names, vm->n_luns,
				    except, deadline, &use, err);

	return rc != 0 || use.vm[0] == '\0'
		       ? rc
		       : err_set(err, -EPERM,
				 "take LUN %s from VM '%s', which runs here and has it, or name "
				 "another one",
				 vm->unit->settings->lun, use.vm);
}

/* A guest that has it already: an earlier process of this task, or one from before. */
static int plug_is_ours(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const struct unit *unit = vm->unit;
	struct vm_holding holding = {.any = false};
	int rc;

	if (strcmp(unit->plug.vm, unit->vm) != 0 ||
	    strcmp(unit->plug.target, unit->settings->drive) != 0) {
		return err_set(err, -EPERM,
			       "stop this resource on this node first (crm_resource --force-stop): "
			       "VM '%s' has LUN %s as drive %s",
			       unit->plug.vm, unit->settings->lun, unit->plug.target);
	}
	rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);
	return rc != 0 || holding.any
		       ? rc
		       : err_set(err, -EPERM,
				 "detach drive %s from VM '%s' (virsh detach-disk %s %s), or stop "
				 "the VM: it is left from before a fencing or revoke, and what the "
				 "guest has not written yet must not reach the LUN now",
				 unit->plug.target, unit->plug.vm, unit->plug.vm,
				 unit->plug.target);
}

static int use_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = unit_plug_look(vm, deadline, err);

	rc = rc == 0 && plugged(vm) ? plug_is_ours(vm, deadline, err) : rc;
	return rc != 0 ? rc : other_use_check(vm, deadline, err);
}

int unit_owner_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_lun_owner_check_new(vm, deadline, err);

	return rc != 0 ? rc : use_check(vm, deadline, err);
}

int unit_process_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct lun *lun = &vm->luns[0];
	const char *designator = vm->unit->settings->designator;
	struct lun_process process;
	/*
	 * What the guest came with in a live migration stays on its QEMU's command line, also when
	 * it is unplugged; what it has as its own, the check "owner" has found.
	 */
	int rc = lun_process_find(lun->target, lun->number, vm->unit->vm, &process, err);

	(void)deadline;
	if (rc == 0 && process.pid != 0) {
		rc = err_set(err, -EPERM, "end process %ld (%s) first: it has LUN %s open here",
			     (long)process.pid, process.name, lun->name);
	}
	if (rc == 0 && designator != NULL && strcmp(designator, lun->designator) != 0) {
		rc = err_set(err, -EUCLEAN,
			     "LUN %s is %s on the array, and the parameter designator names %s: "
			     "find out which volume it is",
			     lun->name, lun->designator, designator);
	}
	return rc;
}

/* plug */

static int definition_read(struct vm_context *vm, const char *name, struct deadline deadline,
			   char **ret, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc : hypervisor_domain_xml(hypervisor, name, deadline, ret, err);
}

int unit_plug_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct unit *unit = vm->unit;
	g_autofree char *definition = NULL;
	int rc = use_check(vm, deadline, err);

	if (rc != 0 || !plugged(vm)) {
		return rc != 0 ? rc : TASK_NOT_DONE;
	}
	rc = definition_read(vm, unit->plug.vm, deadline, &definition, err);
	if (rc == 0 && !unit_disk_is(definition, unit->plug.target, &vm->luns[0])) {
		rc = err_set(err, -EPERM,
			     "stop this resource on this node first (crm_resource --force-stop): "
			     "drive %s of VM '%s' was plugged in when LUN %s had another address",
			     unit->plug.target, unit->plug.vm, unit->settings->lun);
	}
	return rc != 0 ? rc : TASK_DONE;
}

static int attach(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const struct unit *unit = vm->unit;
	const struct unit_disk disk = {
		.array = unit->settings->array,
		.lun = &vm->luns[0],
		.drive = unit->settings->drive,
		.initiator = vm->self->initiator,
		.portal = vm->source,
	};
	g_autofree char *xml = NULL;
	/* Again, now that nobody can begin anything with the VM. */
	int rc = unit_vm_check(vm, deadline, err);

	rc = rc != 0 ? rc : unit_disk_xml(&disk, &xml, err);
	rc = rc != 0 ? rc : hypervisor_attach(vm->hypervisor, unit->vm, xml, deadline, err);
	return rc == 0 ? 0
		       : err_prefix(err, rc, "plugging drive %s into VM '%s'",
				    unit->settings->drive, unit->vm);
}

int unit_plug_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_journal of_vm;
	int rc = vm_visit_no_recovery(vm->unit->vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	rc = vm_journal_init(&of_vm, VM_ACTION_RECONCILE, vm->unit->vm, vm->node, "", "", err);
	rc = rc != 0 ? rc : vm_journal_claim(&of_vm, deadline, err);
	if (rc == 0) {
		rc = attach(vm, deadline, err);
		(void)vm_journal_end(&of_vm, rc == 0 ? JOURNAL_DONE : JOURNAL_FAILED, NULL,
				     rc == 0 ? "" : err_text(err), deadline_in(END_MS), NULL);
	}
	vm_journal_release(&of_vm);
	return rc;
}

/* unplug */

/* That the guest is being asked already is an error of libvirt, too: what counts is the look. */
static void detach_ask(struct vm_context *vm, struct deadline deadline, struct err *why)
{
	const struct hypervisor_plug *plug = &vm->unit->plug;
	g_autofree char *definition = NULL;
	g_autofree char *disk = NULL;
	int rc = definition_read(vm, plug->vm, deadline, &definition, why);

	rc = rc != 0 ? rc : definition_disk(definition, plug->target, &disk, why);
	if (rc == 0) {
		(void)hypervisor_detach(vm->hypervisor, plug->vm, disk, deadline, why);
	}
}

/* -EPERM: the guest has it still. */
static int detached_wait(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct deadline until = deadline_within(deadline, vm->unit->settings->detach_ms);
	int64_t asked_ms = 0;
	struct err why = ERR_INIT;

	do {
		int rc = unit_plug_look(vm, deadline, err);

		if (rc != 0 || !plugged(vm)) {
			return rc;
		}
		if (asked_ms == 0 || deadline_now_ms() - asked_ms >= ASK_AGAIN_MS) {
			asked_ms = deadline_now_ms();
			detach_ask(vm, until, &why);
		}
	} while (deadline_pause(until, LOOK_AGAIN_MS));
	return err_set(err, -EPERM,
		       "unmount drive %s in the guest of VM '%s', which has not let go of it; LUN "
		       "%s stays granted (force_detach=true cuts it off)%s%s",
		       vm->unit->plug.target, vm->unit->plug.vm, vm->unit->settings->lun,
		       err_text(&why)[0] == '\0' ? "" : ": ", err_text(&why));
}

int unit_unplug_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return vm->unit->forced ? TASK_DONE : unit_gone_probe(context, deadline, err);
}

int unit_unplug_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct err why = ERR_INIT;
	int rc = detached_wait(vm, deadline, &why);

	if (rc == -EPERM && vm->unit->settings->force_detach) {
		vm->unit->forced = true;
		(void)err_prefix(&why, 0, "the LUN is cut off under the guest");
		unit_tell(vm, "stop", "unplug", &why);
		return 0;
	}
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&why));
}

int unit_plug_undo(void *context, struct deadline deadline, struct err *err)
{
	return detached_wait(context, deadline, err);
}
