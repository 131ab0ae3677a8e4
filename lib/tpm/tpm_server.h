/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_SERVER_H
#define LUNMASK_TPM_SERVER_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * The process that keeps the TPM of a VM on its LUN (lunmask-tpm(8)): found, and ended, by what the
 * kernel says, never by a pid that a file remembers.
 *
 * While it lives it holds a lock on /run/lunmask/tpm/VM.lock, and the kernel tells who holds it.
 * The file also has the UUID of the domain, whose folder the process has mounted. The file stays.
 */

/* In the process itself. -EBUSY: another one has the lock. Never close *ret_fd. */
int tpm_server_lock(const char *vm, const char *uuid, int *ret_fd, struct err *err);

/* 0 with *ret_pid 0: there is none. */
int tpm_server_find(const char *vm, pid_t *ret_pid, struct err *err);

/*
 * Ends it, if there is one, and removes its mount, also one that a killed process has left. Its
 * last effect on the LUN is over when this returns 0. -ETIMEDOUT: it does not end even if killed.
 */
int tpm_server_end(const char *vm, struct deadline deadline, struct err *err);

/* Where libvirt has the TPM of the domain; the caller frees it (g_free). */
char *tpm_server_mount_point(const char *uuid);

#endif
