/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_VIRT_H
#define LUNMASK_DAEMON_DOMAINS_VIRT_H

#include "watch/domains.h"

/*
 * The daemon's use of libvirt; no other file of the daemon uses it. It opens a read-only
 * connection to LIBVIRT_URI_SYSTEM with keep-alive, receives its events (from a thread that runs
 * libvirt's event loop until the process exits), and lists all domains with their states in one
 * call, which does not query QEMU. Give domains_virt_ops to domains_new().
 */
extern const struct domains_ops domains_virt_ops;

#endif
