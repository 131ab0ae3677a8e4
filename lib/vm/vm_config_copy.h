/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CONFIG_COPY_H
#define LUNMASK_VM_CONFIG_COPY_H

#include "base/err.h"

/*
 * A copy of the configuration that the last widening task on this host used, kept under /run until
 * the host reboots. stop can then revoke what was granted even if lunmask.conf has been removed or
 * damaged since. The copy holds no secret (lunmask.conf(5) has none).
 */
#define VM_CONFIG_COPY_FILE "/run/lunmask/lunmask.conf"

/* Copies the configuration file in use to VM_CONFIG_COPY_FILE. -ENOENT, -EIO or another -errno. */
int vm_config_copy_store(struct err *err);

#endif
