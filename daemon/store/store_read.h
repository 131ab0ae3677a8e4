/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_READ_H
#define LUNMASK_DAEMON_STORE_READ_H

#include "store/store_db.h"
#include "store/store_dir.h"

/*
 * Opens the database in dir, and reads and checks all of its contents. The write-ahead log is
 * checked first. After 0 the caller closes db and releases content.
 *
 * -EBADMSG: the database is not trustworthy. Nothing has been written to it in that case. Other
 * errors as in store_db.h.
 */
int store_read(const struct store_dir *dir, struct store_db *db, struct store_content *content,
	       struct err *err);

#endif
