/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_QEMU_PROCESS_H
#define LUNMASK_QEMU_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A domain's QEMU without libvirtd: for the monitor and for stop, when libvirtd is down or hangs.
 *
 * libvirt's /run/libvirt/qemu/VM.pid is a hint; the process is taken for the domain's only when its
 * command line says "guest=VM". When the file is missing, /proc is searched. Processes are held by
 * pidfd, so that a reused pid is never signalled.
 */

/* *ret_pid is 0 when there is none. */
int qemu_process_find(const char *vm, pid_t *ret_pid, struct err *err);

/*
 * A pidfd of the process that the pid file names, without a search in /proc. -ESRCH: there is none,
 * or it is another's.
 */
int qemu_process_hold(const char *vm, struct err *err);

/* SIGTERM, and SIGKILL after half of the time; 0 when it is proven gone (also if it never was). */
int qemu_process_end(const char *vm, struct deadline deadline, struct err *err);

#endif
