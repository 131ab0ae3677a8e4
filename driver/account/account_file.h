/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_ACCOUNT_FILE_H
#define LUNMASK_ARRAY_ACCOUNT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/chap.h"

/*
 * The accounts that an array is to have, from a file that nobody else may read (trusted_file.h).
 * One account is a line of three words:
 *
 *	# who   user                             secret
 *	host    iqn.2026-11.org.example:node1    ...     hosts log in with it
 *	array   san1                             ...     the array proves itself with it; one at
 *most
 *
 * It has at least one host, no user twice, and the array's secret is none of the hosts'. Errors
 * name the file and the line, and never show what is in it.
 *
 * From then on, this process leaves no core dump. account_file_release() wipes the secrets.
 */
#define ACCOUNT_FILE_MAX_BYTES (64u * 1024)
#define ACCOUNT_FILE_MAX 256

struct account {
	bool outgoing; /* the array's */
	char user[CHAP_USER_MAX + 1];
	char secret[CHAP_SECRET_MAX + 1];
};

struct account_file {
	struct account *accounts;
	size_t count;
};

/* -errno; the file is released then. */
int account_file_read(const char *path, struct account_file *ret, struct err *err);
void account_file_release(struct account_file *file);

#endif
