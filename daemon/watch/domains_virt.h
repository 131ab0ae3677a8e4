/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_VIRT_H
#define LUNMASK_DAEMON_DOMAINS_VIRT_H

#include "watch/domains.h"

/*
 * The one file of the daemon that knows libvirt: a read-only connection to LIBVIRT_URI_SYSTEM with
 * keep-alive, its events (delivered by a thread that runs libvirt's loop for the life of the
 * process), and a list of all domains with their states in one call, which asks no QEMU.
 */
extern const struct domains_ops domains_virt_ops;

#endif
