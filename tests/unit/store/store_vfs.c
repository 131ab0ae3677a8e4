/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>

struct vfs_file {
	sqlite3_file base;
	sqlite3_file *real;
	bool database;
};

enum operation { WRITE, SYNC, TRUNCATE };

static sqlite3_vfs *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;
static int countdown;
static int syncs;
static int unsynced;
static bool forever_failing, fired;
static enum vfs_fault kind;

void vfs_arm(int nth, bool forever, enum vfs_fault fault)
{
	pthread_mutex_lock(&lock);
	countdown = nth;
	forever_failing = forever;
	fired = false;
	kind = fault;
	syncs = 0;
	pthread_mutex_unlock(&lock);
}

void vfs_disarm(void)
{
	pthread_mutex_lock(&lock);
	countdown = 0;
	forever_failing = false;
	pthread_mutex_unlock(&lock);
}

bool vfs_fired(void)
{
	bool ret;

	pthread_mutex_lock(&lock);
	ret = fired;
	pthread_mutex_unlock(&lock);
	return ret;
}

int vfs_syncs(void)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = syncs;
	pthread_mutex_unlock(&lock);
	return ret;
}

int vfs_unsynced(void)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = unsynced;
	pthread_mutex_unlock(&lock);
	return ret;
}

void vfs_hold(void)
{
	pthread_mutex_lock(&hold);
}

void vfs_let_go(void)
{
	pthread_mutex_unlock(&hold);
}

static bool operation_counts(enum operation operation, const struct vfs_file *file)
{
	switch (kind) {
	case VFS_IOERR: return true;
	case VFS_FULL: return operation == WRITE;
	case VFS_DATABASE_SYNC: return operation == SYNC && file->database;
	}
	return false;
}

static int operation_judge(enum operation operation, sqlite3_file *file)
{
	static const int codes[] = {
		[WRITE] = SQLITE_IOERR_WRITE,
		[SYNC] = SQLITE_IOERR_FSYNC,
		[TRUNCATE] = SQLITE_IOERR_TRUNCATE,
	};
	bool fail = false;

	pthread_mutex_lock(&lock);
	syncs += operation == SYNC;
	if (!((const struct vfs_file *)file)->database) {
		unsynced = operation == SYNC ? 0 : unsynced + 1;
	}
	if (operation_counts(operation, (const struct vfs_file *)file)) {
		fail = (countdown > 0 && --countdown == 0) || (forever_failing && fired);
		fired = fired || fail;
	}
	pthread_mutex_unlock(&lock);
	return !fail ? SQLITE_OK : kind == VFS_FULL ? SQLITE_FULL : codes[operation];
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct vfs_file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	int rc = real_of(file)->pMethods->xClose(real_of(file));

	sqlite3_free(real_of(file));
	return rc;
}

static int file_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, bytes, at);
}

static int file_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at)
{
	int rc = operation_judge(WRITE, file);

	return rc != SQLITE_OK ? rc
			       : real_of(file)->pMethods->xWrite(real_of(file), data, bytes, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 bytes)
{
	int rc = operation_judge(TRUNCATE, file);

	return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xTruncate(real_of(file), bytes);
}

static int file_sync(sqlite3_file *file, int flags)
{
	int rc;

	pthread_mutex_lock(&hold);
	pthread_mutex_unlock(&hold);
	rc = operation_judge(SYNC, file);
	return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *ret)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret)
{
	struct vfs_file *ours = (struct vfs_file *)file;
	int rc;

	(void)vfs;
	ours->base.pMethods = NULL;
	ours->database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	ours->real = sqlite3_malloc(real_vfs->szOsFile);
	if (ours->real == NULL) {
		return SQLITE_NOMEM;
	}
	rc = real_vfs->xOpen(real_vfs, name, ours->real, flags, ret);
	if (rc != SQLITE_OK) {
		sqlite3_free(ours->real);
		return rc;
	}
	ours->base.pMethods = &methods;
	return SQLITE_OK;
}

void vfs_register(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "faulty";
	vfs.szOsFile = sizeof(struct vfs_file);
	vfs.xOpen = vfs_open;
	vfs.pNext = NULL;
	sqlite3_vfs_register(&vfs, 1);
}
