/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define CLUSTER_MS 30000
/* One portal will do: no guest is going to run with these paths. */
#define PATHS_REQUIRED 1

/* The VM of the cluster that the argument names. */
static int vm_find(const struct vm_all *all, const char *name, struct vm_one **ret, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct vm_one *one = &all->vms[i];

		if (strcmp(one->name, name) != 0) {
			continue;
		}
		if (one->vm == NULL || one->vm->state.lun[0] == '\0') {
			return err_set(err, -EINVAL, "%.100s: its LUNs are not known: %s", name,
				       one->vm == NULL ? err_text(&one->why)
						       : "the cluster has no resource for it");
		}
		one->settings.paths_required = PATHS_REQUIRED;
		*ret = one;
		return 0;
	}
	return err_set(err, -ENOENT, "the cluster has no VM '%.200s'", name);
}

void lunmask_interrupts_hold(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)signal(numbers[i], SIG_IGN);
	}
}

void lunmask_interrupts_let(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)signal(numbers[i], SIG_DFL);
	}
}

int lunmask_with_vm(const struct lunmask_options *options, lunmask_vm_fn *run)
{
	struct vm_all all = {.n = 0};
	struct err err = ERR_INIT;
	struct vm_one *one = NULL;
	int rc = vm_all_open(deadline_in(CLUSTER_MS), &all, &err);

	rc = rc < 0 ? rc : vm_find(&all, options->argument, &one, &err);
	rc = rc < 0 ? rc : run(options, one, &err);
	vm_all_release(&all);
	return rc < 0 ? lunmask_fail(rc, &err) : rc;
}
