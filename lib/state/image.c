/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/image.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json_build.h"
#include "base/thread.h"
#include "san/qemu_login.h"
#include "state/image_rate.h"
#include "state/slot.h"
#include "state/storage_daemon.h"

#define IMAGE_DIRECTORY "/run/lunmask/image"
#define PROGRAM "qemu-storage-daemon"
#define PATH_BYTES (sizeof(IMAGE_DIRECTORY) + VM_NAME_MAX + 16)

struct image_export {
	char directory[PATH_BYTES];
	char file[PATH_BYTES];
	uint64_t size_bytes;
	struct storage_daemon daemon;
};

static int paths_set(const char *vm, char *directory, char *file, struct err *err)
{
	size_t length = strlen(vm);

	if (length == 0 || length > VM_NAME_MAX || strchr(vm, '/') != NULL || vm[0] == '.') {
		return err_set(
			err, -EINVAL,
			"VM name '%s' is not legal: it needs 1 to %d characters, no '/' and no '.' "
			"at the start",
			vm, VM_NAME_MAX);
	}
	(void)snprintf(directory, PATH_BYTES, "%s/%s", IMAGE_DIRECTORY, vm);
	(void)snprintf(file, PATH_BYTES, "%s/%s/memory", IMAGE_DIRECTORY, vm);
	return 0;
}

/* Creates the file on which the export is mounted. */
static int mount_point_make(const struct image_export *export, struct err *err)
{
	AUTO_FD fd = -1;

	if (g_mkdir_with_parents(export->directory, 0755) < 0) {
		return err_set(err, -errno, "cannot create %s: %s", export->directory,
			       strerrordesc_np(errno));
	}
	fd = open(export->file, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		return err_set(err, -errno, "cannot create %s: %s", export->file,
			       strerrordesc_np(errno));
	}
	return 0;
}

/*
 * Removes the mount and the mount point. With MNT_DETACH and UMOUNT_NOFOLLOW, umount2(2) never
 * waits for the daemon. The loop is needed because an export may be mounted over a stale one.
 */
static int mount_point_remove(const char *directory, const char *file, struct err *err)
{
	while (umount2(file, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
	}
	if (errno != EINVAL && errno != ENOENT) {
		return err_set(err, -errno, "cannot unmount %s: %s", file, strerrordesc_np(errno));
	}
	if ((unlink(file) < 0 && errno != ENOENT) || (rmdir(directory) < 0 && errno != ENOENT)) {
		return err_set(err, -errno, "cannot remove %s: %s", directory,
			       strerrordesc_np(errno));
	}
	return 0;
}

/* This argument is unique to an export, so it also identifies a daemon that was left behind. */
static char *fuse_argument(const char *file)
{
	return json_build_text(json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "type", "fuse", "id",
					 "image", "node-name", "area", "mountpoint", file,
					 "writable", 1, "growable", 0),
			       JSON_COMPACT | JSON_SORT_KEYS);
}

/* Bypasses the cache of this host, because another host reads the data next. */
static char *lun_argument(const struct iscsi_path *path, const char *user)
{
	return json_build_text(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s*, s:s*, "
					 "s:{s:b, s:b}}",
					 "driver", "iscsi", "node-name", "lun", "transport", "tcp",
					 "portal", path->portal, "target", path->target, "lun",
					 (int)path->number, "initiator-name", path->initiator,
					 "user", user, "password-secret",
					 user == NULL ? NULL : QEMU_LOGIN_SECRET, "cache", "direct",
					 1, "no-flush", 0),
			       JSON_COMPACT);
}

static char *area_argument(uint64_t offset_bytes, uint64_t size_bytes)
{
	return json_build_text(json_pack("{s:s, s:s, s:s, s:I, s:I}", "driver", "raw", "node-name",
					 "area", "file", "lun", "offset", (json_int_t)offset_bytes,
					 "size", (json_int_t)size_bytes),
			       JSON_COMPACT);
}

int image_export_remove_stale(const char *vm, struct deadline deadline, struct err *err)
{
	char directory[PATH_BYTES], file[PATH_BYTES];
	char *fuse;
	int rc = paths_set(vm, directory, file, err);

	if (rc < 0 || (access(directory, F_OK) < 0 && errno == ENOENT)) {
		return rc;
	}
	fuse = fuse_argument(file);
	if (fuse == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = storage_daemon_end_others(fuse, deadline, err);
	free(fuse);
	rc = rc < 0 ? rc : mount_point_remove(directory, file, err);
	return rc < 0 ? err_prefix(err, rc, "cannot remove the stale image export of VM '%s'", vm)
		      : 0;
}

/* The image area reaches from the end of the slots to the end of the extent. */
static int area_find(const struct extent *extent, uint64_t lun_size_bytes, uint64_t *ret_offset,
		     uint64_t *ret_size, struct err *err)
{
	uint64_t room =
		extent->offset_bytes < lun_size_bytes ? lun_size_bytes - extent->offset_bytes : 0;

	if (extent->length_bytes <= room && extent->length_bytes > 0) {
		room = extent->length_bytes;
	}
	if (extent->length_bytes > room || room <= SLOT_AREA_BYTES || lun_size_bytes > INT64_MAX) {
		return err_set(err, -EINVAL,
			       "no room for a saved image on LUN '%s': length %" PRIu64
			       " (0: to the end) at offset %" PRIu64 " of %" PRIu64
			       " bytes; the image begins after the first %u bytes",
			       extent->lun, extent->length_bytes, extent->offset_bytes,
			       lun_size_bytes, SLOT_AREA_BYTES);
	}
	*ret_offset = extent->offset_bytes + SLOT_AREA_BYTES;
	*ret_size = room - SLOT_AREA_BYTES;
	return 0;
}

/* The daemon follows its options in their order: the secret comes before the drive that needs it.
 */
static int daemon_run(struct image_export *export, const struct qemu_login *login, const char *lun,
		      const char *area, const char *fuse, struct deadline deadline, struct err *err)
{
	const char *const argv[] = {
		PROGRAM,      "--object", QEMU_LOGIN_OBJECT, "--blockdev", lun,
		"--blockdev", area,       "--export",        fuse,         NULL};
	const char *const plain[] = {PROGRAM, "--blockdev", lun,  "--blockdev",
				     area,    "--export",   fuse, NULL};

	return storage_daemon_start(login->user != NULL ? argv : plain, login->fd, deadline,
				    &export->daemon, err);
}

static int daemon_start(struct image_export *export, const struct iscsi_path *path,
			uint64_t offset_bytes, struct deadline deadline, struct err *err)
{
	struct qemu_login login;
	int rc = qemu_login_open(path, &login, err);
	char *lun = lun_argument(path, login.user);
	char *area = area_argument(offset_bytes, export->size_bytes);
	char *fuse = fuse_argument(export->file);

	if (rc == 0 && (lun == NULL || area == NULL || fuse == NULL)) {
		rc = err_set(err, -ENOMEM, "out of memory, or a name that is not UTF-8");
	}
	rc = rc < 0 ? rc : daemon_run(export, &login, lun, area, fuse, deadline, err);
	qemu_login_close(&login);
	free(lun);
	free(area);
	free(fuse);
	return rc;
}

int image_export_open(const char *vm, const struct iscsi_path *path, const struct extent *extent,
		      uint64_t lun_size_bytes, struct deadline deadline, struct image_export **ret,
		      struct err *err)
{
	struct image_export *export = g_new0(struct image_export, 1);
	uint64_t offset_bytes = 0;
	int rc = paths_set(vm, export->directory, export->file, err);

	rc = rc < 0 ? rc
		    : area_find(extent, lun_size_bytes, &offset_bytes, &export->size_bytes, err);
	rc = rc < 0 ? rc : image_export_remove_stale(vm, deadline, err);
	if (rc < 0) {
		g_free(export);
		return rc;
	}
	rc = mount_point_make(export, err);
	rc = rc < 0 ? rc : daemon_start(export, path, offset_bytes, deadline, err);
	if (rc < 0) {
		(void)mount_point_remove(export->directory, export->file, NULL);
		g_free(export);
		return err_prefix(err, rc, "saved image of VM '%s'", vm);
	}
	*ret = export;
	return 0;
}

const char *image_export_file(const struct image_export *export)
{
	return export->file;
}

uint64_t image_export_size_bytes(const struct image_export *export)
{
	return export->size_bytes;
}

/* What a thread does with the file, which may wait as long as the array does. */
struct file_job {
	const struct image_export *export;
	bool rate; /* measure; otherwise make the data durable */
	bool writing;
	uint64_t bytes_s;
};

/* The file must be on the FUSE mount: fsync() of the mount point itself flushes nothing. */
static int file_open(const struct image_export *export)
{
	struct statfs fs;
	int fd = open(export->file, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstatfs(fd, &fs) < 0) {
		int rc = -errno;

		fd_close(&fd);
		return rc;
	}
	if (fs.f_type != FUSE_SUPER_MAGIC) {
		fd_close(&fd);
		return -ENOTCONN;
	}
	return fd;
}

static void *file_run(void *data)
{
	struct file_job *job = data;
	int fd = file_open(job->export);
	intptr_t rc = fd < 0 ? fd : 0;

	if (rc == 0 && job->rate) {
		rc = image_rate_measure(fd, job->writing, job->export->size_bytes, &job->bytes_s);
	} else if (rc == 0 && fsync(fd) < 0) {
		rc = -errno;
	}
	if (fd >= 0 && close(fd) < 0 && rc == 0) {
		rc = -errno;
	}
	return (void *)rc;
}

/*
 * Runs in a thread, because it waits for the array as long as the daemon does, which may be for
 * ever. If the daemon is killed, the kernel fails the system call, so that the thread exits.
 */
static int run_bounded(struct image_export *export, struct file_job *job, struct deadline deadline,
		       struct err *err)
{
	struct timespec until = {.tv_sec = deadline.at_ms / 1000,
				 .tv_nsec = deadline.at_ms % 1000 * 1000000};
	void *result = NULL;
	pthread_t thread;
	int rc = thread_start(&thread, file_run, job);

	if (rc < 0) {
		return err_set(err, rc, "cannot create a thread: %s", strerrordesc_np(-rc));
	}
	if (pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &until) != 0) {
		(void)kill(export->daemon.pid, SIGKILL);
		(void)pthread_join(thread, NULL);
		return err_set(err, -ETIMEDOUT, "the array did not answer in time");
	}
	rc = (int)(intptr_t)result;
	return rc < 0 ? err_set(err, rc, "%s: %s",
				job->rate ? "the array fails" : "the data is not safe on the array",
				strerrordesc_np(-rc))
		      : 0;
}

int image_export_rate(struct image_export *export, bool writing, struct deadline deadline,
		      uint64_t *ret_bytes_s, struct err *err)
{
	struct file_job job = {.export = export, .rate = true, .writing = writing};
	int rc = run_bounded(export, &job, deadline, err);

	*ret_bytes_s = job.bytes_s;
	return rc == 0 ? 0 : err_prefix(err, rc, "the rate of the state LUN cannot be measured");
}

/* A third of the time is reserved for the exit of the daemon. */
int image_export_close(struct image_export *export, struct deadline deadline, struct err *err)
{
	struct file_job sync = {.export = export};
	struct err later = ERR_INIT;
	int rc, end_rc;

	if (export == NULL) {
		return 0;
	}
	rc = run_bounded(export, &sync, deadline_before(deadline, deadline_left_ms(deadline) / 3),
			 err);
	end_rc = storage_daemon_end(&export->daemon, deadline, &later);
	if (rc == 0 && end_rc < 0) {
		rc = err_set(err, end_rc, "%s", err_text(&later));
	}
	end_rc = mount_point_remove(export->directory, export->file, &later);
	if (rc == 0 && end_rc < 0) {
		rc = err_set(err, end_rc, "%s", err_text(&later));
	}
	if (rc < 0) {
		(void)err_prefix(err, rc, "saved image %s", export->file);
	}
	g_free(export);
	return rc;
}
