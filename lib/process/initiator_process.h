/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INITIATOR_PROCESS_H
#define LUNMASK_INITIATOR_PROCESS_H

#include <sys/types.h>

#include "base/err.h"
#include "names/name_limits.h"
#include "process/process.h"
#include "process/process_set.h"

/*
 * The processes of this host that use LUNs under an initiator's name: QEMU, whoever started it, and
 * the storage daemon that holds a saved image. They log in again by themselves when their session
 * was cut, so that after a fencing they must be gone before the host may be granted anything.
 *
 * They are known by their command line: it has "initiator-name" and the name, in any of QEMU's
 * notations. A QEMU that hangs in its end has no command line any more and counts as one of them.
 * Neither libvirtd nor its files are asked.
 */
struct initiator_process {
	pid_t pid;
	char name[VM_NAME_MAX + 1]; /* of the domain, or of the program when it has none */
};

/* ret->pid is 0 when there is none. */
int initiator_process_find(const char *initiator, struct initiator_process *ret, struct err *err);

/*
 * Adds all of them to set, held. For the one who then asks whether the host is fenced: what he has
 * to end, if it is, are these and no others, since whatever begins later may have been let in anew.
 */
int initiator_process_hold_all(const char *initiator, struct process_set *set, struct err *err);

#endif
