/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/domain_xml.h"
#include "domain/host_path.h"
#include "journal/journal.h"
#include "step/vm_state.h"
#include "survey/vm_times.h"
#include "vm/vm_config_file.h"
#include "vm/vm_context.h"

#define JOURNAL_MS 2000
#define CLUSTER_MS 5000

/* Checks for the programs that save and restore a guest's memory. */
static int programs_check(struct err *err)
{
	g_autofree char *daemon = g_find_program_in_path("qemu-storage-daemon");

	if (daemon == NULL) {
		return err_set(err, -ENOENT,
			       "install qemu-storage-daemon (Debian 12: qemu-system-common, later: "
			       "qemu-utils; Fedora: qemu-img)");
	}
	return 0;
}

static int driver_check(const struct vm_context *vm, struct err *err)
{
	g_autofree char *driver = NULL;

	if (strcmp(vm->array.runner.transport, "exec") != 0) {
		return 0;
	}
	driver = g_find_program_in_path(vm->array.driver);
	if (driver == NULL) {
		return err_set(err, -ENOENT, "array %s: driver %s is not installed", vm->array.name,
			       vm->array.driver);
	}
	return 0;
}

static int host_file_check(const char *where, const char *file, void *data)
{
	return access(file, F_OK) == 0
		       ? 0
		       : err_set(data, -ENOENT, "<%s>: put %s on every node of the VM: %s", where,
				 file, strerror(errno));
}

/*
 * Was the VM started before, on whatever node? Then its definition is on the state LUN, and the
 * file is no longer read. The state LUN is not asked, since that would need a grant. The journal
 * knows the last tasks of the VM, and which hosts were granted its LUNs. True also if it does not
 * answer: then nobody knows.
 */
static bool started_before(const char *vm, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct journal_task *tasks = NULL;
	struct journal_release *grants = NULL;
	size_t n_tasks = 0;
	size_t n_grants = 0;
	bool before = false;
	uint64_t index;

	if (journal_open(deadline_within(deadline, JOURNAL_MS), &journal, NULL) != 0 ||
	    journal_task_list(journal, deadline_within(deadline, JOURNAL_MS), &tasks, &n_tasks,
			      &index, NULL) != 0 ||
	    journal_grant_list(journal, deadline_within(deadline, JOURNAL_MS), &grants, &n_grants,
			       NULL) != 0) {
		before = true;
	}
	for (size_t i = 0; !before && i < n_tasks; i++) {
		before = strcmp(tasks[i].vm, vm) == 0 && tasks[i].state == JOURNAL_DONE &&
			 (tasks[i].kind == JOURNAL_START || tasks[i].kind == JOURNAL_MIGRATE);
	}
	for (size_t i = 0; !before && i < n_grants; i++) {
		before = strcmp(grants[i].vm, vm) == 0;
	}
	free(tasks);
	free(grants);
	return before;
}

/* What can be said of the definition without the array. */
static int definition_check(const struct vm_context *vm, const char *xml, struct err *err)
{
	const struct mapping_source source = {
		.domain_xml = xml,
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
	};
	AUTO_XML doc = NULL;
	int rc = mapping_check_source(&source, err);

	rc = rc < 0 ? rc : domain_xml_parse(xml, strlen(xml), &doc, err);
	return rc < 0 ? rc : host_path_each(xmlDocGetRootElement(doc), host_file_check, err);
}

static int config_check(const struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const char *config = vm->settings->config;
	g_autofree char *xml = NULL;
	g_autoptr(GError) error = NULL;
	int rc;

	if (config == NULL || config[0] == '\0') {
		return 0;
	}
	if (!g_file_get_contents(config, &xml, NULL, &error)) {
		if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
			return started_before(vm->settings->vm, deadline)
				       ? 0
				       : err_set(err, -ENOENT,
						 "config: put %s here: the journal knows of no "
						 "start of %s, so its definition is not on LUN %s",
						 config, vm->settings->vm, vm->state.lun);
		}
		return err_set(err, -EINVAL, "config: %s", error->message);
	}
	rc = definition_check(vm, xml, err);
	return rc == 0 ? 0 : err_prefix(err, rc, "config %s", config);
}

/* Elsewhere, the state LUN could only be read after a grant. */
static void config_compare(struct vm_context *vm, struct deadline deadline)
{
	enum domain_state state;

	deadline = deadline_before(deadline, deadline_left_ms(deadline) / 4);
	if (vm_domain_state(vm, deadline, &state, NULL) == 0 && state != DOMAIN_ABSENT &&
	    vm_state_here(vm, deadline, NULL) == 0) {
		vm_config_tell(vm, "validate-all");
	}
}

static void time_tell(void *data, const char *text)
{
	const struct vm_context *vm = data;
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "validate-all",
		.step = "timeouts",
		.text = text,
	};

	vm_report_event(vm, &event);
}

/* What the guest has now, or what the file gives it. 0: not known. */
static uint64_t memory_find(struct vm_context *vm, struct deadline deadline)
{
	const char *config = vm->settings->config;
	g_autofree char *xml = NULL;
	AUTO_XML doc = NULL;
	uint64_t bytes = 0;

	if (hypervisor_domain_xml(vm->hypervisor, vm->settings->vm, deadline, &xml, NULL) != 0 &&
	    (config == NULL || !g_file_get_contents(config, &xml, NULL, NULL))) {
		return 0;
	}
	return domain_xml_parse(xml, strlen(xml), &doc, NULL) == 0 &&
			       domain_xml_memory(xmlDocGetRootElement(doc), &bytes, NULL) == 0
		       ? bytes
		       : 0;
}

/* Advice: the right time depends on the array, and on how much of its memory the guest uses. */
static void times_tell(struct vm_context *vm, struct deadline deadline)
{
	uint64_t bytes = memory_find(vm, deadline);

	if (bytes != 0) {
		(void)vm_times_check(vm->settings->vm, bytes, deadline_within(deadline, CLUSTER_MS),
				     time_tell, vm, NULL);
	}
}

/* The files of this host, which nobody looks at before the next login. */
static int chap_look(const struct vm_context *vm, struct err *err)
{
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "validate-all",
		.step = "chap",
		.text = "lunmask lets the array prove itself (chap_target_user) whenever it looks "
			"at a LUN or a portal; QEMU cannot, and logs in with this host's secret "
			"only",
	};
	struct chap_secrets secrets;
	int rc = vm->chap == NULL ? 0 : chap_read(vm->chap, &secrets, err);

	if (rc == 0 && vm->chap != NULL) {
		chap_wipe(&secrets);
	}
	if (rc == 0 && vm->chap != NULL && vm->chap->target_user != NULL) {
		vm_report_event(vm, &event);
	}
	return rc;
}

int vm_validate(const struct vm_settings *settings, int check_level, struct deadline deadline,
		const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_context scratch = {.settings = settings};
	struct hypervisor *hypervisor;
	int rc = vm_settings_parse(settings, &scratch, err);

	rc = rc != 0 ? rc : hypervisor_tuning_check(&settings->tuning, err);
	if (rc != 0 || check_level < 10) {
		return rc;
	}
	rc = vm_context_open(settings, report, deadline, &vm, err);
	if (rc == 0) {
		rc = config_check(vm, deadline, err);
	}
	if (rc == 0) {
		rc = programs_check(err);
	}
	if (rc == 0) {
		rc = chap_look(vm, err);
	}
	if (rc == 0) {
		rc = driver_check(vm, err);
	}
	if (rc == 0) {
		rc = vm_hypervisor(vm, deadline, &hypervisor, err);
	}
	if (rc == 0) {
		config_compare(vm, deadline);
		times_tell(vm, deadline_before(deadline, deadline_left_ms(deadline) / 4));
	}
	return rc;
}
