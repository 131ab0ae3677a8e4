/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/vm_snapshot.h"

#include <glib.h>

#include "action/vm_mapping.h"
#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "step/vm_state.h"

#define TASK_SNAPSHOT "snapshot"
#define TASK_RESTORE "restore"
#define RUNNING_HOLD_MS 60000
#define RELEASE_MS 20000
#define REMOVE_MS 10000

/* What the steps share (vm_context.capture). */
struct vm_capture {
	const char *name;
	struct still_keeper *keeper; /* NULL: nobody writes to the LUNs anyway */
	enum snapshot_kind kind;
	int64_t there_s; /* when one of this name was made; 0: there is none */
	bool made;
	bool discard_image;
};

/* What is there */

static int extent_whole(const struct extent *extent, struct err *err)
{
	return extent->offset_bytes == 0 && extent->length_bytes == 0
		       ? 0
		       : err_set(err, -EPERM,
				 "the VM has a part of LUN '%s' only, and a snapshot is of a whole "
				 "one",
				 extent->lun);
}

/* Media belong to no VM. */
static int luns_whole(const struct vm_context *vm, struct err *err)
{
	int rc = extent_whole(&vm->state, err);

	for (size_t i = 0; i < vm->n_drives && rc == 0; i++) {
		rc = vm->drives[i].read_only ? 0 : extent_whole(&vm->drives[i].extent, err);
	}
	return rc;
}

int vm_snapshot_list(const struct vm_context *vm, struct deadline deadline,
		     struct array_snapshots *ret_snapshots, struct snapshot_sets *ret,
		     struct err *err)
{
	int rc = array_snapshots_get(&vm->array, deadline, ret_snapshots, err);

	*ret = (struct snapshot_sets){.count = 0};
	if (rc == 0) {
		snapshot_sets_of(ret_snapshots, vm->lun_names, vm->n_luns, ret);
	}
	return rc;
}

static struct array_snapshot_wish wish_of(const struct vm_context *vm, const char *name)
{
	return (struct array_snapshot_wish){
		.name = name, .luns = vm->lun_names, .n_luns = vm->n_luns};
}

static int set_remove(const struct array *array, const struct snapshot_set *set,
		      struct deadline deadline, struct err *err)
{
	const struct array_snapshot_wish wish = {
		.name = set->name, .luns = set->luns, .n_luns = set->n_luns};
	bool deleted;

	return array_snapshot_remove(array, &wish, deadline, &deleted, err);
}

/* *ret_found: how many there were. only_broken: those that are whole stay. */
static int sets_remove(const struct vm_context *vm, const char *name, bool only_broken,
		       struct deadline deadline, size_t *ret_found, struct err *err)
{
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	int rc = vm_snapshot_list(vm, deadline, &snapshots, &sets, err);

	*ret_found = 0;
	for (size_t i = 0; i < sets.count && rc == 0; i++) {
		const struct snapshot_set *set = &sets.sets[i];

		if (strcmp(set->name, name) == 0 &&
		    (!only_broken || set->kind == SNAPSHOT_BROKEN)) {
			(*ret_found)++;
			rc = set_remove(&vm->array, set, deadline, err);
		}
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc;
}

int vm_snapshot_remove(const struct vm_context *vm, const char *name, struct deadline deadline,
		       struct err *err)
{
	size_t found;
	int rc = sets_remove(vm, name, false, deadline, &found, err);

	return rc != 0 || found > 0 ? rc
				    : err_set(err, -ENOENT, "VM '%s' has no snapshot '%s'",
					      vm->settings->vm, name);
}

/* Take */

static int image_check(const struct vm_context *vm, const char *otherwise, struct err *err)
{
	return vm->image != IMAGE_VALID
		       ? 0
		       : err_set(err, -EPERM,
				 "start VM '%s', or %s: the memory of its guest is saved on LUN "
				 "'%s', and belongs to what is on its drives now",
				 vm->settings->vm, otherwise, vm->state.lun);
}

/* Nothing is frozen for what the array cannot do. */
static int ready_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_snapshot_wish wish = wish_of(vm, vm->capture->name);
	bool created;
	int rc;

	if (vm->capture->there_s != 0) {
		return 0;
	}
	rc = image_check(vm, "discard it (lunmask image discard)", err);
	wish.dry_run = true;
	return rc != 0 ? rc : array_snapshot_make(&vm->array, &wish, deadline, &created, err);
}

/* If it is there, the steps come to their end all the same: a killed command has left a grant. */
static int name_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	const struct snapshot_set *set;
	int rc = vm_snapshot_list(vm, deadline, &snapshots, &sets, err);

	set = rc == 0 ? snapshot_set_find(&sets, vm->capture->name) : NULL;
	if (set != NULL && set->kind != SNAPSHOT_BROKEN) {
		vm->capture->there_s = set->taken_s;
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc;
}

static int exists(const struct vm_context *vm, const struct vm_capture *capture, struct err *err)
{
	g_autoptr(GDateTime) taken = g_date_time_new_from_unix_local(capture->there_s);
	g_autofree char *when =
		taken != NULL ? g_date_time_format(taken, "%Y-%m-%d %H:%M:%S") : g_strdup("?");

	return err_set(err, -EEXIST,
		       "choose another name: VM '%s' has a snapshot '%s' already, of %s",
		       vm->settings->vm, capture->name, when);
}

/* What a killed command has left under this name. */
static int former_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	int rc = vm_snapshot_list(vm, deadline, &snapshots, &sets, err);
	const struct snapshot_set *set =
		rc == 0 ? snapshot_set_find(&sets, vm->capture->name) : NULL;
	bool found = set != NULL && set->kind == SNAPSHOT_BROKEN;

	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc != 0 ? rc : found ? TASK_NOT_DONE : TASK_DONE;
}

static int former_run(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;
	size_t found;

	return sets_remove(vm, vm->capture->name, true, deadline, &found, err);
}

static int keep_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return vm->capture->made || vm->capture->there_s != 0 ? TASK_DONE : TASK_NOT_DONE;
}

static int array_keep(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const struct array_snapshot_wish wish = wish_of(vm, vm->capture->name);
	bool created;
	int rc = array_snapshot_make(&vm->array, &wish, deadline, &created, err);

	return rc != 0 || created
		       ? rc
		       : err_set(err, -EEXIST, "somebody else has just made a snapshot '%s'",
				 wish.name);
}

static enum snapshot_kind kind_of(enum still_how how)
{
	return how == STILL_FROZEN ? SNAPSHOT_FROZEN : SNAPSHOT_PAUSED;
}

static int still_keep(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_capture *capture = vm->capture;
	struct err own = ERR_INIT;
	enum still_how how;
	int released;
	int rc = still_keeper_hold(capture->keeper, vm->settings->vm, vm->settings->hypervisor,
				   VM_SNAPSHOT_STILL_MS,
				   deadline_within(deadline, VM_SNAPSHOT_FREEZE_MS), &how, err);

	if (rc != 0) {
		return rc;
	}
	capture->kind = kind_of(how);
	rc = array_keep(vm, deadline_within(deadline, VM_SNAPSHOT_STILL_MS), err);
	released = still_keeper_release(capture->keeper, deadline_in(RELEASE_MS), &own);
	/* That the guest does not go on is worse than that there is no snapshot. */
	return released == 0 ? rc : err_set(err, released, "%s", err_text(&own));
}

/* Before the note, it is no snapshot; what fails here leaves none. */
static int keep_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_snapshot_wish wish = wish_of(vm, vm->capture->name);
	size_t found;
	bool created;
	int rc = vm->capture->keeper != NULL ? still_keep(vm, deadline, err)
					     : array_keep(vm, deadline, err);

	wish.note = snapshot_kind_note(vm->capture->kind);
	rc = rc != 0 ? rc : array_snapshot_make(&vm->array, &wish, deadline, &created, err);
	vm->capture->made = rc == 0;
	if (rc != 0) {
		(void)sets_remove(vm, wish.name, true, deadline_in(REMOVE_MS), &found, NULL);
	}
	return rc;
}

#define STEP_NAME STEP_CHECK("name", name_check)
#define STEP_READY                                                                                 \
	{                                                                                          \
		.name = "ready", .run = ready_check, .timeout_ms = 20000, .tries = 1,              \
		.flags = TASK_CHECK,                                                               \
	}
#define STEP_FORMER                                                                                \
	{                                                                                          \
		.name = "former", .probe = former_probe, .run = former_run, .timeout_ms = 10000,   \
		.tries = 2, .retry_ms = 200,                                                       \
	}
#define STEP_KEEP                                                                                  \
	{                                                                                          \
		.name = "snapshot", .probe = keep_probe, .run = keep_run, .timeout_ms = 50000,     \
		.tries = 1,                                                                        \
	}

static const struct task_step stopped_steps[] = {
	STEP_NOT_ELSEWHERE, STEP_NAME, STEP_FORMER, STEP_WITHDRAW, STEP_GRANT,
	STEP_VERIFY,        STEP_READ, STEP_READY,  STEP_KEEP,     STEP_REVOKE,
};

static const struct task_step running_steps[] = {
	STEP_RUNS, STEP_NAME, STEP_FORMER, STEP_VERIFY, STEP_READ, STEP_READY, STEP_KEEP,
};

static int visit(struct vm_context *vm, struct vm_capture *capture, bool runs,
		 struct deadline deadline, struct err *err)
{
	int rc;

	vm->capture = capture;
	vm->domain_here = runs;
	rc = runs ? vm_visit_running(vm, TASK_SNAPSHOT, VM_STEPS(running_steps), RUNNING_HOLD_MS,
				     deadline, err)
		  : vm_visit_stopped(vm, TASK_SNAPSHOT, VM_STEPS(stopped_steps), deadline, err);
	vm->capture = NULL;
	return rc;
}

int vm_snapshot_take(struct vm_context *vm, struct still_keeper *keeper, const char *name,
		     struct deadline deadline, enum snapshot_kind *ret, struct err *err)
{
	struct vm_capture capture = {.name = name, .kind = SNAPSHOT_STOPPED};
	enum domain_state state = DOMAIN_ABSENT;
	int rc = lun_name_valid(name)
			 ? 0
			 : err_set(err, -EINVAL,
				   "'%.80s' is no name of a snapshot: legal are letters, digits, "
				   "'.', '_' and '-', the first a letter or digit",
				   name);

	rc = rc != 0 ? rc : luns_whole(vm, err);
	rc = rc != 0 ? rc : vm_domain_state(vm, deadline, &state, err);
	if (rc != 0) {
		return rc;
	}
	capture.keeper = state != DOMAIN_ABSENT ? keeper : NULL;
	rc = visit(vm, &capture, state != DOMAIN_ABSENT, deadline, err);
	*ret = capture.kind;
	return rc != 0 || capture.there_s == 0 ? rc : exists(vm, &capture, err);
}

/* Restore */

static int fits_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	const struct snapshot_set *set;
	int rc = vm_snapshot_list(vm, deadline, &snapshots, &sets, err);

	if (rc == 0) {
		set = snapshot_set_find(&sets, vm->capture->name);
		rc = set == NULL ? err_set(err, -ENOENT, "VM '%s' has no snapshot '%.80s'",
					   vm->settings->vm, vm->capture->name)
				 : snapshot_set_fits(set, vm->lun_names, vm->n_luns, err);
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc;
}

static bool unreadable(int rc)
{
	return rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP || rc == -ENODATA;
}

/* A state LUN that cannot be read may be the reason for going back. */
static int memory_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_state_load(vm, deadline, err);

	if (vm->capture->discard_image && (rc == 0 || unreadable(rc))) {
		return 0;
	}
	return rc != 0 ? rc : image_check(vm, "say --discard-image", err);
}

static int back_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct array_snapshot_wish wish = wish_of(vm, vm->capture->name);
	int rc = array_snapshot_restore(&vm->array, &wish, deadline, err);

	vm->capture->made = rc == 0;
	return rc;
}

/* Nobody has a path when the LUNs change. */
static const struct task_step restore_steps[] = {
	STEP_UNUSED,
	STEP_CHECK("snapshot", fits_check),
	STEP_WITHDRAW,
	STEP_GRANT,
	STEP_VERIFY,
	STEP_CHECK("memory", memory_check),
	STEP_REVOKE,
	{
		.name = "restore",
		.probe = keep_probe,
		.run = back_run,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_WIDENS,
	},
};

int vm_snapshot_restore(struct vm_context *vm, const char *name, bool discard_image,
			struct deadline deadline, struct err *err)
{
	struct vm_capture capture = {.name = name, .discard_image = discard_image};
	int rc = luns_whole(vm, err);

	if (rc != 0) {
		return rc;
	}
	vm->capture = &capture;
	rc = vm_visit_stopped(vm, TASK_RESTORE, VM_STEPS(restore_steps), deadline, err);
	vm->capture = NULL;
	return rc;
}
