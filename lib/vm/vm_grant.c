/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_grant.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool changed_has(const struct array_changed *changed, const char *lun)
{
	for (size_t i = 0; i < changed->n_granted; i++) {
		if (strcmp(changed->granted[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

int vm_grant_note(struct vm_grant *grant, const char (*luns)[LUN_NAME_MAX + 1], size_t n_luns,
		  struct err *err)
{
	struct array_changed *added = &grant->added;

	if (added->granted == NULL) {
		added->granted = calloc(VM_LUNS_MAX, sizeof(*added->granted));
	}
	if (added->granted == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n_luns && added->n_granted < VM_LUNS_MAX; i++) {
		if (!changed_has(added, luns[i])) {
			strcpy(added->granted[added->n_granted++], luns[i]);
		}
	}
	return 0;
}

void vm_grant_release(struct vm_grant *grant)
{
	array_changed_release(&grant->missing);
	array_changed_release(&grant->added);
}
