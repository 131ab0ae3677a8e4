/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <assert.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "action/vm_regrant.h"
#include "process/qemu_process.h"
#include "rules/path_verdict.h"
#include "step/vm_masks.h"
#include "still/still_record.h"
#include "survey/vm_lun_health.h"
#include "survey/vm_strays.h"
#include "vm/vm_context.h"
#include "media/vm_media.h"
#include "media/vm_tpm.h"

/*
 * Is the VM healthy on this host? Level 0 asks libvirt for the domain and looks for its process. It
 * asks the array only for a domain that is paused after an I/O error, and in a probe that finds the
 * domain. If libvirtd is down or hangs, the QEMU process decides, because that is no reason to
 * restart a guest.
 *
 * A lost path is DEGRADED, never FAILED: Pacemaker can still live-migrate a degraded guest.
 */
#define LIBVIRT_ANSWER_MS 10000
#define FENCED_ANSWER_MS 5000
#define LUNMASKD_ANSWER_MS 2000
#define STILL_MEND_MS 8000

static const enum vm_health healths[] = {
	[DOMAIN_ABSENT] = VM_STOPPED,
	[DOMAIN_RUNNING] = VM_RUNNING,
	[DOMAIN_PAUSED] = VM_DEGRADED,
	[DOMAIN_PAUSED_IO_ERROR] = VM_FAILED,
	[DOMAIN_PAUSED_MIGRATION] = VM_DEGRADED,
	[DOMAIN_PAUSED_STARTING] = VM_DEGRADED,
	[DOMAIN_SHUTTING_DOWN] = VM_RUNNING,
	[DOMAIN_SUSPENDED] = VM_RUNNING,
	[DOMAIN_CRASHED] = VM_FAILED,
	[DOMAIN_ARRIVED] = VM_DEGRADED,
	[DOMAIN_LOST] = VM_FAILED,
};

static_assert(G_N_ELEMENTS(healths) == DOMAIN_STATE_MAX, "a domain state without a health");

static int health_without_libvirt(const struct vm_settings *settings, const struct err *cause,
				  enum vm_health *ret, struct err *err)
{
	pid_t pid;
	int rc = qemu_process_find(settings->vm, &pid, err);

	if (rc != 0) {
		return rc;
	}
	*ret = pid == 0 ? VM_STOPPED : VM_DEGRADED;
	if (pid != 0) {
		(void)err_set(
			err, 0,
			"libvirt does not report the domain's state (%s); QEMU runs as process %ld",
			err_text(cause), (long)pid);
	}
	return 0;
}

/* on_ioerror=resume: the guest retries its request. QEMU pauses it again if that fails as well. */
static void io_error_resume(struct vm_context *vm, struct deadline deadline, enum vm_health *health,
			    struct err *err)
{
	enum domain_state state;

	if (hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err) == 0 &&
	    vm_domain_state(vm, deadline, &state, err) == 0 && state == DOMAIN_RUNNING) {
		*health = VM_DEGRADED;
		(void)err_set(err, 0, "the guest was paused after an I/O error and was resumed");
	}
}

/* If the array does not answer, the host does not count as fenced, and on_ioerror decides. */
static bool host_is_fenced(struct vm_context *vm, struct deadline deadline)
{
	struct array_fenced fenced;
	bool found;

	if (vm_settings_parse(vm->settings, vm, NULL) != 0 ||
	    vm_config_apply(vm, NULL, deadline, NULL) != 0 ||
	    array_fenced(&vm->array, deadline_within(deadline, FENCED_ANSWER_MS), &fenced, NULL) !=
		    0) {
		return false;
	}
	found = array_fenced_has(&fenced, vm->self->initiator);
	array_fenced_release(&fenced);
	return found;
}

/* On a fenced host, lunmask-cutoff kills the guest earlier if it is running. */
static void io_error_judge(struct vm_context *vm, struct deadline deadline, enum vm_health *health,
			   struct err *err)
{
	if (host_is_fenced(vm, deadline)) {
		*health = VM_FAILED;
		(void)err_set(
			err, 0,
			"array %s has this host fenced: the guest is paused after an I/O error "
			"and can write nothing; is lunmask-cutoff running?",
			vm->array.name);
		return;
	}
	(void)err_set(
		err, 0,
		"check the array and the paths to it: the guest is paused after an I/O error");
	switch (vm->settings->on_ioerror) {
	case VM_IOERROR_FAIL: *health = VM_FAILED; break;
	case VM_IOERROR_RESUME: io_error_resume(vm, deadline, health, err); break;
	case VM_IOERROR_REPORT: *health = VM_DEGRADED; break;
	}
}

/*
 * libvirtd takes a moment to notice that a QEMU process was killed, and the next monitor would
 * report it anyway. But a probe at that moment, after a fencing, would make the cluster believe
 * that the VM runs on two hosts, and stop the one that does run.
 */
static bool has_no_process(const struct vm_settings *settings)
{
	pid_t pid;

	return qemu_process_find(settings->vm, &pid, NULL) == 0 && pid == 0;
}

/*
 * On a fenced host the domain is left from before the fencing. It has no LUNs, the cluster has
 * given it up, and it is killed before the host is unfenced. If a probe called it running, the
 * cluster would stop the healthy one.
 */
static bool given_up(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	if (!host_is_fenced(vm, deadline)) {
		return false;
	}
	(void)err_set(err, 0,
		      "array %s has this host fenced: what is left of the VM here does not count",
		      vm->array.name);
	return true;
}

/* A probe only reports whether something is here; it does not act. */
static int domain_look(struct vm_context *vm, bool probe, struct deadline deadline,
		       enum vm_health *ret, struct err *err)
{
	struct err libvirt_err = ERR_INIT;
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &state,
				 &libvirt_err);

	if (rc != 0) {
		return health_without_libvirt(vm->settings, &libvirt_err, ret, err);
	}
	*ret = healths[state];
	if (*ret != VM_STOPPED && has_no_process(vm->settings)) {
		*ret = VM_STOPPED;
		return 0;
	}
	if (state == DOMAIN_PAUSED_IO_ERROR && !probe) {
		io_error_judge(vm, deadline, ret, err);
	} else if (*ret == VM_DEGRADED || *ret == VM_FAILED) {
		(void)err_set(err, 0, "the domain is %s", domain_state_to_str(state));
	}
	return 0;
}

/*
 * The process is looked for again, because while the array answers the domain may be killed and the
 * host unfenced.
 */
static int domain_health(struct vm_context *vm, bool probe, struct deadline deadline,
			 enum vm_health *ret, struct err *err)
{
	int rc = domain_look(vm, probe, deadline, ret, err);

	if (rc == 0 && probe && *ret != VM_STOPPED &&
	    (given_up(vm, deadline, err) || has_no_process(vm->settings))) {
		*ret = VM_STOPPED;
	}
	return rc;
}

static void degraded(enum vm_health *health, struct err *err, const struct err *why)
{
	*health = VM_DEGRADED;
	(void)err_set(err, 0, "%s", err_text(why));
}

/* A snapshot that was killed, with the process that cared for the guest, is undone here. */
static void still_judge(const struct vm_settings *settings, struct deadline deadline,
			enum vm_health *health, struct err *err)
{
	struct err why = ERR_INIT;

	if (still_mend(settings->vm, deadline_within(deadline, STILL_MEND_MS), &why) != 0) {
		degraded(health, err, &why);
	}
}

/* The guest may go on: its TPM says so itself if it cannot store what it has to. */
static void tpm_judge(const struct vm_settings *settings, enum vm_health *health, struct err *err)
{
	struct err why = ERR_INIT;

	if (vm_tpm_check(settings, &why) != 0) {
		degraded(health, err, &why);
	}
}

/*
 * lunmaskd has found all portals of the array good, once for all VMs of this host. It does not know
 * those that only this VM's LUNMASK_CONF names. A path that it has found bad may be back.
 */
static bool paths_measured_good(const struct vm_context *vm, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	char trouble[JOURNAL_REASON_MAX + 1];
	struct journal_path *paths = NULL;
	bool good = false;
	size_t n = 0;

	deadline = deadline_within(deadline, LUNMASKD_ANSWER_MS);
	if (journal_open(deadline, &journal, NULL) == 0 &&
	    journal_path_list(journal, deadline, &paths, &n, trouble, NULL) == 0) {
		good = path_verdict_good(paths, n, vm->node, vm->array.name, vm->portals,
					 vm->n_portals);
	}
	free(paths);
	return good;
}

/* Tries every portal and reports each one that fails. */
static void paths_try(struct vm_context *vm, struct deadline deadline, enum vm_health *health,
		      struct err *err)
{
	struct vm_settings strict = *vm->settings;
	const struct vm_settings *settings = vm->settings;
	struct err why = ERR_INIT;

	strict.paths_required = 0;
	vm->settings = &strict;
	if (vm_paths_verify(vm, deadline, &why) != 0) {
		degraded(health, err, &why);
	}
	vm->settings = settings;
}

static void paths_judge(struct vm_context *vm, struct deadline deadline, enum vm_health *health,
			struct err *err)
{
	if (!paths_measured_good(vm, deadline)) {
		paths_try(vm, deadline, health, err);
	}
}

/*
 * The guest waits for its LUNs. If they cannot be granted again, it has failed. A probe only says
 * that they are gone.
 */
static void grants_restore(struct vm_context *vm, bool probe, struct deadline deadline,
			   enum vm_health *health, struct err *err)
{
	struct err why = ERR_INIT;

	if (!probe && vm_regrant(vm, deadline, &why) == 0) {
		*health = VM_DEGRADED;
		(void)err_set(err, 0,
			      "look at array %s: it had lost this host's grants, which are there "
			      "again; was it restarted?",
			      vm->array.name);
		return;
	}
	*health = VM_FAILED;
	(void)err_set(
		err, 0, "look at array %s: it does not grant this host all LUNs of the VM%s%s",
		vm->array.name, probe ? "" : ", and they are not granted again: ", err_text(&why));
}

/* Nobody can write to a medium, so that the VM is here is reason enough to grant it again. */
static void media_judge(struct vm_context *vm, bool probe, struct deadline deadline,
			enum vm_health *health, struct err *err)
{
	struct err why = ERR_INIT;
	int seen = vm_media_probe(vm, vm->self->initiator, deadline, &why);

	if (seen == TASK_NOT_DONE && !probe && vm_gate_quorum(vm, deadline, &why) == 0 &&
	    vm_media_grant(vm, vm->self->initiator, deadline, &why) == 0) {
		(void)err_prefix(&why, 0, "granted again");
	}
	if (seen != TASK_DONE) {
		degraded(health, err, &why);
	}
}

/*
 * The mask of a running VM holds this host, and in a hand-over window also the other one. Only this
 * host is asked. The journal is asked only if another host has a path, and this node's copy
 * suffices.
 */
static void masks_judge(struct vm_context *vm, bool probe, struct deadline deadline,
			enum vm_health *health, struct err *err)
{
	const struct vm_strays_sources way = {.how = JOURNAL_STALE};
	struct vm_strays strays = {.n = 0};
	struct err why = ERR_INIT;
	int rc = vm_strays_look(vm, &way, deadline, &strays, &why);

	if (rc == 0 && vm_strays_granted(&strays, vm->self->initiator) < vm->n_luns) {
		grants_restore(vm, probe, deadline, health, err);
	} else if (rc != 0 || vm_strays_to_err(&strays, &why)) {
		degraded(health, err, &why);
	} else {
		media_judge(vm, probe, deadline, health, err);
	}
	vm_strays_release(&strays);
}

static void array_judge(struct vm_context *vm, int check_level, bool probe,
			struct deadline deadline, enum vm_health *health, struct err *err)
{
	struct err why = ERR_INIT;

	if (vm_settings_parse(vm->settings, vm, &why) != 0 ||
	    vm_config_apply(vm, NULL, deadline, &why) != 0) {
		degraded(health, err, &why);
		return;
	}
	paths_judge(vm, deadline, health, err);
	if (check_level >= 20) {
		masks_judge(vm, probe, deadline, health, err);
	}
	if (check_level >= 20 && !probe) {
		vm_lun_health_tell(vm, deadline);
	}
}

int vm_monitor(const struct vm_settings *settings, int check_level, bool probe,
	       struct deadline deadline, enum vm_health *ret, const struct vm_report *report,
	       struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc;

	if (settings->vm == NULL || settings->vm[0] == '\0') {
		*ret = VM_STOPPED;
		return 0;
	}
	vm = calloc(1, sizeof(*vm));
	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vm->settings = settings;
	vm->report = report;
	rc = domain_health(vm, probe, deadline, ret, err);
	if (rc == 0 && !probe && (*ret == VM_RUNNING || *ret == VM_DEGRADED)) {
		still_judge(settings, deadline, ret, err);
	}
	if (rc == 0 && !probe && *ret == VM_RUNNING) {
		tpm_judge(settings, ret, err);
	}
	/*
	 * Pacemaker's own probes have no level; crm_resource --force-check=20 is a probe with one.
	 */
	if (rc == 0 && check_level >= 10 && *ret == VM_RUNNING) {
		array_judge(vm, check_level, probe, deadline, ret, err);
	}
	return rc;
}
