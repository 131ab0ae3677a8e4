/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_H
#define LUNMASK_ARRAY_TGT_H

#include "driver/tgt/tgt_config.h"
#include "driver/tgt/tgt_table.h"

/*
 * tgtd as an array. Each LUN is the logical unit 1 of its own target, so the target's access list
 * is the LUN's mask. If tgtd was restarted, it has no target for the LUN, and no host can reach the
 * LUN. The target is created again when the LUN is granted, or by --restore.
 */
struct tgt {
	struct tgt_config config;
	struct tgt_table table;
};

struct tgt_target_name {
	char text[ISCSI_NAME_MAX + 1];
};

struct tgt_target_name tgt_target_name(const struct tgt *tgt, const char *lun);

#endif
