/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_ACCOUNT_SHOW_H
#define LUNMASK_ARRAY_TGT_ACCOUNT_SHOW_H

#include <glib.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * Parses what tgtd shows of its accounts. tgtd formats the text, and no other format exists. Only
 * root makes accounts, so that their names are believed.
 */

/* "Account list:", then a name in each line. The array's elements are freed with it. -EBADMSG. */
int tgt_account_list_parse(const char *text, GPtrArray **ret, struct err *err);

/* Of tgtadm --mode sys --op show. */
struct tgt_discovery {
	GPtrArray *hosts; /* of char *, in tgtd's order */
	char *array;      /* the outgoing account; NULL: none. tgtd shows it only beside others */
	bool debug;       /* tgtd writes each request to its log, secrets too */
};

int tgt_discovery_parse(const char *text, struct tgt_discovery *ret, struct err *err);
void tgt_discovery_release(struct tgt_discovery *discovery);

/*
 * True if any target in the text of --mode target --op show, also one of others, has the account.
 * What an initiator has put into the text can make it true, and cannot make it false.
 */
bool tgt_account_shown(const char *text, const char *user);

/* "NAME (outgoing)": cuts the word off, and returns true. */
bool tgt_account_outgoing(char *name);

#endif
