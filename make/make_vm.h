/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAKE_VM_H
#define LUNMASK_MAKE_VM_H

#include "survey/vm_all.h"

/*
 * The VM of the cluster's configuration with that name. -ENOENT: there is none; -EINVAL: its LUNs
 * are not known. One portal will do for what follows: no guest is going to run with the paths.
 */
int make_vm_find(const struct vm_all *all, const char *name, struct vm_one **ret, struct err *err);

/* -ENOENT, or -EINVAL: lunmask.conf has no such host. NULL is none that could be wrong. */
int make_host_check(const char *host, struct err *err);

/*
 * What is about to be done was told; the administrator types the name of the VM, unless confirmed
 * (--confirm) is not NULL. -EPERM: it was not typed, or nobody is there.
 */
int make_vm_confirm(const char *vm, const char *confirmed, struct err *err);
/* What is wrong with the value of --confirm: NULL, or a text for g_free(). */
char *make_vm_confirm_wrong(const char *vm, const char *confirmed);

/* For the seconds that a task takes: what ended the command would leave it behind. */
void make_vm_hold_interrupts(void);

#endif
