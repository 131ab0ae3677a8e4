/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_all.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "journal/journal.h"
#include "names/libvirt_uri.h"
#include "names/unit_name.h"

#define JOURNAL_MS 3000

static struct vm_settings settings_of(const struct cluster_vm *vm, const char *node)
{
	return (struct vm_settings){
		.vm = vm->vm,
		.array = vm->array,
		.luns = vm->luns,
		.state_lun = vm->state_lun,
		.config = vm->config,
		.hypervisor = vm->hypervisor != NULL ? vm->hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = vm->migration_transport != NULL ? vm->migration_transport
								       : VM_TRANSPORT_DEFAULT,
		.migration_network_suffix = vm->migration_network_suffix,
		.node = node,
	};
}

static void configured_open(const struct cluster_vm *vm, const char *node, struct deadline deadline,
			    struct vm_one *ret)
{
	ret->name = vm->vm != NULL ? vm->vm : vm->resource;
	ret->resource = vm->resource;
	ret->settings = settings_of(vm, node);
	if (vm->unclear != NULL) {
		(void)err_set(&ret->why, -EINVAL, "resource %s: %s", vm->resource, vm->unclear);
	} else if (vm_context_open(&ret->settings, NULL, deadline, &ret->vm, &ret->why) != 0) {
		ret->vm = NULL;
	}
}

static bool has_lun(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (strcmp(vm->lun_names[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_medium(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_media; i++) {
		if (strcmp(vm->media[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

/* Does the entry name all that was released? If it could not be opened, it shows why. */
static bool covers(const struct vm_one *one, const struct journal_release *release)
{
	if (strcmp(one->name, release->vm) != 0 || one->settings.array == NULL ||
	    strcmp(one->settings.array, release->array) != 0) {
		return false;
	}
	for (size_t i = 0; one->vm != NULL && i < release->n_luns; i++) {
		if (!has_lun(one->vm, release->luns[i])) {
			return false;
		}
	}
	return true;
}

static bool covered(const struct vm_all *all, const struct journal_release *release)
{
	for (size_t i = 0; i < all->n; i++) {
		if (covers(&all->vms[i], release)) {
			return true;
		}
	}
	return false;
}

/* How its hosts are reached, if the VM is still in the configuration. */
static const struct vm_settings *settings_find(const struct vm_all *all, const char *vm)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->vms[i].resource != NULL && strcmp(all->vms[i].name, vm) == 0) {
			return &all->vms[i].settings;
		}
	}
	return NULL;
}

/*
 * Collects the LUNs of every release of this VM, because a later release may name LUNs that the VM
 * got later.
 */
static size_t released_luns(const struct vm_all *all, const struct journal_release *of,
			    const char *luns[VM_LUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < all->n_releases; i++) {
		const struct journal_release *release = &all->releases[i];

		if (strcmp(release->vm, of->vm) != 0 || strcmp(release->array, of->array) != 0) {
			continue;
		}
		for (size_t k = 0; k < release->n_luns && n < VM_LUNS_MAX; k++) {
			luns[n++] = release->luns[k];
		}
	}
	return n;
}

static void released_open(const struct vm_all *all, const struct journal_release *release,
			  struct deadline deadline, struct vm_one *ret)
{
	const struct vm_settings *settings = settings_find(all, release->vm);
	const char *luns[VM_LUNS_MAX];
	size_t n = released_luns(all, release, luns);
	struct err why = ERR_INIT;

	ret->name = release->vm;
	ret->settings = settings != NULL ? *settings
					 : (struct vm_settings){
						   .vm = release->vm,
						   .hypervisor = LIBVIRT_URI_SYSTEM,
						   .migration_transport = VM_TRANSPORT_DEFAULT,
						   .node = all->node,
					   };
	ret->settings.array = release->array;
	if (vm_context_open_luns(&ret->settings, luns, n, deadline, &ret->vm, &why) != 0) {
		ret->vm = NULL;
		(void)err_set(&ret->why, -EINVAL,
			      "%s; if the array is gone for good, lunmask journal forget ends the "
			      "release by %s",
			      err_text(&why), release->node);
	}
}

/*
 * Without a journal the list is empty. The caller learns about the journal when it reads the record
 * of a VM.
 */
static size_t releases_read(struct deadline deadline, struct journal_release **ret)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	size_t n = 0;

	*ret = NULL;
	deadline = deadline_within(deadline, JOURNAL_MS);
	if (journal_open(deadline, &journal, NULL) != 0 ||
	    journal_release_list(journal, deadline, ret, &n, NULL) != 0) {
		return 0;
	}
	return n;
}

int vm_all_open(struct deadline deadline, struct vm_all *ret, struct err *err)
{
	int rc;

	*ret = (struct vm_all){0};
	rc = cluster_local_node(deadline, ret->node, sizeof(ret->node), err);
	rc = rc != 0 ? rc : cluster_vms_get(deadline, &ret->cluster, err);
	if (rc != 0) {
		return rc;
	}
	ret->n_releases = releases_read(deadline, &ret->releases);
	/*
	 * Each vm holds the address of its settings, so the table is allocated once and never
	 * moves.
	 */
	ret->vms = calloc(ret->cluster.count + ret->n_releases + 1, sizeof(*ret->vms));
	if (ret->vms == NULL) {
		vm_all_release(ret);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < ret->cluster.count; i++) {
		configured_open(&ret->cluster.vms[i], ret->node, deadline, &ret->vms[ret->n++]);
	}
	for (size_t i = 0; i < ret->n_releases; i++) {
		if (!covered(ret, &ret->releases[i])) {
			released_open(ret, &ret->releases[i], deadline, &ret->vms[ret->n]);
			ret->n++;
		}
	}
	return 0;
}

void vm_all_release(struct vm_all *all)
{
	for (size_t i = 0; i < all->n; i++) {
		vm_context_free(all->vms[i].vm);
	}
	free(all->vms);
	free(all->releases);
	cluster_vms_release(&all->cluster);
	*all = (struct vm_all){0};
}

/* Does a LogicalUnit of the cluster have the LUN? Its own releases do not count as another's. */
static bool has_unit(const struct vm_all *all, const char *except, const char *array,
		     const char *lun)
{
	for (size_t i = 0; i < all->cluster.n_units; i++) {
		const struct cluster_vm *unit = &all->cluster.units[i];
		char key[VM_NAME_MAX + 1];

		if (unit->unclear != NULL || strcmp(unit->array, array) != 0 ||
		    strcmp(unit->lun, lun) != 0) {
			continue;
		}
		unit_key(unit->array, unit->lun, key);
		if (strcmp(key, except) != 0) {
			return true;
		}
	}
	return false;
}

bool vm_all_shared(const struct vm_all *all, const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct vm_context *other = all->vms[i].vm;

		if (other != NULL && strcmp(all->vms[i].name, vm->settings->vm) != 0 &&
		    strcmp(other->array.name, vm->array.name) == 0 && has_lun(other, lun)) {
			return true;
		}
	}
	return has_unit(all, vm->settings->vm, vm->array.name, lun);
}

static bool release_names(const struct journal_release *release, const char *lun)
{
	for (size_t i = 0; i < release->n_luns; i++) {
		if (strcmp(release->luns[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

bool vm_all_names(const struct vm_all *all, const char *array, const char *lun)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct vm_context *vm = all->vms[i].vm;

		if (vm != NULL && strcmp(vm->array.name, array) == 0 &&
		    (has_lun(vm, lun) || has_medium(vm, lun))) {
			return true;
		}
	}
	if (has_unit(all, "", array, lun)) {
		return true;
	}
	for (size_t i = 0; i < all->n_releases; i++) {
		if (strcmp(all->releases[i].array, array) == 0 &&
		    release_names(&all->releases[i], lun)) {
			return true;
		}
	}
	return false;
}
