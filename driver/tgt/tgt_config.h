/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_CONFIG_H
#define LUNMASK_ARRAY_TGT_CONFIG_H

#include <stdbool.h>

#include "driver/core/fault.h"

/*
 * /etc/lunmask/array-tgt.conf, see lunmask-array-tgt(8):
 *
 *	[tgt]
 *	iqn_prefix = iqn.2026-11.org.example:      the LUN's name is appended to it
 *	pool = /srv/luns                           directory of the backing files
 *	control_port = 0                           of tgtd (its -C)
 *	lock_file = /run/lunmask-array-tgt/lock
 *	state_dir = /var/lib/lunmask-array-tgt
 *	foreign_addresses = 10.0.0.50 10.9.0.0/16  entries of access lists that admit no host
 *
 * The first two are required. config/ini.h describes the format; the limit is 16 KiB. The file
 * names paths that a process of root writes, so only root or the caller may own it and be able to
 * write it. After 0, the caller releases the configuration.
 */
#define TGT_CONFIG_FILE "/etc/lunmask/array-tgt.conf"

struct tgt_config {
	char *iqn_prefix;
	char *pool;
	char *control_port; /* digits */
	char *lock_file;
	char *state_dir;
	char *foreign_addresses; /* separated by blanks */
};

int tgt_config_load(const char *file, struct tgt_config *ret, struct fault *fault);
/* True if the entry of an access list is one of foreign_addresses, character by character. */
bool tgt_config_is_foreign(const struct tgt_config *config, const char *entry);

void tgt_config_release(struct tgt_config *config);

#endif
