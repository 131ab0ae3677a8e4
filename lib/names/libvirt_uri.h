/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LIBVIRT_URI_H
#define LUNMASK_LIBVIRT_URI_H

/* The local libvirt daemon: the default of the agents, and the daemon that lunmaskd watches. */
#define LIBVIRT_URI_SYSTEM "qemu:///system"

#endif
