/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_SHOW_H
#define LUNMASK_ARRAY_TGT_SHOW_H

#include <stddef.h>

#include "base/err.h"
#include "names/name_limits.h"

/*
 * What `tgtadm --op show --mode target` and `--mode portal` print.
 *
 * The text is made inside tgtd and there is no other form of it. It is read strictly: the five
 * sections of a target in their order and each once, every line with the indentation and the words
 * it must have. An initiator can put text of its own into it (its alias), so that a text that looks
 * like nearly right is refused as a whole (-EBADMSG, with the line) rather than guessed at.
 */
#define TGT_SHOW_MAX (16u * 1024 * 1024) /* bytes of text */
#define TGT_TARGETS_MAX 4096
#define TGT_HOLDERS_MAX 1024 /* ACL entries, and connections, of one target */
#define TGT_UNITS_MAX 64     /* logical units of one target */
#define TGT_LINE_MAX 2047
#define TGT_SCSI_ID_MAX 63
#define TGT_PATH_MAX 1023
#define TGT_ADDRESS_MAX 127
#define TGT_PORTALS_MAX 64

/* One connection of a nexus: what it takes to cut it. */
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
};

struct tgt_show {
	struct tgt_target *targets;
	size_t count;
};

/* ret needs tgt_show_release() on success only. */
int tgt_show_parse(const char *text, size_t bytes, struct tgt_show *ret, struct err *err);
void tgt_show_release(struct tgt_show *show);

/* NULL when there is none. */
const struct tgt_target *tgt_show_find(const struct tgt_show *show, const char *name);
const struct tgt_unit *tgt_target_find_unit(const struct tgt_target *target, unsigned long number);

struct tgt_portals {
	char address[TGT_PORTALS_MAX][ISCSI_PORTAL_MAX + 1]; /* "address:port" */
	size_t count;
};

int tgt_portals_parse(const char *text, size_t bytes, struct tgt_portals *ret, struct err *err);

#endif
