/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TASKS_H
#define LUNMASK_DAEMON_TASKS_H

#include "core/core.h"
#include "journal/journal_record.h"

/*
 * The replicated state: the table of tasks and of releases, changed by journal operations only, by
 * the rules of journal_record.h. Deterministic and pure; it is the core's machine:
 *
 *	tasks = tasks_new();
 *	core = core_new(..., &tasks_machine_ops, tasks);
 *	tasks_find(), tasks_at()...      between the core's events
 *	core_free(core); tasks_free(tasks);
 *
 * At most one open task a VM. Ended tasks are kept, the last TASKS_ENDED_PER_VM of a VM; when
 * TASKS_MAX are there the one that ended first makes room, and if all are open BEGIN is -ENOSPC.
 * The index given to apply must grow: it becomes the revision of releases.
 */
#define TASKS_MAX 4096
#define TASKS_ENDED_PER_VM 4
#define TASKS_RELEASES_MAX 4096

struct tasks;

struct tasks *tasks_new(void);
void tasks_free(struct tasks *tasks);

extern const struct machine_ops tasks_machine_ops;

/* Borrowed, valid until the next apply or load. NULL if there is none. */
const struct journal_task *tasks_find(const struct tasks *tasks, const struct id128 *uuid);
/* The VM's open task, or the one that ended last. */
const struct journal_task *tasks_find_vm(const struct tasks *tasks, const char *vm);
const struct journal_release *tasks_find_release(const struct tasks *tasks, const char *vm,
						 const char *node);

/* In the order of their beginning; index < tasks_count(). */
size_t tasks_count(const struct tasks *tasks);
const struct journal_task *tasks_at(const struct tasks *tasks, size_t index);
size_t tasks_release_count(const struct tasks *tasks);
const struct journal_release *tasks_release_at(const struct tasks *tasks, size_t index);

#endif
