/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_backing.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "driver/lvm/lvm_device.h"
#include "driver/lvm/lvm_volume.h"
#include "driver/md/md_condition.h"

/* The array's lock is held meanwhile: fencing must not wait for long. */
#define FILL_MS 1500
#define LOOK_MS 10000

struct tgt_backing_path tgt_backing_path(const struct tgt_pool *pool, const struct tgt_lun *lun)
{
	struct tgt_backing_path ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s/%s", pool->path, lun->name);
	return ret;
}

/* Directories */

static int file_exists(const char *file, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_EXISTS,
			 "file '%s' exists already and belongs to no LUN; move it away", file);
}

static int directory_plan(const struct tgt_pool *pool, const struct tgt_lun *lun,
			  struct deadline deadline, struct fault *fault)
{
	struct tgt_backing_path file = tgt_backing_path(pool, lun);
	struct stat status;

	(void)deadline;
	if (lstat(file.text, &status) == 0) {
		return file_exists(file.text, fault);
	}
	return errno == ENOENT && access(pool->path, W_OK) == 0
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL,
				   "directory '%s' of pool '%s' cannot be used: %s", pool->path,
				   pool->name, strerror(errno));
}

/* An earlier try may have left a file without content. Another one is not ours. */
static int empty_open(const char *file, uint64_t size_bytes, int *ret_fd, struct fault *fault)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat status;
	bool ours = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		    status.st_blocks == 0 &&
		    (status.st_size == 0 || (uint64_t)status.st_size == size_bytes);

	*ret_fd = fd;
	if (fd >= 0 && !ours) {
		(void)close(fd);
		*ret_fd = -1;
		return file_exists(file, fault);
	}
	return fd >= 0 ? 0
		       : fault_set(fault,
				   errno == ENOSPC ? ARRAY_ERROR_NO_SPACE : ARRAY_ERROR_INTERNAL,
				   "file '%s' cannot be created: %s", file, strerror(errno));
}

static int directory_make(const struct tgt_pool *pool, struct tgt_unfinished *row,
			  struct deadline deadline, struct fault *fault)
{
	struct tgt_backing_path file = tgt_backing_path(pool, &row->lun);
	int fd;
	int rc = empty_open(file.text, row->lun.size_bytes, &fd, fault);

	(void)deadline;
	if (rc != 0) {
		return rc;
	}
	if (ftruncate(fd, (off_t)row->lun.size_bytes) != 0 || fsync(fd) != 0) {
		rc = errno;
		(void)unlink(file.text);
	}
	(void)close(fd);
	row->filled_bytes = row->lun.size_bytes;
	return rc == 0 ? 0
		       : fault_set(fault,
				   rc == ENOSPC || rc == EFBIG ? ARRAY_ERROR_NO_SPACE
							       : ARRAY_ERROR_INTERNAL,
				   "file '%s' cannot be created: %s", file.text, strerror(rc));
}

static int directory_fill(const struct tgt_pool *pool, struct tgt_unfinished *row,
			  struct deadline deadline, struct fault *fault)
{
	(void)pool;
	(void)deadline;
	(void)fault;
	row->filled_bytes = row->lun.size_bytes;
	return 0;
}

static int directory_check(const struct tgt_pool *pool, const struct tgt_lun *lun,
			   struct fault *fault)
{
	struct tgt_backing_path file = tgt_backing_path(pool, lun);
	struct stat status;
	int rc = stat(file.text, &status) == 0 ? 0 : errno;

	if (rc == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == lun->size_bytes) {
		return 0;
	}
	fault_about(fault, lun->name, NULL);
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "backing file '%s' of LUN '%s' is not a file of %" PRIu64 " bytes: %s",
			 file.text, lun->name, lun->size_bytes,
			 rc != 0 ? strerror(rc)
				 : "it has another size (a resize that was killed is repeated)");
}

/* An earlier request may have made the file larger, and not come further. */
static int directory_grow(const struct tgt_pool *pool, const struct tgt_lun *lun,
			  uint64_t size_bytes, struct fault *fault)
{
	struct tgt_backing_path file = tgt_backing_path(pool, lun);
	AUTO_FD fd = open(file.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	uint64_t has;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "backing file '%s' of LUN '%s': %s",
				 file.text, lun->name,
				 fd < 0 ? strerror(errno) : "it is not a regular file");
	}
	has = (uint64_t)status.st_size;
	if (has < lun->size_bytes || has > size_bytes) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL,
				 "backing file '%s' of LUN '%s' has %" PRIu64 " bytes, and must "
				 "have %" PRIu64 " to %" PRIu64 " before it grows",
				 file.text, lun->name, has, lun->size_bytes, size_bytes);
	}
	if (ftruncate(fd, (off_t)size_bytes) != 0 || fsync(fd) != 0) {
		return fault_set(fault,
				 errno == ENOSPC || errno == EFBIG ? ARRAY_ERROR_NO_SPACE
								   : ARRAY_ERROR_INTERNAL,
				 "backing file '%s' of LUN '%s' cannot grow: %s", file.text,
				 lun->name, strerror(errno));
	}
	return 0;
}

static int directory_remove(const struct tgt_pool *pool, const struct tgt_lun *lun,
			    struct deadline deadline, struct fault *fault)
{
	struct tgt_backing_path file = tgt_backing_path(pool, lun);

	(void)deadline;
	return unlink(file.text) == 0 || errno == ENOENT
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "file '%s' cannot be removed: %s",
				   file.text, strerror(errno));
}

static struct lun_condition condition(enum lun_health health, const char *reason)
{
	struct lun_condition ret = {.health = health};

	(void)snprintf(ret.reason, sizeof(ret.reason), "%s", reason);
	return ret;
}

static struct lun_condition directory_condition(const struct tgt_pool *pool,
						const struct lvm_report *report,
						const struct tgt_lun *lun)
{
	struct fault fault = FAULT_INIT;
	struct tgt_backing_path file = tgt_backing_path(pool, lun);
	g_autofree char *folder = NULL;
	struct statvfs system;
	struct stat status;

	(void)report;
	if (directory_check(pool, lun, &fault) != 0) {
		return condition(LUN_FAILED, err_text(&fault.err));
	}
	if (statvfs(file.text, &system) == 0 && (system.f_flag & ST_RDONLY) != 0 &&
	    !lun->read_only) {
		return condition(LUN_FAILED, "its file system is read-only");
	}
	if (stat(file.text, &status) != 0) {
		return condition(LUN_HEALTH_UNKNOWN, strerror(errno));
	}
	folder =
		g_strdup_printf("/sys/dev/block/%u:%u", major(status.st_dev), minor(status.st_dev));
	return md_condition(folder, lun->class);
}

/* Logical volumes */

static struct lvm_pool lvm_pool(const struct tgt_pool *pool)
{
	return (struct lvm_pool){
		.vg = pool->vg, .thin_pool = pool->thin_pool, .stripes = pool->stripes};
}

#define TAG_MAX 64
struct tag {
	char text[TAG_MAX];
};

static struct tag tag_of(const struct tgt_lun *lun)
{
	struct tag ret;

	(void)snprintf(ret.text, sizeof(ret.text), "lunmask.%s", lun->id);
	return ret;
}

static struct lvm_volume lvm_volume(const struct tgt_lun *lun, const struct tag *tag)
{
	return (struct lvm_volume){.name = lun->name,
				   .tag = tag->text,
				   .class = lun->class,
				   .size_bytes = lun->size_bytes};
}

static int lvm_plan(const struct tgt_pool *pool, const struct tgt_lun *lun,
		    struct deadline deadline, struct fault *fault)
{
	struct lvm_pool from = lvm_pool(pool);
	struct tag tag = tag_of(lun);
	struct lvm_volume volume = lvm_volume(lun, &tag);

	return lvm_volume_plan(&from, &volume, deadline, fault);
}

/* A thin volume reads as zeros where nothing was written. */
static int lvm_make(const struct tgt_pool *pool, struct tgt_unfinished *row,
		    struct deadline deadline, struct fault *fault)
{
	struct lvm_pool from = lvm_pool(pool);
	struct tag tag = tag_of(&row->lun);
	struct lvm_volume volume = lvm_volume(&row->lun, &tag);
	char uuid[LVM_REPORT_UUID_MAX + 1];
	int rc = lvm_volume_make(&from, &volume, deadline, uuid, fault);

	if (rc != 0) {
		return rc;
	}
	/* Somebody has removed it, and this is another one. */
	if (strcmp(uuid, row->lun.volume) != 0) {
		row->filled_bytes = 0;
	}
	(void)snprintf(row->lun.volume, sizeof(row->lun.volume), "%s", uuid);
	if (pool->thin_pool != NULL) {
		row->filled_bytes = row->lun.size_bytes;
	}
	return 0;
}

static int lvm_open(const struct tgt_pool *pool, const struct tgt_lun *lun, int flags, int *ret_fd,
		    struct fault *fault)
{
	struct tgt_backing_path path = tgt_backing_path(pool, lun);
	int rc = lvm_device_open(path.text, lun->volume, lun->size_bytes, flags, ret_fd, fault);

	if (rc != 0) {
		fault_about(fault, lun->name, NULL);
	}
	return rc;
}

/* Nobody else may have it open: O_EXCL of a block device. */
static int lvm_fill(const struct tgt_pool *pool, struct tgt_unfinished *row,
		    struct deadline deadline, struct fault *fault)
{
	int fd = -1;
	int rc = lvm_open(pool, &row->lun, O_WRONLY | O_EXCL, &fd, fault);

	rc = rc != 0 ? rc
		     : lvm_device_fill(fd, row->lun.size_bytes, deadline_within(deadline, FILL_MS),
				       &row->filled_bytes, fault);
	if (fd >= 0) {
		(void)close(fd);
	}
	return rc;
}

static int lvm_check(const struct tgt_pool *pool, const struct tgt_lun *lun, struct fault *fault)
{
	int fd = -1;
	int rc = lvm_open(pool, lun, O_RDONLY, &fd, fault);

	if (fd >= 0) {
		(void)close(fd);
	}
	return rc;
}

/* What lvextend adds would have old data in it until it is filled with zeros. */
static int lvm_grow(const struct tgt_pool *pool, const struct tgt_lun *lun, uint64_t size_bytes,
		    struct fault *fault)
{
	(void)size_bytes;
	return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			 "LUN '%s' is a logical volume of pool '%s', and this driver cannot make "
			 "those larger; nothing was changed",
			 lun->name, pool->name);
}

static int lvm_remove(const struct tgt_pool *pool, const struct tgt_lun *lun,
		      struct deadline deadline, struct fault *fault)
{
	struct lvm_pool from = lvm_pool(pool);
	struct tag tag = tag_of(lun);
	struct lvm_volume volume = lvm_volume(lun, &tag);

	return lvm_volume_remove(&from, &volume, deadline, fault);
}

static struct lun_condition lvm_condition(const struct tgt_pool *pool,
					  const struct lvm_report *report,
					  const struct tgt_lun *lun)
{
	const struct lvm_report_lv *lv = lvm_report_find(report, lun->name);

	(void)pool;
	return lv == NULL ? condition(LUN_FAILED, "its logical volume is gone")
	       : strcmp(lv->uuid, lun->volume) != 0
		       ? condition(LUN_FAILED, "another logical volume has its name")
		       : lvm_report_condition(report, lv, lun->class);
}

/* Both */

static const struct {
	int (*plan)(const struct tgt_pool *pool, const struct tgt_lun *lun,
		    struct deadline deadline, struct fault *fault);
	int (*make)(const struct tgt_pool *pool, struct tgt_unfinished *row,
		    struct deadline deadline, struct fault *fault);
	int (*fill)(const struct tgt_pool *pool, struct tgt_unfinished *row,
		    struct deadline deadline, struct fault *fault);
	int (*check)(const struct tgt_pool *pool, const struct tgt_lun *lun, struct fault *fault);
	int (*grow)(const struct tgt_pool *pool, const struct tgt_lun *lun, uint64_t size_bytes,
		    struct fault *fault);
	int (*remove)(const struct tgt_pool *pool, const struct tgt_lun *lun,
		      struct deadline deadline, struct fault *fault);
	struct lun_condition (*condition)(const struct tgt_pool *pool,
					  const struct lvm_report *report,
					  const struct tgt_lun *lun);
} types[] = {
	[TGT_POOL_DIRECTORY] = {directory_plan, directory_make, directory_fill, directory_check,
				directory_grow, directory_remove, directory_condition},
	[TGT_POOL_LVM] = {lvm_plan, lvm_make, lvm_fill, lvm_check, lvm_grow, lvm_remove,
			  lvm_condition},
};

int tgt_backing_plan(const struct tgt_pool *pool, const struct tgt_lun *lun,
		     struct deadline deadline, struct fault *fault)
{
	return types[pool->type].plan(pool, lun, deadline, fault);
}

int tgt_backing_make(const struct tgt_pool *pool, struct tgt_unfinished *row,
		     struct deadline deadline, struct fault *fault)
{
	return types[pool->type].make(pool, row, deadline, fault);
}

int tgt_backing_fill(const struct tgt_pool *pool, struct tgt_unfinished *row,
		     struct deadline deadline, struct fault *fault)
{
	return types[pool->type].fill(pool, row, deadline, fault);
}

int tgt_backing_check(const struct tgt_pool *pool, const struct tgt_lun *lun, struct fault *fault)
{
	return types[pool->type].check(pool, lun, fault);
}

int tgt_backing_grow(const struct tgt_pool *pool, const struct tgt_lun *lun, uint64_t size_bytes,
		     struct fault *fault)
{
	return types[pool->type].grow(pool, lun, size_bytes, fault);
}

int tgt_backing_remove(const struct tgt_pool *pool, const struct tgt_lun *lun,
		       struct deadline deadline, struct fault *fault)
{
	return types[pool->type].remove(pool, lun, deadline, fault);
}

/* Health */

struct group {
	bool asked;
	int rc;
	struct fault fault;
	struct lvm_report report;
};

struct tgt_backing_look {
	const struct tgt_config *config;
	struct deadline deadline;
	struct group groups[TGT_POOLS_MAX]; /* of each pool */
};

struct tgt_backing_look *tgt_backing_look_new(const struct tgt_config *config,
					      struct deadline deadline)
{
	struct tgt_backing_look *ret = g_new0(struct tgt_backing_look, 1);

	ret->config = config;
	ret->deadline = deadline_within(deadline, LOOK_MS);
	return ret;
}

static struct group *group_ask(struct tgt_backing_look *look, const struct tgt_pool *pool)
{
	struct group *group = &look->groups[pool - look->config->pools];
	struct lvm_pool from = lvm_pool(pool);

	if (!group->asked && pool->type == TGT_POOL_LVM) {
		group->rc = lvm_volume_report(&from, look->deadline, &group->report, &group->fault);
	}
	group->asked = true;
	return group;
}

struct lun_condition tgt_backing_condition(struct tgt_backing_look *look, const struct tgt_lun *lun)
{
	const struct tgt_pool *pool = tgt_config_pool_find(look->config, lun->pool);
	const struct group *group = pool != NULL ? group_ask(look, pool) : NULL;

	if (group == NULL) {
		return condition(LUN_HEALTH_UNKNOWN, "its pool is not in the configuration");
	}
	return group->rc != 0 ? condition(LUN_HEALTH_UNKNOWN, err_text(&group->fault.err))
			      : types[pool->type].condition(pool, &group->report, lun);
}

void tgt_backing_look_free(struct tgt_backing_look *look)
{
	for (size_t i = 0; look != NULL && i < TGT_POOLS_MAX; i++) {
		lvm_report_release(&look->groups[i].report);
	}
	g_free(look);
}
