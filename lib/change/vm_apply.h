/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_APPLY_H
#define LUNMASK_VM_APPLY_H

#include "definition/definition_plan.h"
#include "vm/vm_context.h"

/*
 * A guest that runs here gets of a new definition what libvirt can change at once (--live).
 *
 *	rc = vm_apply_plan(vm, next, deadline, &apply, err);        changes nothing
 *	vm->apply = apply, and the steps below, after the definition is stored
 *	vm_apply_text(apply)
 *	vm_apply_free(apply);
 *
 * The guest is compared with the definition, not the definition with the one before: what was
 * stored for the next boot, and what an earlier run could not do, is done too, and what somebody
 * has attached by hand and the definition does not name is detached.
 *
 * Step "apply" makes each change by a call of its own, then looks until the guest has what was
 * asked for. It fails if libvirt refuses one, or the guest does not take it in time; the others are
 * made nevertheless. What is stored then holds for the next boot, and a repeated command does the
 * rest. If the guest has the whole definition, step "mark" notes its revision with the domain, and
 * step "complete" notes in the mapping file what libvirt has chosen for it, such as the address of
 * a new NIC (vm_complete.h).
 */
enum vm_apply_state {
	VM_APPLY_OPEN,    /* not tried */
	VM_APPLY_DONE,    /* the guest has it */
	VM_APPLY_ASKED,   /* libvirt has asked the guest, which has not done it yet */
	VM_APPLY_REFUSED, /* why says by what */
};

struct vm_apply_result {
	enum vm_apply_state state;
	struct err why;
};

struct vm_apply {
	struct definition_plan *plan;
	struct vm_apply_result *results; /* of the items at once */
	const char *next;                /* the definition; the caller's */
	bool whole;  /* afterwards the guest has everything of it, as far as that can be known */
	bool stored; /* set by vm_define_store(): also if that failed later */
};

/*
 * -ENOENT: no active domain here. -EINVAL: what runs cannot be a mapping file, as with a disk of
 * this host. next must outlive *ret.
 */
int vm_apply_plan(struct vm_context *vm, const struct mapping *next, struct deadline deadline,
		  struct vm_apply **ret, struct err *err);
/* For people, afterwards: a line for each change at once. The caller frees it with g_free(). */
char *vm_apply_text(const struct vm_apply *apply);
void vm_apply_free(struct vm_apply *apply);
void vm_apply_drop(struct vm_apply **apply);

/*
 * The definition of the active domain in the form of the mapping file, and as libvirt has it. The
 * caller frees both. -ENOENT; -EINVAL: it cannot be a mapping file; *ret_libvirts is then there
 * nevertheless.
 */
int vm_apply_running(struct vm_context *vm, struct deadline deadline, char **ret_runs,
		     char **ret_libvirts, struct err *err);

/* The steps. Their context is a struct vm_context with apply. */
int vm_apply_probe(void *context, struct deadline deadline, struct err *err);
int vm_apply_run(void *context, struct deadline deadline, struct err *err);
int vm_apply_mark_probe(void *context, struct deadline deadline, struct err *err);
int vm_apply_mark_run(void *context, struct deadline deadline, struct err *err);
int vm_apply_complete_probe(void *context, struct deadline deadline, struct err *err);

#endif
