/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "action/vm_record.h"
#include "action/vm_run.h"
#include "step/vm_handover.h"
#include "step/vm_masks.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"
#include "step/vm_save.h"
#include "step/vm_state.h"
#include "vm/vm_context.h"

/*
 * The source's part of a migration. Live: the target is granted the LUNs as well, until stop
 * revokes the source's grant. Saved: the memory goes to the state LUN, and the source's grant is
 * revoked here.
 *
 * All that can be known in advance is checked before the guest is touched. Afterwards the place
 * where the domain runs decides, not the return code of a call. If nothing works, the guest
 * continues to run here and the target's grant is revoked.
 */
#define UNDO_RESERVE_MS 20000
#define ABORT_RESERVE_MS 11000
#define SAVED_MIN_MS 20000 /* a fallback needs more time than this */
#define UNBOUNDED_MS (24 * 3600 * 1000)

/* Finds the paths and reads the mapping file from this host. */
static int source_read(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int seen;
	int rc = vm_paths_verify(vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	seen = vm_mapping_probe(vm, deadline, err);
	if (seen == TASK_NOT_DONE) {
		return err_set(err, -ENODATA, "LUN %s holds no mapping file", vm->state.lun);
	}
	return seen == TASK_DONE ? 0 : seen;
}

static int live_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state there;
	enum domain_state here;
	int rc = vm_domain_state(vm, deadline, &here, err);

	if (rc == 0) {
		rc = vm_peer_state(vm, deadline, &there, err);
	}
	if (rc != 0) {
		return rc;
	}
	/* The guest runs on the target; stop kills the paused domain that is left here. */
	if (here == DOMAIN_PAUSED_MIGRATION && there == DOMAIN_RUNNING) {
		return TASK_DONE;
	}
	return here == DOMAIN_ABSENT && domain_state_active(there) &&
			       there != DOMAIN_PAUSED_MIGRATION
		       ? TASK_DONE
		       : TASK_NOT_DONE;
}

static void live_progress(const struct hypervisor_progress *now, void *data)
{
	char text[128];
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "migrate",
		.step = "live",
		.text = text,
	};

	if (now->memory_total_bytes != 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " MiB left",
			       now->memory_remaining_bytes >> 20, now->memory_total_bytes >> 20);
	} else {
		(void)snprintf(text, sizeof(text), "downtime %" PRIu64 " ms", now->downtime_ms);
	}
	vm_report_event(data, &event);
}

/* Keeps back the time that aborting the job may take; with a short time-out, a third. */
static struct deadline time_to_migrate(struct deadline deadline)
{
	int share_ms = deadline_left_ms(deadline) / 3;

	return deadline_before(deadline, share_ms < ABORT_RESERVE_MS ? share_ms : ABORT_RESERVE_MS);
}

static int live_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	char address[VM_PEER_URI_MAX / 2];
	char migrate_uri[VM_PEER_URI_MAX];
	char target_uri[VM_PEER_URI_MAX];
	char *xml = NULL;
	int rc = vm_peer_uri(vm, peer->host, target_uri, err);

	if (rc == 0) {
		rc = vm_peer_address(vm, peer->host, address, sizeof(address), err);
	}
	if (rc == 0) {
		rc = vm_domain_xml(vm, peer->host->initiator, peer->portal, peer->luns, &xml, err);
	}
	if (rc == 0) {
		struct hypervisor_migration request = {
			.vm = vm->settings->vm,
			.target_uri = target_uri,
			.migrate_uri = migrate_uri,
			.target_xml = xml,
		};

		(void)snprintf(migrate_uri, sizeof(migrate_uri), "tcp://%s", address);
		peer->guest_touched = true;
		rc = hypervisor_migrate(vm->hypervisor, &request, time_to_migrate(deadline),
					live_progress, vm, err);
	}
	free(xml);
	return rc;
}

#define STEP_READ                                                                                  \
	{                                                                                          \
		.name = "read", .run = source_read, .timeout_ms = 30000, .tries = 3,               \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
#define STEP_PREFLIGHT                                                                             \
	{                                                                                          \
		.name = "preflight", .run = vm_peer_preflight, .timeout_ms = 20000, .tries = 2,    \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
/* Must precede the grant to the target: see vm_release.h. */
#define STEP_WITHDRAW                                                                              \
	{                                                                                          \
		.name = "withdraw", .probe = vm_release_withdraw_probe,                            \
		.run = vm_release_withdraw_run, .timeout_ms = 20000, .tries = 2, .retry_ms = 500,  \
		.flags = TASK_WIDENS,                                                              \
	}
#define STEP_GRANT                                                                                 \
	{                                                                                          \
		.name = "grant", .probe = vm_handover_probe, .run = vm_handover_run,               \
		.undo = vm_handover_undo, .timeout_ms = 30000, .tries = 3, .retry_ms = 500,        \
		.flags = TASK_WIDENS | TASK_GRANTS,                                                \
	}
#define STEP_VERIFY                                                                                \
	{                                                                                          \
		.name = "verify", .run = vm_peer_verify, .timeout_ms = 30000, .tries = 3,          \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}

static const struct task_step live_steps[] = {
	STEP_READ,
	STEP_PREFLIGHT,
	STEP_WITHDRAW,
	STEP_GRANT,
	STEP_VERIFY,
	{
		.name = "live",
		.probe = live_probe,
		.run = live_run,
		.timeout_ms = UNBOUNDED_MS,
		.tries = 1,
		.flags = TASK_WIDENS,
	},
};

static const struct task_step saved_steps[] = {
	STEP_READ,
	STEP_PREFLIGHT,
	{
		.name = "room",
		.run = vm_save_room,
		.timeout_ms = 1000,
		.tries = 1,
		.flags = TASK_CHECK,
	},
	STEP_WITHDRAW,
	STEP_GRANT,
	STEP_VERIFY,
	{
		.name = "save",
		.probe = vm_save_probe,
		.run = vm_save_run,
		.timeout_ms = UNBOUNDED_MS,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_NO_RETURN,
	},
	{
		.name = "revoke",
		.probe = vm_revoke_probe,
		.run = vm_revoke_run,
		.timeout_ms = 30000,
		.tries = 5,
		.retry_ms = 500,
	},
};

/* Does the guest still run here after a live migration was begun and failed? */
static bool fallback_possible(struct vm_context *vm, int rc, struct deadline deadline)
{
	enum domain_state state;

	return vm->settings->migration_mode == VM_MIGRATE_AUTO && rc != -EPERM &&
	       rc != -ESHUTDOWN && rc != -ECANCELED && rc != -ENOTRECOVERABLE &&
	       vm->peer->guest_touched && deadline_left_ms(deadline) > SAVED_MIN_MS &&
	       vm_domain_state(vm, deadline, &state, NULL) == 0 && state == DOMAIN_RUNNING;
}

static int migrate_saved(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	vm_record_mode(vm, "saved");
	return vm_task_run(vm, "migrate-saved", VM_STEPS(saved_steps), UNDO_RESERVE_MS, deadline,
			   err);
}

static int migrate(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	/* Live migration gets three quarters of the time, so that saving still gets the rest. */
	bool automatic = vm->settings->migration_mode == VM_MIGRATE_AUTO;
	int reserve_ms = automatic ? deadline_left_ms(deadline) / 4 : 0;
	struct err live_err = ERR_INIT;
	int rc;

	if (vm->settings->migration_mode == VM_MIGRATE_SAVED) {
		return migrate_saved(vm, deadline, err);
	}
	vm_record_mode(vm, "live");
	rc = vm_task_run(vm, "migrate", VM_STEPS(live_steps), UNDO_RESERVE_MS,
			 deadline_before(deadline, reserve_ms), &live_err);
	if (rc == 0) {
		return 0;
	}
	if (!fallback_possible(vm, rc, deadline)) {
		return err_set(err, rc, "%s", err_text(&live_err));
	}
	rc = migrate_saved(vm, deadline, err);
	return rc == 0 ? 0 : err_prefix(err, rc, "live: %s; then saved", err_text(&live_err));
}

/* Neither host runs the domain. Saved memory, and a host that may restore it, must exist. */
static int migrate_saved_resumed(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_holding holding;
	int rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);

	if (rc != 0) {
		return rc;
	}
	if (holding.all) {
		rc = source_read(vm, deadline, err);
		if (rc == 0 && vm->image != IMAGE_VALID) {
			return err_set(err, -ENOENT,
				       "the domain runs neither here nor on %s, and LUN %s holds "
				       "no saved memory (%s)",
				       vm->peer->host->node, vm->state.lun,
				       image_state_to_str(vm->image));
		}
		return rc == 0 ? migrate_saved(vm, deadline, err) : rc;
	}
	rc = vm_masks_holding(vm, vm->peer->host->initiator, deadline, &holding, err);
	if (rc == 0 && !holding.all) {
		return err_set(err, -ENOENT,
			       "the domain runs neither here nor on %s, and neither sees its LUNs: "
			       "there is nothing to migrate",
			       vm->peer->host->node);
	}
	return rc;
}

/*
 * Continues a migration that was interrupted after its point of no return: the domain has left this
 * host.
 */
static int migrate_resumed(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state there;
	int rc = vm_peer_state(vm, deadline, &there, err);

	if (rc != 0 || there == DOMAIN_RUNNING) {
		return rc;
	}
	return migrate_saved_resumed(vm, deadline, err);
}

/*
 * libvirtd continues what a killed process asked for. Abort that job, or let it complete, before
 * anyone checks where the domain is.
 */
static int predecessor_end(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc : hypervisor_abort_job(hypervisor, vm->settings->vm, deadline, err);
}

static int migrate_claimed(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state here;
	int rc = vm_peer_open(vm, vm->journal.asker.target, deadline, err);

	if (rc == 0) {
		rc = vm_record_resume(vm, err);
	}
	if (rc == 0) {
		rc = predecessor_end(vm, deadline_within(deadline, ABORT_RESERVE_MS), err);
	}
	if (rc == 0) {
		rc = vm_domain_state(vm, deadline, &here, err);
	}
	if (rc != 0) {
		return rc;
	}
	/* The domain has left this host; nothing below undoes that. */
	vm->no_return = here == DOMAIN_ABSENT;
	return here == DOMAIN_ABSENT ? migrate_resumed(vm, deadline, err)
				     : migrate(vm, deadline, err);
}

int vm_migrate_to(const struct vm_settings *settings, const char *source, const char *target,
		  struct deadline deadline, const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_context_open(settings, report, deadline, &vm, err);

	if (rc == 0) {
		rc = vm_peer_check(vm, source, target, source, err);
	}
	if (rc == 0) {
		rc = vm_record_open(vm, VM_ACTION_MIGRATE_TO, source, target, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = migrate_claimed(vm, deadline, err);
	rc = vm_record_close(vm, rc, deadline, err);
	vm_peer_close(vm);
	return rc;
}
