/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_read.h"

#include "store/store_wal.h"

int store_read(const struct store_dir *dir, struct store_db *db, struct store_content *content,
	       struct err *err)
{
	bool wal = store_dir_has(dir, STORE_DB "-wal");
	char path[STORE_PATH_MAX];
	int rc = store_wal_check(dir->fd, STORE_DB "-wal", err);

	if (rc < 0) {
		return rc;
	}
	store_dir_path(dir, STORE_DB, path);
	rc = store_db_open(path, db, err);
	if (rc < 0) {
		return rc;
	}
	rc = store_db_load(db, content, err);
	if (rc == 0 && (content->state.flags & STORE_IN_USE) != 0 && !wal) {
		rc = err_set(err, -EBADMSG,
			     "it was not closed, and " STORE_DB
			     "-wal with the last transactions is "
			     "missing");
	}
	if (rc < 0) {
		store_content_release(content);
		store_db_close(db);
	}
	return rc;
}
