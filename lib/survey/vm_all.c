/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_all.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "journal/journal.h"
#include "names/libvirt_uri.h"

#define JOURNAL_MS 3000

static struct vm_settings settings_of(const struct cluster_vm *vm, const char *node)
{
	return (struct vm_settings){
		.vm = vm->vm,
		.array = vm->array,
		.luns = vm->luns,
		.state_lun = vm->state_lun,
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

static bool known(const struct vm_all *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->vms[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Collects the LUNs of every release of this VM, because a later release may name LUNs that the VM
 * got later.
 */
static size_t released_luns(const struct vm_all *all, size_t n_releases,
			    const struct journal_release *of, const char *luns[VM_LUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < n_releases; i++) {
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

static void released_open(const struct vm_all *all, size_t n_releases,
			  const struct journal_release *release, struct deadline deadline,
			  struct vm_one *ret)
{
	const char *luns[VM_LUNS_MAX];
	size_t n = released_luns(all, n_releases, release, luns);

	ret->name = release->vm;
	ret->settings = (struct vm_settings){
		.vm = release->vm,
		.array = release->array,
		.hypervisor = LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.node = all->node,
	};
	if (vm_context_open_luns(&ret->settings, luns, n, deadline, &ret->vm, &ret->why) != 0) {
		ret->vm = NULL;
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
	size_t n_releases;
	int rc;

	*ret = (struct vm_all){0};
	rc = cluster_local_node(deadline, ret->node, sizeof(ret->node), err);
	rc = rc != 0 ? rc : cluster_vms_get(deadline, &ret->cluster, err);
	if (rc != 0) {
		return rc;
	}
	n_releases = releases_read(deadline, &ret->releases);
	/*
	 * Each vm holds the address of its settings, so the table is allocated once and never
	 * moves.
	 */
	ret->vms = calloc(ret->cluster.count + n_releases + 1, sizeof(*ret->vms));
	if (ret->vms == NULL) {
		vm_all_release(ret);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < ret->cluster.count; i++) {
		configured_open(&ret->cluster.vms[i], ret->node, deadline, &ret->vms[ret->n++]);
	}
	for (size_t i = 0; i < n_releases; i++) {
		if (!known(ret, ret->releases[i].vm)) {
			released_open(ret, n_releases, &ret->releases[i], deadline,
				      &ret->vms[ret->n++]);
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

static bool has_lun(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (strcmp(vm->lun_names[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

bool vm_all_shared(void *data, const char *vm, const char *lun)
{
	const struct vm_all *all = data;
	const char *array = NULL;

	for (size_t i = 0; i < all->n; i++) {
		if (all->vms[i].vm != NULL && strcmp(all->vms[i].name, vm) == 0) {
			array = all->vms[i].vm->array.name;
		}
	}
	for (size_t i = 0; array != NULL && i < all->n; i++) {
		const struct vm_context *other = all->vms[i].vm;

		if (other != NULL && strcmp(all->vms[i].name, vm) != 0 &&
		    strcmp(other->array.name, array) == 0 && has_lun(other, lun)) {
			return true;
		}
	}
	return false;
}
