/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_TASK_H
#define LUNMASK_CREATE_TASK_H

#include "create/vm_create.h"

/*
 * The task in the journal of a VM that is being made (JOURNAL_CREATE). vm->create is set. The two
 * ways to make a VM are told apart by the task's member image; one does not go on with the other's
 * task.
 *
 *	rc = create_task_open(vm, CREATE_TEMPLATE, deadline, err);
 *	rc = create_task_mark_check(vm, err);
 *	rc = vm_task_run(vm, ...);
 *	return create_task_end(vm, rc, err);
 */
enum create_origin { CREATE_TEMPLATE, CREATE_ADOPT, CREATE_ORIGIN_MAX };

/* Begins the task, or continues one. Sets vm->create->kept. -EPERM: it is of the other way. */
int create_task_open(struct vm_context *vm, enum create_origin origin, struct deadline deadline,
		     struct err *err);

/* Only an open task, which is to be undone. */
int create_task_open_left(struct vm_context *vm, enum create_origin origin,
			  struct deadline deadline, struct err *err);

/* -EINVAL: it was begun with another array. */
int create_task_mark_check(const struct vm_context *vm, struct err *err);

/* Ends it according to rc. Returns what the caller must return. */
int create_task_end(struct vm_context *vm, int rc, struct err *err);

/* Is that an open task of this way? */
bool create_task_is_open(const struct journal_task *task, enum create_origin origin);

/* Reads the VM's open task of this way. -ENOENT: there is none. */
int create_task_find(const char *vm, enum create_origin origin, struct deadline deadline,
		     struct journal_task *ret, struct err *err);

#endif
