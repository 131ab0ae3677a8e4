/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_APPLY_H
#define LUNMASK_VM_APPLY_H

#include <glib.h>

#include "vm/vm_context.h"

/*
 * Of the changes of a definition that was stored (definition_diff.h), those that a guest that runs
 * here can have at once: NICs that are added, removed or changed. libvirt decides which it can; the
 * others, and all the rest, are for the next boot. A NIC without a MAC in the definition is too: it
 * would get another one there.
 *
 * Each NIC is told: what was done, or why not. Returns the number of changes that are left for the
 * next boot.
 */
typedef void vm_apply_tell_fn(void *data, const char *nic, const char *done, const struct err *why);

size_t vm_apply(struct vm_context *vm, const GPtrArray *changes, const char *definition,
		struct deadline deadline, vm_apply_tell_fn *tell, void *data);

#endif
