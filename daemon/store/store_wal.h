/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_WAL_H
#define LUNMASK_DAEMON_STORE_WAL_H

#include "base/err.h"

/*
 * Checks a write-ahead log (sqlite.org/fileformat2.html, section 4) before SQLite opens it. SQLite
 * uses every frame before the first one with a wrong checksum and silently drops the rest. That is
 * right for a frame torn by a power failure, but wrong for a frame that was synced and reported as
 * durable, and damaged later. Commits are synced one by one, so only the last commit can be torn. A
 * damaged frame that is followed by a complete commit was therefore durable.
 *
 * 0: there is no such file, or it is empty, or nothing is wrong. -EBADMSG: damaged. -EIO. -ENOMEM.
 */
int store_wal_check(int directory, const char *name, struct err *err);

#endif
