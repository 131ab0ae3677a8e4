/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_H
#define LUNMASK_ARRAY_TGT_H

#include "driver/tgt/tgt_config.h"
#include "driver/tgt/tgt_table.h"

/*
 * The array that tgtd is: each LUN is the logical unit 1 of a target of its own, so that the
 * target's access list is the LUN's mask. A LUN whose target tgtd does not have (it was restarted)
 * is a LUN nobody can reach; its target is made again when it is granted, or by --restore.
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
