/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CHAP_H
#define LUNMASK_CHAP_H

#include <stdbool.h>

#include "base/err.h"

/*
 * How this host proves to an array who it is (CHAP, RFC 7143 12.1.3), and how the array proves it
 * to this host (mutual CHAP). The struct names files, and holds no secret: it may be copied, kept
 * and compared. The secrets are read each time that somebody logs in, so one that was changed is
 * used from then on.
 *
 *	struct chap_secrets secrets;
 *	rc = chap_read(chap, &secrets, err);
 *	... hands them to the library that logs in ...
 *	chap_wipe(&secrets);
 *
 * What reads a secret has no core dump from then on, since libiscsi keeps a copy.
 */
#define CHAP_SECRET_MIN 12  /* RFC 7143 9.2.1: 96 bits, where there is no IPsec */
#define CHAP_SECRET_MAX 128 /* libiscsi and QEMU take 255, the arrays fewer */
#define CHAP_USER_MAX 223   /* an iSCSI name; libiscsi takes 255 */

struct chap {
	char *user;               /* of this host at the array; NULL: its initiator name */
	char *secret_file;        /* NULL: no CHAP */
	char *target_user;        /* of the array; NULL: it need not prove anything */
	char *target_secret_file; /* of the array; NULL if target_user is */
};

struct chap_secrets {
	char own[CHAP_SECRET_MAX + 1];
	char target[CHAP_SECRET_MAX + 1]; /* "" without mutual CHAP */
};

/* False for NULL, too. */
bool chap_wanted(const struct chap *chap);

/* The name by which this host logs in. */
const char *chap_user(const struct chap *chap, const char *initiator);

/* 12 to 128 printable characters without blanks. -EINVAL. */
int chap_secret_check(const char *secret, struct err *err);

/* Before a secret is read: this process leaves no core dump. -EKEYREJECTED. */
int chap_no_core(struct err *err);

/* The keys of one array belong together. -EINVAL. */
int chap_check(const struct chap *chap, struct err *err);

/*
 * Reads the files: root's, mode 0600, one line of CHAP_SECRET_MIN to CHAP_SECRET_MAX printable
 * characters without blanks; the two must differ (RFC 7143 9.2.1). -EKEYREJECTED for whatever is
 * wrong with them, with a text that names the file and never what is in it.
 */
int chap_read(const struct chap *chap, struct chap_secrets *ret, struct err *err);

void chap_wipe(struct chap_secrets *secrets);

#endif
