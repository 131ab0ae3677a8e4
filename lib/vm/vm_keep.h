/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_KEEP_H
#define LUNMASK_VM_KEEP_H

#include "base/err.h"
#include "vm/vm_context.h"

/*
 * What this host was granted for a VM, and how to reach the array: kept in a file under /run until
 * it is revoked or released. With it, stop needs neither the VM's parameters nor lunmask.conf.
 *
 *	rc = vm_keep_store(vm, err);               before the grant
 *	rc = vm_keep_load(name, &keep, err);       -ENOENT: nothing was granted since the boot
 *	vm_keep_apply(keep, vm);                   the steps now act on what was granted
 *	vm_keep_free(keep);                        after vm_context_free(): the context borrows it
 *	rc = vm_keep_remove(name, err);            after the revoke was read back, or released
 */
#define VM_KEEP_DIRECTORY "/run/lunmask/granted"
/* Another directory, for tests. */
#define VM_KEEP_VARIABLE "LUNMASK_GRANTED"

struct vm_keep;

/*
 * Adds the VM's LUNs to what is kept already. -EBUSY: that is of another array or initiator, or
 * there are too many LUNs, so the VM must be stopped first.
 */
int vm_keep_store(const struct vm_context *vm, struct err *err);

/* -ENOENT: there is no file. Any other error: there may be a grant. */
int vm_keep_load(const char *vm, struct vm_keep **ret, struct err *err);
void vm_keep_free(struct vm_keep *keep);
void vm_keep_drop(struct vm_keep **keep);

/*
 * If vm names the same array and initiator, adds the LUNs that it does not name. Otherwise what was
 * granted takes the place of what vm names; if vm's configuration describes that array, it says how
 * to reach it.
 */
void vm_keep_apply(const struct vm_keep *keep, struct vm_context *vm);

/*
 * The other VMs that this host was granted lun for, on vm's array: names, ended by NULL, which the
 * caller frees (g_strfreev()). A file that cannot be read is passed over.
 */
char **vm_keep_others(const struct vm_context *vm, const char *lun);

/* The path of a file in the folder; the caller frees it. */
char *vm_keep_path(const char *name);

/* 0 also if there is no file. */
int vm_keep_remove(const char *vm, struct err *err);

#endif
