/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INITIATOR_PROCESS_H
#define LUNMASK_INITIATOR_PROCESS_H

#include <sys/types.h>

#include "base/err.h"
#include "names/name_limits.h"
#include "process/process.h"
#include "process/process_set.h"

/*
 * Finds the processes of this host that use LUNs under an initiator name: every QEMU, no matter who
 * started it, and the storage daemon that exports a saved image. Such a process logs in again
 * automatically after its session is cut. After a fencing, these processes must therefore be gone
 * before the host may be granted a LUN.
 *
 * A process is recognised by its command line, which contains "initiator-name" and the name, in any
 * of QEMU's notations. A QEMU that hangs while it exits has no command line any more; it counts as
 * one of these processes. Neither libvirtd nor its files are used.
 */
struct initiator_process {
	pid_t pid;
	char name[VM_NAME_MAX + 1]; /* the name of the domain, or of the program if it has none */
};

/* Finds one of them; ret->pid is 0 if there is none. 0, or -errno with text. */
int initiator_process_find(const char *initiator, struct initiator_process *ret, struct err *err);

/*
 * Adds all of them to set, each held by a pidfd. A caller uses it before it asks whether the host
 * is fenced. If the host is fenced, the caller must kill exactly these processes: a process that
 * starts later may belong to a host that has been unfenced since. 0, or -errno with text.
 */
int initiator_process_hold_all(const char *initiator, struct process_set *set, struct err *err);

#endif
