/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_config_file.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"

void vm_config_digest(const char *text, size_t bytes, char ret[MAPPING_CONFIG_MAX + 1])
{
	g_autofree char *digest =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, bytes);

	(void)snprintf(ret, MAPPING_CONFIG_MAX + 1, MAPPING_CONFIG_PREFIX "%s", digest);
}

enum vm_config_verdict vm_config_compare(const struct vm_settings *settings,
					 const struct mapping *mapping)
{
	char digest[MAPPING_CONFIG_MAX + 1];
	g_autofree char *text = NULL;
	gsize bytes;

	if (settings->config == NULL || settings->config[0] == '\0' ||
	    !g_file_get_contents(settings->config, &text, &bytes, NULL)) {
		return VM_CONFIG_NO_FILE;
	}
	if (mapping->config[0] == '\0') {
		return VM_CONFIG_NOT_KNOWN;
	}
	vm_config_digest(text, bytes, digest);
	return strcmp(digest, mapping->config) == 0 ? VM_CONFIG_SAME : VM_CONFIG_CHANGED;
}

void vm_config_tell(const struct vm_context *vm, const char *task)
{
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = task,
		.step = "config",
	};
	struct err text = ERR_INIT;

	if (vm->mapping == NULL ||
	    vm_config_compare(vm->settings, vm->mapping) != VM_CONFIG_CHANGED) {
		return;
	}
	(void)err_set(&text, 0,
		      "%s is not what the definition on LUN %s was made from, and is not used: "
		      "'lunmask definition diff %s' shows the differences, 'lunmask definition set "
		      "%s %s' takes it",
		      vm->settings->config, vm->state.lun, vm->settings->vm, vm->settings->vm,
		      vm->settings->config);
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}
