/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_CONFIG_H
#define LUNMASK_ARRAY_TGT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "driver/core/fault.h"

/*
 * /etc/lunmask/array-tgt.conf, see lunmask-array-tgt(8):
 *
 *	[tgt]
 *	iqn_prefix = iqn.2026-11.org.example:      the LUN's name is appended to it
 *	pool = /srv/luns                           directory of the backing files (see below)
 *	control_port = 0                           of tgtd (its -C)
 *	lock_file = /run/lunmask-array-tgt/lock
 *	state_dir = /var/lib/lunmask-array-tgt
 *	foreign_addresses = 10.0.0.50 10.9.0.0/16  entries of access lists that admit no host
 *	chap_accounts = /etc/lunmask/array-tgt.chap
 *	chap_discovery = yes
 *
 *	[pool fast]                                any number of them
 *	type = lvm                                 or directory
 *	vg = vg0
 *	classes = mirror raid5                     LUNs of these classes are made here
 *
 * The key pool is short for a [pool default] of the type directory and the class none. At least one
 * pool is required, and a class comes from one pool. config/ini.h describes the format; the limit
 * is 16 KiB. The file names paths that a process of root writes, so only root or the caller may own
 * it and be able to write it. After 0, the caller releases the configuration.
 */
#define TGT_ACCOUNTS_NONE "none" /* those that the driver has made are taken away */
#define TGT_CONFIG_FILE "/etc/lunmask/array-tgt.conf"
#define TGT_POOLS_MAX 32
#define TGT_POOL_NAME_MAX 31
#define TGT_POOL_DEFAULT "default" /* also of LUNs whose pool is not recorded */
#define TGT_CLASS_NONE "none"      /* also of LUNs whose class is not recorded */
#define TGT_CLASS_NAME_MAX 15
#define TGT_STRIPES_MAX 64

enum tgt_pool_type { TGT_POOL_DIRECTORY, TGT_POOL_LVM };

struct tgt_pool {
	char *name;
	char *type_word;
	enum tgt_pool_type type;
	char *path;     /* the directory of the files, or of the device nodes of the volumes */
	char **classes; /* of the LUNs that are made here; may be empty */
	/* For the type lvm. */
	char *vg;
	char *thin_pool; /* NULL: each LUN has its own space */
	char *stripes_text;
	unsigned int stripes; /* 0: as the class has it */
};

struct tgt_config {
	char *iqn_prefix;
	char *pool;         /* NULL: only [pool NAME] */
	char *control_port; /* digits */
	char *lock_file;
	char *state_dir;
	char *foreign_addresses; /* separated by blanks */
	char *chap_accounts;     /* a file, or as below; NULL: tgtd's accounts are left alone */
	bool chap_discovery;     /* discovery has them, too */
	struct tgt_pool pools[TGT_POOLS_MAX];
	size_t n_pools;
};

int tgt_config_load(const char *file, struct tgt_config *ret, struct fault *fault);
/* True if the entry of an access list is one of foreign_addresses, character by character. */
bool tgt_config_is_foreign(const struct tgt_config *config, const char *entry);

/* NULL: there is none of this name, or none that gives this class. */
const struct tgt_pool *tgt_config_pool_find(const struct tgt_config *config, const char *name);
const struct tgt_pool *tgt_config_pool_of(const struct tgt_config *config, const char *class);

/* The class with that index of all that the pools give, least redundancy first; NULL after them. */
const char *tgt_config_class_at(const struct tgt_config *config, size_t index);

void tgt_config_release(struct tgt_config *config);

#endif
