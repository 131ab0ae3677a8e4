/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_QEMU_PROCESS_H
#define LUNMASK_QEMU_PROCESS_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Finds and kills a domain's QEMU without libvirtd. The monitor and stop use it when libvirtd is
 * down or hangs.
 *
 * libvirt's pid file /run/libvirt/qemu/VM.pid is only a hint: a process counts as the domain's QEMU
 * only if its command line has "guest=VM". If the hint does not lead to it, all of /proc is
 * searched. A pidfd holds the process, so that a reused pid is never signalled.
 *
 * A QEMU that hangs while it exits has no command line. It counts only if the pid file names it.
 */

/* *ret_pid is 0 if there is none. 0, or -errno with text. */
int qemu_process_find(const char *vm, pid_t *ret_pid, struct err *err);

/*
 * Opens a pidfd of the process that the pid file names, without a search of /proc. The caller
 * closes it. -ESRCH, with text, if there is no such process or it is not the domain's QEMU.
 */
int qemu_process_hold(const char *vm, struct err *err);

/*
 * Sends SIGTERM, and SIGKILL after half of the time until the deadline. 0 if the domain's QEMU is
 * proven gone, or never existed. -ETIMEDOUT, with text, if it does not exit or is started again.
 */
int qemu_process_end(const char *vm, struct deadline deadline, struct err *err);

#endif
