/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MD_CONDITION_H
#define LUNMASK_MD_CONDITION_H

#include "array/lun_health.h"

/*
 * The health of the md array (md(4)) that a block device is, or that is below it: what the kernel
 * says in the device's folder of sysfs, "/sys/dev/block/9:127". A device may be a partition of one,
 * or a device of the device mapper on one. LUN_HEALTH_UNKNOWN, with the reason: none is found.
 */
struct lun_condition md_condition(const char *folder, const char *class);

#endif
