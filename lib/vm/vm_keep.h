/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_KEEP_H
#define LUNMASK_VM_KEEP_H

#include "base/err.h"

/*
 * The configuration that the last widening task on this host ran with, kept under /run until the
 * host reboots: stop must be able to revoke what was granted also when lunmask.conf has been
 * removed or broken since. It holds no secret (lunmask.conf(5) has none).
 */
#define VM_KEEP_FILE "/run/lunmask/lunmask.conf"

/* Copies the configuration file in use. */
int vm_keep_store(struct err *err);

#endif
