/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_context.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "cluster/cluster.h"
#include "names/libvirt_uri.h"
#include "process/process.h"
#include "process/qemu_process.h"

#define EXIT_MS 1000
#define LUNMASKD_ANSWER_MS 1000

static void name_add(const char **names, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(names[i], name) == 0) {
			return;
		}
	}
	names[(*n)++] = name;
}

static void lun_name_add(struct vm_context *vm, const char *name)
{
	name_add(vm->lun_names, &vm->n_luns, name);
}

/* A drive that overlaps the state area would overwrite the mapping file. */
static int state_apart_from_drives(const struct vm_context *vm, struct err *err)
{
	const struct extent *state = &vm->state;
	uint64_t state_end =
		state->length_bytes == 0 ? UINT64_MAX : state->offset_bytes + state->length_bytes;
	size_t i;

	for (i = 0; i < vm->n_drives; i++) {
		const struct extent *extent = &vm->drives[i].extent;
		uint64_t end = extent->length_bytes == 0
				       ? UINT64_MAX
				       : extent->offset_bytes + extent->length_bytes;

		if (strcmp(extent->lun, state->lun) == 0 && vm->drives[i].read_only) {
			return err_set(err, -EINVAL,
				       "state_lun is on LUN %s, which is read-only for drive %s",
				       state->lun, vm->drives[i].target);
		}
		if (strcmp(extent->lun, state->lun) == 0 && extent->offset_bytes < state_end &&
		    state->offset_bytes < end) {
			return err_set(err, -EINVAL,
				       "state_lun and drive %s overlap on LUN %s: give them "
				       "separate LUNs, or extents NAME:OFFSET+LENGTH that do not "
				       "overlap",
				       vm->drives[i].target, state->lun);
		}
	}
	return 0;
}

int vm_settings_parse(const struct vm_settings *settings, struct vm_context *vm, struct err *err)
{
	size_t i;
	int rc;

	if (settings->vm == NULL || settings->array == NULL || settings->luns == NULL ||
	    settings->state_lun == NULL) {
		return err_set(err, -EINVAL, "vm, array, luns and state_lun must all be set");
	}
	rc = drives_from_str(settings->luns, vm->drives, VM_LUNS_MAX - 1, &vm->n_drives, err);
	if (rc != 0) {
		return err_prefix(err, rc, "luns");
	}
	rc = extent_from_str(settings->state_lun, &vm->state, err);
	if (rc != 0) {
		return err_prefix(err, rc, "state_lun");
	}
	rc = state_apart_from_drives(vm, err);
	if (rc != 0) {
		return rc;
	}
	for (i = 0; i < vm->n_drives; i++) {
		if (vm->drives[i].read_only) {
			name_add(vm->media, &vm->n_media, vm->drives[i].extent.lun);
		} else {
			lun_name_add(vm, vm->drives[i].extent.lun);
		}
	}
	lun_name_add(vm, vm->state.lun);
	return 0;
}

int vm_node_find(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const struct vm_settings *settings = vm->settings;
	struct utsname system;

	if (settings->node != NULL && settings->node[0] != '\0') {
		if (strlen(settings->node) > NODE_NAME_MAX) {
			return err_set(err, -EINVAL, "node name is longer than %d characters",
				       NODE_NAME_MAX);
		}
		strcpy(vm->node, settings->node);
		return 0;
	}
	if (cluster_local_node(deadline_within(deadline, 2000), vm->node, sizeof(vm->node), NULL) ==
	    0) {
		return 0;
	}
	if (uname(&system) != 0) {
		return err_set(err, -errno, "this node's name cannot be found: %s",
			       strerror(errno));
	}
	strncpy(vm->node, system.nodename, sizeof(vm->node) - 1);
	return 0;
}

/* Also where there is one portal only: for what could be written late (portal_orphan.h). */
static void redirect_set(struct vm_context *vm)
{
	if (redirect_portal_get(vm->config, vm->settings->array, vm->redirect, NULL) < 0) {
		vm->redirect[0] = '\0';
	}
}

int vm_config_apply(struct vm_context *vm, const char *path, struct deadline deadline,
		    struct err *err)
{
	const struct config_array *array;
	struct config *config;
	int rc = config_load(path, &config, err);

	if (rc != 0) {
		return rc;
	}
	config_free(vm->config);
	vm->config = config;
	rc = vm_node_find(vm, deadline, err);
	if (rc == 0) {
		rc = config_array_get(config, vm->settings->array, &array, err);
	}
	if (rc == 0) {
		rc = config_host_get(config, vm->node, &vm->self, err);
	}
	if (rc != 0) {
		return rc;
	}
	vm->portals = (const char *const *)array->portals;
	vm->n_portals = array->n_portals;
	redirect_set(vm);
	vm->chap = config_chap(config, array->name);
	vm->array_info = (struct array_info){.known = false};
	vm->cluster = cluster_id_load(NULL);
	vm->array = (struct array){
		.name = array->name,
		.driver = array->driver,
		.by = vm->self->initiator,
		.config = vm->config,
		.cluster = vm->cluster.text,
		.info = &vm->array_info,
		.runner = {.transport = array->transport, .identity = array->identity},
	};
	return 0;
}

static int context_open(struct vm_context *vm, int rc, struct deadline deadline,
			struct vm_context **ret, struct err *err)
{
	if (rc == 0) {
		rc = vm_config_apply(vm, NULL, deadline, err);
	}
	if (rc != 0) {
		vm_context_free(vm);
		return rc;
	}
	*ret = vm;
	return 0;
}

int vm_context_open(const struct vm_settings *settings, const struct vm_report *report,
		    struct deadline deadline, struct vm_context **ret, struct err *err)
{
	struct vm_context *vm = calloc(1, sizeof(*vm));

	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vm->settings = settings;
	vm->report = report;
	return context_open(vm, vm_settings_parse(settings, vm, err), deadline, ret, err);
}

int vm_context_open_luns(const struct vm_settings *settings, const char *const *luns, size_t n_luns,
			 struct deadline deadline, struct vm_context **ret, struct err *err)
{
	struct vm_context *vm = calloc(1, sizeof(*vm));

	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vm->settings = settings;
	for (size_t i = 0; i < n_luns && vm->n_luns < VM_LUNS_MAX; i++) {
		lun_name_add(vm, luns[i]);
	}
	return context_open(vm, 0, deadline, ret, err);
}

void vm_context_free(struct vm_context *vm)
{
	if (vm == NULL) {
		return;
	}
	if (vm->media_lock > 0) {
		(void)close(vm->media_lock);
	}
	vm_journal_release(&vm->journal);
	hypervisor_close(vm->hypervisor);
	mapping_free(vm->mapping);
	vm_grant_release(&vm->grant);
	config_free(vm->config);
	free(vm);
}

void vm_context_drop(struct vm_context **vm)
{
	vm_context_free(*vm);
}

int vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
		  struct err *err)
{
	int rc = 0;

	if (vm->hypervisor == NULL) {
		rc = hypervisor_open(vm->settings->hypervisor, deadline, &vm->hypervisor, err);
	}
	*ret = vm->hypervisor;
	return rc;
}

static int domain_state_ask(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			    struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	if (rc == 0) {
		rc = hypervisor_domain_state(hypervisor, vm->settings->vm, deadline, ret, err);
	}
	return rc;
}

static int domain_state_known(struct vm_context *vm, struct deadline deadline,
			      enum domain_state *ret, struct err *err)
{
	bool connected = vm->hypervisor != NULL;
	int rc = domain_state_ask(vm, deadline, ret, err);

	/*
	 * An earlier call may have timed out and lost the connection, or libvirtd may have been
	 * restarted: try once more with a new connection.
	 */
	if (connected && (rc == -ENOTCONN || rc == -ECONNREFUSED)) {
		hypervisor_close(vm->hypervisor);
		vm->hypervisor = NULL;
		rc = domain_state_ask(vm, deadline, ret, err);
	}
	return rc;
}

/*
 * 1: a QEMU that libvirt does not know; 0: none. A QEMU that exits, as after the end of its domain,
 * gets EXIT_MS for that.
 */
static int qemu_left(const struct vm_context *vm, struct deadline deadline, struct err *err)
{
	pid_t pid;
	int rc = qemu_process_find(vm->settings->vm, &pid, err);

	if (rc == 0 && pid != 0) {
		AUTO_FD pidfd = process_hold(pid, err);

		if (pidfd >= 0 && process_wait(pidfd, deadline_within(deadline, EXIT_MS))) {
			rc = qemu_process_find(vm->settings->vm, &pid, err);
		} else if (pidfd < 0) {
			pid = 0;
			rc = pidfd == -ESRCH ? 0 : pidfd;
		}
	}
	return rc != 0 ? rc : pid != 0;
}

int vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		    struct err *err)
{
	int rc = domain_state_known(vm, deadline, ret, err);

	if (rc != 0 || *ret != DOMAIN_ABSENT) {
		return rc;
	}
	rc = qemu_left(vm, deadline, err);
	if (rc <= 0) {
		return rc;
	}
	/* It may have been started since libvirt was asked. */
	rc = domain_state_known(vm, deadline, ret, err);
	if (rc == 0 && *ret == DOMAIN_ABSENT) {
		*ret = DOMAIN_LOST;
	}
	return rc;
}

bool vm_domain_departed(const struct vm_context *vm, struct deadline deadline)
{
	enum journal_domain domain = JOURNAL_DOMAIN_UNKNOWN;
	struct journal *journal;

	if (g_strcmp0(vm->settings->hypervisor, LIBVIRT_URI_SYSTEM) != 0 ||
	    journal_open(deadline_within(deadline, LUNMASKD_ANSWER_MS), &journal, NULL) != 0) {
		return false;
	}
	(void)journal_domain_get(journal, vm->settings->vm,
				 deadline_within(deadline, LUNMASKD_ANSWER_MS), &domain, NULL);
	journal_close(journal);
	return domain == JOURNAL_DOMAIN_DEPARTED;
}

int vm_gate_quorum(void *context, struct deadline deadline, struct err *err)
{
	bool quorate;
	int rc = cluster_has_quorum(deadline, &quorate, err);

	(void)context;
	if (rc != 0) {
		return err_prefix(err, rc, "cannot see whether this partition has quorum");
	}
	if (!quorate) {
		return err_set(err, -EPERM,
			       "wait until this partition of the cluster has quorum "
			       "(corosync-quorumtool -s): it has no quorum now, and without it "
			       "nothing that gives a host or guest more access is done");
	}
	return 0;
}

void vm_report_event(const struct vm_context *vm, const struct task_event *event)
{
	if (vm->report != NULL && vm->report->event != NULL) {
		vm->report->event(vm->report->data, event);
	}
}
