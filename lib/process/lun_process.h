/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_PROCESS_H
#define LUNMASK_LUN_PROCESS_H

#include <sys/types.h>

#include "base/err.h"
#include "names/name_limits.h"
#include "process/process.h"

/*
 * Finds a QEMU of this host that has a LUN open, no matter who started it, by its command line: the
 * target's iSCSI name and the LUN number in one argument, in any of QEMU's notations. A drive that
 * was attached later is not on the command line. qemu-storage-daemon does not count.
 */
struct lun_process {
	pid_t pid;                  /* 0: there is none */
	char name[VM_NAME_MAX + 1]; /* the name of the domain, or of the program if it has none */
};

/* except: the name of a domain whose QEMU does not count. 0, or -errno with text. */
int lun_process_find(const char *target, unsigned int number, const char *except,
		     struct lun_process *ret, struct err *err);

#endif
