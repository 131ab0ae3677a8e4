/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TASKS_TABLE_H
#define LUNMASK_DAEMON_TASKS_TABLE_H

#include <glib.h>

#include "tasks/tasks.h"

/*
 * The tables behind tasks.h. They find tasks by uuid and by VM, and keep the order in which tasks
 * began and ended. This module enforces TASKS_MAX and TASKS_ENDED_PER_VM; tasks.c
 * decides which changes are legal.
 *
 *	tasks_insert();              a task that is open, or (from a snapshot) has ended
 *	task->state = JOURNAL_DONE;
 *	tasks_end();                 once for each task that has ended, in that order
 *
 * The tables own the tasks and releases; all pointers that these functions return are borrowed.
 */
struct tasks {
	GPtrArray *all; /* struct journal_task, owned, in the order in which they began */
	/* borrowed from all: the ended ones, in the order in which they ended */
	GPtrArray *ended;
	GHashTable *by_uuid; /* borrows from all */
	GHashTable *by_vm;   /* name: struct tasks_vm, owned */

	/* struct journal_release, owned, in the order in which they were written */
	GPtrArray *releases;
	GHashTable *by_release;

	bool newer; /* the last load met a record of a later version */
};

void tasks_tables_init(struct tasks *tasks);
void tasks_tables_release(struct tasks *tasks);

struct journal_task *tasks_get(const struct tasks *tasks, const struct id128 *uuid);
struct journal_task *tasks_get_open(const struct tasks *tasks, const char *vm);

/* True if tasks_insert() will find room, if need be by removing an ended task. */
bool tasks_have_room(const struct tasks *tasks);
/*
 * Copies task. Its uuid must not be in the table, and if it is open, its VM must have no other open
 * task. When the table is full, the task that ended first is removed.
 */
struct journal_task *tasks_insert(struct tasks *tasks, const struct journal_task *task);
/*
 * Records that task, whose state is no longer open, has ended. May free the task of the same VM
 * that ended first.
 */
void tasks_end(struct tasks *tasks, struct journal_task *task);

struct journal_release *tasks_get_release(const struct tasks *tasks, const char *vm,
					  const char *node);
/* Makes room for one more, if need be by removing the grant that was written first. */
bool tasks_release_room(struct tasks *tasks);
void tasks_insert_release(struct tasks *tasks, const struct journal_release *release);
void tasks_remove_release(struct tasks *tasks, struct journal_release *release);

/* tasks_snapshot.c: the save and load functions of tasks_machine_ops */
int tasks_save(void *machine, uint8_t **ret_data, size_t *ret_bytes);
int tasks_load(void *machine, const uint8_t *data, size_t bytes);

#endif
