/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_VIRT_H
#define LUNMASK_DAEMON_CUTOFF_VIRT_H

#include "base/err.h"

/*
 * Reports I/O errors of this host's domains, from libvirt. A separate thread with a read-only
 * connection to LIBVIRT_URI_SYSTEM runs until the process exits. libvirtd may hang, exit and
 * restart: each new connection is reported like an I/O error, since an error may have been missed.
 *
 * *ret_fd becomes readable at each report. It is an eventfd(2), which the caller reads and never
 * closes. 0 or -errno.
 */
int cutoff_virt_start(int *ret_fd, struct err *err);

#endif
