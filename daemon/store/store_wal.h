/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_WAL_H
#define LUNMASK_DAEMON_STORE_WAL_H

#include "base/err.h"

/*
 * Looks at a write-ahead log (sqlite.org/fileformat2.html, 4) before SQLite does. SQLite takes
 * everything up to the first frame whose checksum is wrong and silently forgets the rest: right for
 * a write torn by a power cut, wrong for one that was synced, said to be durable, and
 * damaged since. Commits are synced one by one, so only the last one can be torn: a damaged frame
 * that whole commits follow was durable.
 *
 * 0: no such file, or an empty one, or nothing wrong. -EBADMSG, or -EIO.
 */
int store_wal_check(int directory, const char *name, struct err *err);

#endif
