/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TASKS_TABLE_H
#define LUNMASK_DAEMON_TASKS_TABLE_H

#include <glib.h>

#include "tasks/tasks.h"

/*
 * The table behind tasks.h: found by uuid and by VM, kept in the order of beginning and of ending.
 * It knows how many there may be; what may be done to a task is tasks.c's.
 *
 *	tasks_insert();              a task that is open, or (from a snapshot) has ended
 *	task->state = JOURNAL_DONE;
 *	tasks_end();                 once for each that has ended, in that order
 */
struct tasks {
	GPtrArray *all;      /* struct journal_task, owned, in the order of their beginning */
	GPtrArray *ended;    /* those that ended, in that order */
	GHashTable *by_uuid; /* borrow from all */
	GHashTable *by_vm;   /* name: struct tasks_vm, owned */

	GPtrArray *releases; /* struct journal_release, owned, in the order of their beginning */
	GHashTable *by_release;
};

void tasks_tables_init(struct tasks *tasks);
void tasks_tables_release(struct tasks *tasks);

struct journal_task *tasks_get(const struct tasks *tasks, const struct id128 *uuid);
struct journal_task *tasks_get_open(const struct tasks *tasks, const char *vm);

/* Can tasks_insert() have room, maybe after tasks_end() of another? */
bool tasks_have_room(const struct tasks *tasks);
/*
 * Copies task; its uuid is not there yet, and if it is open its VM has no other. When the table is
 * full the task that ended first goes.
 */
struct journal_task *tasks_insert(struct tasks *tasks, const struct journal_task *task);
/* task is no longer open. May free the one of its VM that ended first. */
void tasks_end(struct tasks *tasks, struct journal_task *task);

struct journal_release *tasks_get_release(const struct tasks *tasks, const char *vm,
					  const char *node);
void tasks_insert_release(struct tasks *tasks, const struct journal_release *release);
void tasks_remove_release(struct tasks *tasks, struct journal_release *release);

/* tasks_snapshot.c: machine_ops' */
int tasks_save(void *machine, uint8_t **ret_data, size_t *ret_bytes);
int tasks_load(void *machine, const uint8_t *data, size_t bytes);

#endif
