/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_lun_health.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "media/vm_media.h"

#define ANSWER_MS 8000
#define GROUP "luns"

static char *file_name(const struct vm_context *vm)
{
	const char *other = getenv(VM_LUN_HEALTH_VARIABLE);
	const char *directory = other != NULL ? other : VM_LUN_HEALTH_DIRECTORY;

	(void)mkdir(directory, 0700);
	return g_build_filename(directory, vm->settings->vm, NULL);
}

/* Anything else than a word of ours was never told. */
static enum lun_health told(GKeyFile *file, const char *lun)
{
	g_autofree char *word = g_key_file_get_string(file, GROUP, lun, NULL);
	enum lun_health ret = LUN_HEALTHY;

	return word != NULL && lun_health_from_str(word, &ret) ? ret : LUN_HEALTHY;
}

static void change_tell(const struct vm_context *vm, const struct array_catalog_lun *lun)
{
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "monitor",
		.step = "luns",
	};
	struct err text = ERR_INIT;

	if (lun->condition.health == LUN_HEALTHY) {
		(void)err_set(&text, 0, "LUN %s is healthy again", lun->name);
	} else {
		(void)err_set(&text, 0, "look at array %s: LUN %s is %s%s%s", vm->array.name,
			      lun->name, lun_health_to_str(lun->condition.health),
			      lun->condition.reason[0] != '\0' ? ": " : "", lun->condition.reason);
	}
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

/* Returns whether something has changed. What is not known is no change. */
static bool changes_tell(const struct vm_context *vm, const struct array_catalog *catalog,
			 GKeyFile *file)
{
	bool changed = false;

	for (size_t i = 0; i < catalog->count; i++) {
		const struct array_catalog_lun *lun = &catalog->luns[i];
		enum lun_health health = lun->condition.health;

		if (health != LUN_HEALTH_UNKNOWN && health != told(file, lun->name)) {
			change_tell(vm, lun);
			g_key_file_set_string(file, GROUP, lun->name, lun_health_to_str(health));
			changed = true;
		}
	}
	return changed;
}

void vm_lun_health_tell(struct vm_context *vm, struct deadline deadline)
{
	g_autofree char *name = file_name(vm);
	g_autoptr(GKeyFile) file = g_key_file_new();
	const char *luns[VM_LUNS_MAX];
	struct array_catalog catalog;
	size_t n = vm_media_all_luns(vm, luns);

	if (n == 0 || array_catalog_get(&vm->array, luns, n, deadline_within(deadline, ANSWER_MS),
					&catalog, NULL) != 0) {
		return;
	}
	/* Without the file, or with one that is damaged, what is not healthy is told again. */
	(void)g_key_file_load_from_file(file, name, G_KEY_FILE_NONE, NULL);
	if (changes_tell(vm, &catalog, file)) {
		(void)g_key_file_save_to_file(file, name, NULL);
	}
	array_catalog_release(&catalog);
}
