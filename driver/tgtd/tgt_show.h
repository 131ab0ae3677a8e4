/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_SHOW_H
#define LUNMASK_ARRAY_TGT_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "names/name_limits.h"

/*
 * Parses the output of `tgtadm --op show --mode target` and `--mode portal`.
 *
 *	tgt_show_parse(text, bytes, prefix, &show, &err);
 *	tgt_show_find(&show, name);
 *	tgt_show_release(&show);
 *
 * tgtd formats this text, and no other format exists. The targets whose names begin with prefix are
 * the driver's: they are parsed strictly. Each has its five sections once and in order, and every
 * line must have the right indentation and words. An initiator can put its own text into the output
 * (its alias). A text that is only nearly right is therefore refused as a whole (-EBADMSG, with the
 * line) and not guessed at.
 *
 * Of the targets of others, only the numbers are taken, whatever else is in them, in any number: an
 * oddity of somebody else must not keep a host from being fenced (docs/decisions/0031). Where the
 * text ends within one of them, it is refused: what follows could have been the driver's.
 */
#define TGT_SHOW_MAX (16u * 1024 * 1024) /* limit for the text, in bytes */
#define TGT_TARGETS_MAX 4096
#define TGT_HOLDERS_MAX 1024   /* ACL entries of one target; also its connections */
#define TGT_UNITS_MAX 64       /* logical units of one target */
#define TGT_ACCOUNTS_MAX 65536 /* of one target */
#define TGT_LINE_MAX 2047
#define TGT_SCSI_ID_MAX 63
#define TGT_PATH_MAX 1023
#define TGT_ADDRESS_MAX 127
#define TGT_PORTALS_MAX 64

/* One connection of a nexus: the data needed to delete it. */
struct tgt_connection {
	unsigned long sid;
	unsigned int cid;
	char initiator[ISCSI_NAME_MAX + 1];
	char address[TGT_ADDRESS_MAX + 1];
};

struct tgt_unit {
	unsigned long number;
	char scsi_id[TGT_SCSI_ID_MAX + 1];
	char path[TGT_PATH_MAX + 1];
	int online;
	bool read_only;
};

struct tgt_target {
	unsigned int tid;
	char name[ISCSI_NAME_MAX + 1];
	char (*acl)[ISCSI_NAME_MAX + 1]; /* initiator names, addresses, or "ALL" */
	size_t n_acl;
	struct tgt_connection *connections;
	size_t n_connections;
	struct tgt_unit *units;
	size_t n_units;
	char **accounts; /* by which hosts log in (CHAP), in the order of tgtd's list */
	size_t n_accounts;
	char *array_account; /* by which the array proves itself; NULL: none */
};

struct tgt_show {
	struct tgt_target *targets; /* the driver's */
	size_t count;
	unsigned int tid_max; /* of all targets, also of others; 0: there is none */
};

/* 0 or -EBADMSG. The caller releases ret with tgt_show_release() after 0 only. */
int tgt_show_parse(const char *text, size_t bytes, const char *prefix, struct tgt_show *ret,
		   struct err *err);
void tgt_show_release(struct tgt_show *show);

/* NULL: not found. Borrowed from show or target. */
const struct tgt_target *tgt_show_find(const struct tgt_show *show, const char *name);
const struct tgt_unit *tgt_target_find_unit(const struct tgt_target *target, unsigned long number);

struct tgt_portals {
	char address[TGT_PORTALS_MAX][ISCSI_PORTAL_MAX + 1]; /* "address:port" */
	size_t count;
};

int tgt_portals_parse(const char *text, size_t bytes, struct tgt_portals *ret, struct err *err);

#endif
