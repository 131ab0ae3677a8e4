/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TASKS_H
#define LUNMASK_DAEMON_TASKS_H

#include "core/core.h"
#include "journal/journal_record.h"

/*
 * The replicated state machine: the table of tasks, and that of releases and grants. Only journal
 * operations change it, by the rules of journal_record.h. It is deterministic and pure. The
 * replication core drives it:
 *
 *	tasks = tasks_new();
 *	core = core_new(..., &tasks_machine_ops, tasks);
 *	tasks_find(), tasks_at()...      between the core's events
 *	core_free(core); tasks_free(tasks);
 *
 * The caller owns the tasks and frees them after the core. Out of memory aborts the process (GLib);
 * only for its buffer the save function returns -ENOMEM instead.
 *
 * A VM has at most one open task. Of the ended tasks the last TASKS_ENDED_PER_VM of each VM are
 * kept. When the table holds TASKS_MAX tasks, a new task replaces the one that ended first; if all
 * of them are open, BEGIN returns -ENOSPC. Releases and grants are at most TASKS_RELEASES_MAX
 * together; a new one replaces the grant that was written first. The index passed to apply must
 * increase with each call: it becomes the revision of a release.
 */
#define TASKS_MAX 4096
#define TASKS_ENDED_PER_VM 4
#define TASKS_RELEASES_MAX 8192

struct tasks;

struct tasks *tasks_new(void);
void tasks_free(struct tasks *tasks);

extern const struct machine_ops tasks_machine_ops;

/* Did the last load fail because a newer lunmaskd wrote the snapshot? */
bool tasks_newer(const struct tasks *tasks);

/* The results are borrowed and valid until the next apply or load. NULL: no such record. */
const struct journal_task *tasks_find(const struct tasks *tasks, const struct id128 *uuid);
/* The VM's open task; if it has none, the task that ended last. */
const struct journal_task *tasks_find_vm(const struct tasks *tasks, const char *vm);
const struct journal_release *tasks_find_release(const struct tasks *tasks, const char *vm,
						 const char *node);

/* In the order in which they began; index < tasks_count() or tasks_release_count(). */
size_t tasks_count(const struct tasks *tasks);
const struct journal_task *tasks_at(const struct tasks *tasks, size_t index);
size_t tasks_release_count(const struct tasks *tasks);
const struct journal_release *tasks_release_at(const struct tasks *tasks, size_t index);

#endif
