/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_READ_H
#define LUNMASK_DAEMON_STORE_READ_H

#include "store/store_db.h"
#include "store/store_dir.h"

/*
 * Opens the database in dir, write-ahead log first, and reads and checks all that is in it.
 * -EBADMSG when it is not to be believed; nothing was written to it then. After 0 the caller closes
 * db and releases content.
 */
int store_read(const struct store_dir *dir, struct store_db *db, struct store_content *content,
	       struct err *err);

#endif
