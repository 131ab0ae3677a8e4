/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_VIRT_H
#define LUNMASK_DAEMON_CUTOFF_VIRT_H

#include "base/err.h"

/*
 * libvirt's word of I/O errors of this host's domains: a thread of its own with a read-only
 * connection to LIBVIRT_URI_SYSTEM, for the life of the process. libvirtd may hang, end and come
 * back: whenever it is connected anew, an error may have been missed, and that is told as one.
 *
 * *ret_fd becomes readable then; it is for the caller to read (eventfd(2)).
 */
int cutoff_virt_start(int *ret_fd, struct err *err);

#endif
