/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tasks/tasks_table.h"

#include <string.h>

/* The tasks of one VM: the open one, and the ended ones in the order in which they ended. */
struct tasks_vm {
	char name[VM_NAME_MAX + 1];
	struct journal_task *open;
	struct journal_task *ended[TASKS_ENDED_PER_VM];
	size_t n_ended;
};

/* A uuid consists of random bits or of bits of a SHA-256, so any four bytes are a good hash. */
static guint uuid_hash(gconstpointer key)
{
	const struct id128 *uuid = key;
	guint hash;

	memcpy(&hash, uuid->bytes, sizeof(hash));
	return hash;
}

static gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
	return id128_equal(a, b);
}

static guint release_hash(gconstpointer key)
{
	const struct journal_release *release = key;

	return g_str_hash(release->vm) * 31 + g_str_hash(release->node);
}

static gboolean release_equal(gconstpointer a, gconstpointer b)
{
	const struct journal_release *x = a, *y = b;

	return strcmp(x->vm, y->vm) == 0 && strcmp(x->node, y->node) == 0;
}

void tasks_tables_init(struct tasks *tasks)
{
	*tasks = (struct tasks){
		.all = g_ptr_array_new_with_free_func(g_free),
		.ended = g_ptr_array_new(),
		.by_uuid = g_hash_table_new(uuid_hash, uuid_equal),
		.by_vm = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
		.releases = g_ptr_array_new_with_free_func(g_free),
		.by_release = g_hash_table_new(release_hash, release_equal),
	};
}

void tasks_tables_release(struct tasks *tasks)
{
	g_hash_table_destroy(tasks->by_release);
	g_hash_table_destroy(tasks->by_vm);
	g_hash_table_destroy(tasks->by_uuid);
	g_ptr_array_free(tasks->releases, TRUE);
	g_ptr_array_free(tasks->ended, TRUE);
	g_ptr_array_free(tasks->all, TRUE);
}

struct journal_task *tasks_get(const struct tasks *tasks, const struct id128 *uuid)
{
	return g_hash_table_lookup(tasks->by_uuid, uuid);
}

struct journal_task *tasks_get_open(const struct tasks *tasks, const char *vm)
{
	const struct tasks_vm *entry = g_hash_table_lookup(tasks->by_vm, vm);

	return entry == NULL ? NULL : entry->open;
}

bool tasks_have_room(const struct tasks *tasks)
{
	return tasks->all->len < TASKS_MAX || tasks->ended->len > 0;
}

static void ended_forget(struct tasks_vm *vm, const struct journal_task *task)
{
	size_t kept = 0;

	for (size_t i = 0; i < vm->n_ended; i++) {
		if (vm->ended[i] != task) {
			vm->ended[kept++] = vm->ended[i];
		}
	}
	vm->n_ended = kept;
}

/* task must have ended. */
static void task_remove(struct tasks *tasks, struct journal_task *task)
{
	struct tasks_vm *vm = g_hash_table_lookup(tasks->by_vm, task->vm);

	ended_forget(vm, task);
	if (vm->open == NULL && vm->n_ended == 0) {
		g_hash_table_remove(tasks->by_vm, task->vm);
	}
	g_hash_table_remove(tasks->by_uuid, &task->uuid);
	g_ptr_array_remove(tasks->ended, task);
	g_ptr_array_remove(tasks->all, task);
}

static struct tasks_vm *vm_take(struct tasks *tasks, const char *name)
{
	struct tasks_vm *vm = g_hash_table_lookup(tasks->by_vm, name);

	if (vm == NULL) {
		vm = g_new0(struct tasks_vm, 1);
		g_strlcpy(vm->name, name, sizeof(vm->name));
		g_hash_table_insert(tasks->by_vm, vm->name, vm);
	}
	return vm;
}

struct journal_task *tasks_insert(struct tasks *tasks, const struct journal_task *task)
{
	struct journal_task *own = g_memdup2(task, sizeof(*task));

	if (tasks->all->len >= TASKS_MAX) {
		task_remove(tasks, g_ptr_array_index(tasks->ended, 0));
	}
	g_ptr_array_add(tasks->all, own);
	g_hash_table_insert(tasks->by_uuid, &own->uuid, own);
	if (journal_state_open(own->state)) {
		vm_take(tasks, own->vm)->open = own;
	}
	return own;
}

void tasks_end(struct tasks *tasks, struct journal_task *task)
{
	struct tasks_vm *vm = vm_take(tasks, task->vm);

	if (vm->open == task) {
		vm->open = NULL;
	}
	if (vm->n_ended == TASKS_ENDED_PER_VM) {
		struct journal_task *first = vm->ended[0];

		/* Other ended tasks of the VM remain, so task_remove() does not free vm. */
		task_remove(tasks, first);
	}
	vm->ended[vm->n_ended++] = task;
	g_ptr_array_add(tasks->ended, task);
}

struct journal_release *tasks_get_release(const struct tasks *tasks, const char *vm,
					  const char *node)
{
	struct journal_release key = {0};

	if (g_strlcpy(key.vm, vm, sizeof(key.vm)) >= sizeof(key.vm) ||
	    g_strlcpy(key.node, node, sizeof(key.node)) >= sizeof(key.node)) {
		return NULL;
	}
	return g_hash_table_lookup(tasks->by_release, &key);
}

bool tasks_release_room(struct tasks *tasks)
{
	if (tasks->releases->len < TASKS_RELEASES_MAX) {
		return true;
	}
	for (guint i = 0; i < tasks->releases->len; i++) {
		struct journal_release *first = g_ptr_array_index(tasks->releases, i);

		if (first->granted) {
			tasks_remove_release(tasks, first);
			return true;
		}
	}
	return false;
}

void tasks_insert_release(struct tasks *tasks, const struct journal_release *release)
{
	struct journal_release *own = g_memdup2(release, sizeof(*release));

	g_ptr_array_add(tasks->releases, own);
	g_hash_table_insert(tasks->by_release, own, own);
}

void tasks_remove_release(struct tasks *tasks, struct journal_release *release)
{
	g_hash_table_remove(tasks->by_release, release);
	g_ptr_array_remove(tasks->releases, release);
}

const struct journal_task *tasks_find(const struct tasks *tasks, const struct id128 *uuid)
{
	return tasks_get(tasks, uuid);
}

const struct journal_task *tasks_find_vm(const struct tasks *tasks, const char *vm)
{
	const struct tasks_vm *entry = g_hash_table_lookup(tasks->by_vm, vm);

	if (entry == NULL) {
		return NULL;
	}
	return entry->open != NULL ? entry->open : entry->ended[entry->n_ended - 1];
}

const struct journal_release *tasks_find_release(const struct tasks *tasks, const char *vm,
						 const char *node)
{
	return tasks_get_release(tasks, vm, node);
}

size_t tasks_count(const struct tasks *tasks)
{
	return tasks->all->len;
}

const struct journal_task *tasks_at(const struct tasks *tasks, size_t index)
{
	return g_ptr_array_index(tasks->all, index);
}

size_t tasks_release_count(const struct tasks *tasks)
{
	return tasks->releases->len;
}

const struct journal_release *tasks_release_at(const struct tasks *tasks, size_t index)
{
	return g_ptr_array_index(tasks->releases, index);
}
