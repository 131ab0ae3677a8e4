/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "action/vm_mapping.h"
#include "action/vm_record.h"
#include "base/fd.h"
#include "carry/carry.h"
#include "media/vm_secret.h"
#include "media/vm_tpm.h"
#include "process/qemu_process.h"
#include "rules/op_times.h"
#include "step/vm_handover.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"
#include "step/vm_save.h"
#include "step/vm_state.h"
#include "vm/vm_context.h"
#include "vm/vm_definition.h"

/*
 * The source's part of a migration. Live: the target is granted the LUNs as well, until stop
 * revokes the source's grant. Saved: the memory goes to the state LUN, and the source's grant is
 * revoked here.
 *
 * All that can be known in advance is checked before the guest is touched. Afterwards the place
 * where the domain runs decides, not the return code of a call. If nothing works, the guest
 * continues to run here and the target's grant is revoked.
 */
#define ABORT_RESERVE_MS 11000
#define SAVED_MIN_MS 20000 /* a fallback needs more time than this */
#define UNBOUNDED_MS (24 * 3600 * 1000)

/* Finds the paths and reads the mapping file from this host. */
static int source_read(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_paths_verify(vm, deadline, err);

	rc = rc != 0 ? rc : vm_mapping_read(vm, deadline, err);
	if (rc == 0) {
		vm_definition_tell_drift(vm, "migrate", deadline);
	}
	return rc;
}

/* Before the target is granted anything. */
static int live_read(void *context, struct deadline deadline, struct err *err)
{
	int rc = carry_find(context, deadline, err);

	return rc != 0 ? rc : source_read(context, deadline, err);
}

static int saved_read(void *context, struct deadline deadline, struct err *err)
{
	int rc = vm_definition_check_units(context, deadline, err);

	return rc != 0 ? rc : source_read(context, deadline, err);
}

static int live_withdraw_probe(void *context, struct deadline deadline, struct err *err)
{
	int seen = carry_claim_probe(context, deadline, err);

	return seen == TASK_DONE ? vm_release_withdraw_probe(context, deadline, err) : seen;
}

static int live_withdraw_run(void *context, struct deadline deadline, struct err *err)
{
	int rc = carry_claim_run(context, deadline, err);

	return rc != 0 ? rc : vm_release_withdraw_run(context, deadline, err);
}

static int live_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_handover_sight sight;

	vm_handover_look(vm, deadline, &sight, err);
	switch (sight.verdict) {
	case HANDOVER_LEFT:
		return sight.here == HERE_ENDED || sight.here == HERE_DEPARTED ? TASK_DONE
									       : TASK_NOT_DONE;
	case HANDOVER_TO_THERE: return TASK_DONE;
	case HANDOVER_START: return vm->peer->left_to_target ? TASK_DONE : TASK_NOT_DONE;
	/* Whatever is stopped now must not be restored from its memory. */
	case HANDOVER_BOTH: vm_record_mode(vm, VM_MODE_BOTH); return TASK_NOT_DONE;
	default: return TASK_NOT_DONE;
	}
}

struct live {
	struct vm_context *vm;
	struct deadline deadline;
	bool completed;
};

static void live_progress(const struct hypervisor_progress *now, void *data)
{
	const struct live *live = data;
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
	vm_report_event(live->vm, &event);
}

/*
 * If the start fails, the guest has left this host all the same, and migrate_from starts it.
 */
static int live_complete(struct vm_context *vm, enum handover verdict, struct deadline deadline,
			 struct err *err)
{
	int64_t since_ms = deadline_now_ms();
	int rc = vm_handover_complete(vm, verdict, deadline, err);

	if (rc != 0 && verdict == HANDOVER_START) {
		struct task_event event = {
			.kind = TASK_STEP_FAILED,
			.task = "migrate",
			.step = "start",
			.duration_ms = deadline_now_ms() - since_ms,
			.text = err_text(err),
		};

		vm_report_event(vm, &event);
		vm->peer->left_to_target = true;
		return 0;
	}
	return rc;
}

/*
 * The guest waits for this start, so the peer is not asked before it. A domain that is not gone
 * here is left to the look that follows.
 */
static void live_arrived(void *data)
{
	struct live *live = data;
	struct vm_context *vm = live->vm;
	struct err err = ERR_INIT;
	enum domain_state here;
	pid_t pid;

	vm->peer->departed = true;
	/* Not vm_domain_state(), which may replace the connection that the caller uses. */
	if (qemu_process_find(vm->settings->vm, &pid, &err) == 0 && pid == 0 &&
	    hypervisor_domain_state(vm->hypervisor, vm->settings->vm, live->deadline, &here,
				    &err) == 0 &&
	    here == DOMAIN_ABSENT) {
		live->completed = live_complete(vm, HANDOVER_START, live->deadline, &err) == 0;
	}
}

/*
 * QEMU has exited here, and its guest had not run on. What arrived is started if it is complete;
 * if not, nothing is decided here.
 */
static bool live_gone(void *data)
{
	struct live *live = data;
	struct vm_context *vm = live->vm;
	enum domain_state there;
	struct err err = ERR_INIT;
	pid_t pid;

	if (qemu_process_find(vm->settings->vm, &pid, &err) == 0 && pid == 0 &&
	    hypervisor_domain_state(vm->peer->hypervisor, vm->settings->vm, live->deadline, &there,
				    &err) == 0 &&
	    there == DOMAIN_ARRIVED) {
		live->completed =
			vm_handover_complete(vm, HANDOVER_START, live->deadline, &err) == 0;
	}
	vm->peer->departed = live->completed;
	return live->completed;
}

/* Who can listen on the way must be plain to see (migration_transport of the agent). */
static void tell_the_wire(struct vm_context *vm, const char *migrate_uri)
{
	struct err text = ERR_INIT;
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "migrate",
		.step = "live",
	};

	(void)err_set(&text, 0, "the guest's memory is sent to %s %s", migrate_uri,
		      vm->settings->tuning.encrypted
			      ? "encrypted by TLS"
			      : "UNENCRYPTED (migration_transport=tls encrypts it)");
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

static int migrate_call(struct live *live, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = live->vm;
	struct vm_peer *peer = vm->peer;
	char address[VM_PEER_URI_MAX / 2];
	char migrate_uri[VM_PEER_URI_MAX];
	char target_uri[VM_PEER_URI_MAX];
	struct mapping_host there = {
		.initiator = peer->host->initiator,
		.portal = peer->source,
		.chap_user = vm->chap == NULL ? NULL : chap_user(vm->chap, peer->host->initiator),
		.luns = peer->luns,
		.n_luns = vm->n_luns + vm->n_media,
		.carries_units = vm->carries_units,
		.array = vm->settings->array,
	};
	AUTO_FD qemu_fd = qemu_process_hold(vm->settings->vm, NULL);
	g_autofree char *xml = NULL;
	int rc = vm_peer_uri(vm, peer->host, target_uri, err);

	if (rc == 0) {
		rc = vm_peer_address(vm, peer->host, address, sizeof(address), err);
	}
	if (rc == 0) {
		rc = carry_same_check(vm, peer->luns, err);
	}
	if (rc == 0) {
		rc = vm_definition_running(vm, &there, deadline, &xml, err);
	}
	if (rc == 0) {
		struct hypervisor_migration request = {
			.vm = vm->settings->vm,
			.target_uri = target_uri,
			.migrate_uri = migrate_uri,
			.target_xml = xml,
			.qemu_fd = qemu_fd,
			.gone = qemu_fd < 0 ? NULL : live_gone,
			.tuning = vm->settings->tuning,
			.arrived = live_arrived,
			.progress = live_progress,
			.data = live,
		};

		(void)snprintf(migrate_uri, sizeof(migrate_uri), "tcp://%s", address);
		tell_the_wire(vm, migrate_uri);
		peer->guest_touched = true;
		rc = hypervisor_migrate(vm->hypervisor, &request,
					deadline_keep(deadline, ABORT_RESERVE_MS, 3), err);
	}
	return rc;
}

static int live_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct live live = {.vm = vm, .deadline = deadline};
	struct vm_handover_sight sight;
	struct err seen = ERR_INIT;
	int rc;

	vm_handover_look(vm, deadline, &sight, &seen);
	if (sight.verdict == HANDOVER_STAYS) {
		rc = migrate_call(&live, deadline, err);
		if (live.completed) {
			return 0;
		}
		vm_handover_look(vm, deadline, &sight, &seen);
	} else {
		rc = err_set(err, -EBUSY, "%s", err_text(&seen));
	}
	return sight.verdict == HANDOVER_START || sight.verdict == HANDOVER_LEFT
		       ? live_complete(vm, sight.verdict, deadline, err)
		       : rc;
}

#define STEP_READ(function)                                                                        \
	{                                                                                          \
		.name = "read", .run = (function), .timeout_ms = 30000, .tries = 3,                \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
#define STEP_PREFLIGHT                                                                             \
	{                                                                                          \
		.name = "preflight", .run = vm_peer_preflight, .timeout_ms = 20000, .tries = 2,    \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
/* Must precede the grant to the target: see vm_release.h. */
#define STEP_WITHDRAW(look, withdraw)                                                              \
	{                                                                                          \
		.name = "withdraw", .probe = (look), .run = (withdraw), .timeout_ms = 20000,       \
		.tries = 2, .retry_ms = 500, .flags = TASK_WIDENS,                                 \
	}
#define STEP_GRANT                                                                                 \
	{                                                                                          \
		.name = "grant", .probe = vm_own_handover_probe, .run = vm_own_handover_run,       \
		.undo = vm_own_handover_undo, .timeout_ms = 30000, .tries = 3, .retry_ms = 500,    \
		.flags = TASK_WIDENS | TASK_GRANTS,                                                \
	}
#define STEP_VERIFY                                                                                \
	{                                                                                          \
		.name = "verify", .run = vm_peer_verify, .timeout_ms = 30000, .tries = 3,          \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}

static const struct task_step live_steps[] = {
	STEP_READ(live_read),
	STEP_PREFLIGHT,
	STEP_WITHDRAW(live_withdraw_probe, live_withdraw_run),
	STEP_GRANT,
	STEP_VERIFY,
	{
		.name = "tpm",
		.probe = vm_peer_tpm_probe,
		.run = vm_peer_tpm_run,
		.timeout_ms = 60000,
		.tries = 2,
		.retry_ms = 500,
	},
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
	STEP_READ(saved_read),
	STEP_PREFLIGHT,
	{
		.name = "room",
		.run = vm_save_room,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	STEP_WITHDRAW(vm_release_withdraw_probe, vm_release_withdraw_run),
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
		.name = "tpm",
		.run = vm_tpm_end,
		.timeout_ms = 15000,
		.tries = 2,
		.retry_ms = 200,
		.flags = TASK_CHECK,
	},
	{
		.name = "revoke",
		.probe = vm_revoke_probe,
		.run = vm_revoke_run,
		.timeout_ms = 30000,
		.tries = 5,
		.retry_ms = 500,
		.flags = TASK_BLIND,
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
	carry_drop(vm, deadline);
	vm_record_mode(vm, VM_MODE_SAVED);
	return vm_task_run(vm, "migrate-saved", VM_STEPS(saved_steps), OP_UNDO_MS, deadline, err);
}

static int migrate(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	/* Live migration gets three quarters of the time, so that saving still gets the rest. */
	bool automatic = vm->settings->migration_mode == VM_MIGRATE_AUTO;
	int reserve_ms = automatic ? deadline_left_ms(deadline) / OP_SAVED_SHARE : 0;
	struct err live_err = ERR_INIT;
	int rc;

	if (vm->settings->migration_mode == VM_MIGRATE_SAVED) {
		return migrate_saved(vm, deadline, err);
	}
	rc = hypervisor_tuning_check(&vm->settings->tuning, err);
	if (rc != 0) {
		return rc;
	}
	vm_record_mode(vm, VM_MODE_LIVE);
	rc = vm_task_run(vm, "migrate", VM_STEPS(live_steps), OP_UNDO_MS,
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
	struct vm_handover_sight sight;

	vm_handover_look(vm, deadline, &sight, err);
	switch (sight.verdict) {
	case HANDOVER_LEFT:
	case HANDOVER_TO_THERE: return 0;
	case HANDOVER_START: return live_complete(vm, sight.verdict, deadline, err);
	case HANDOVER_NOWHERE: return migrate_saved_resumed(vm, deadline, err);
	default: return -EBUSY;
	}
}

/*
 * libvirtd continues what a killed process asked for. Abort that job, or let it complete, before
 * anyone checks where the domain is. A job that nobody of ours can have begun is an
 * administrator's, such as a backup: that is left alone.
 */
static int predecessor_end(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	if (rc != 0) {
		return rc;
	}
	return vm->journal.followed
		       ? hypervisor_abort_job(hypervisor, vm->settings->vm, deadline, err)
		       : hypervisor_job_none(hypervisor, vm->settings->vm, deadline, err);
}

static int migrate_claimed(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state here;
	int rc = vm_peer_open(vm, vm->journal.asker.target, err);

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
	if (here == DOMAIN_LOST) {
		return err_set(
			err, -EBUSY,
			"stop VM '%s' here first: its QEMU runs, and libvirt does not know it",
			vm->settings->vm);
	}
	/* The domain has left this host; nothing below undoes that. */
	vm->no_return = here == DOMAIN_ABSENT;
	if (here != DOMAIN_ABSENT) {
		return migrate(vm, deadline, err);
	}
	rc = vm_peer_wait(vm, deadline, err);
	return rc != 0 ? rc : migrate_resumed(vm, deadline, err);
}

int vm_migrate_to(const struct vm_settings *settings, const char *source, const char *target,
		  struct deadline deadline, const struct vm_report *report, struct err *err)
{
	struct vm_carry carry __attribute__((cleanup(carry_release))) = {.n = 0};
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_context_open(settings, report, deadline, &vm, err);

	if (rc == 0) {
		vm->carry = &carry;
		rc = vm_peer_check(vm, source, target, source, err);
	}
	if (rc == 0) {
		rc = vm_record_open(vm, VM_ACTION_MIGRATE_TO, source, target, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = migrate_claimed(vm, deadline, err);
	carry_end(vm, rc, deadline);
	rc = vm_record_close(vm, rc, deadline, err);
	vm_secret_take(vm, vm->peer == NULL ? NULL : vm->peer->hypervisor, deadline);
	vm_peer_close(vm);
	return rc;
}
