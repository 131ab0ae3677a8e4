/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LIBVIRT_SECRET_H
#define LUNMASK_LIBVIRT_SECRET_H

#include "base/deadline.h"
#include "base/err.h"
#include "config/chap.h"
#include "hypervisor/hypervisor.h"

/*
 * The CHAP secret of a VM's drives in a host's libvirt. libvirt looks it up when it starts QEMU, or
 * attaches a drive, and gives it to QEMU encrypted. So it need not be there for longer: who has
 * given it takes it away when QEMU runs. The definition names it by MAPPING_SECRET_PREFIX and the
 * VM's name, which is the same on every host.
 *
 * It is ephemeral (libvirt never writes it to a disk) and private (nobody gets it back).
 */

/* Reads the secret of chap on this host; replaces one that is left. The errors of chap_read(). */
int libvirt_secret_give(struct hypervisor *hypervisor, const char *vm, const struct chap *chap,
			struct deadline deadline, struct err *err);

/* 0 also if there is none. hypervisor may be another host's: nothing secret is sent. */
int libvirt_secret_take(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err);

#endif
