/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_server.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "names/name.h"
#include "process/process.h"

#define DIRECTORY "/run/lunmask/tpm"
#define LIBVIRT_DIRECTORY "/var/lib/libvirt/swtpm"
#define UUID_BYTES 37
#define TERMINATED_MS 3000
#define KILLED_MS 2000

char *tpm_server_mount_point(const char *uuid)
{
	/* A definition may have it in capitals; libvirt writes it so. */
	g_autofree char *lower = g_ascii_strdown(uuid, -1);

	return g_strdup_printf(LIBVIRT_DIRECTORY "/%s", lower);
}

static int lock_open(const char *vm, int flags, int *ret_fd, struct err *err)
{
	g_autofree char *path = NULL;

	if (!vm_name_valid(vm)) {
		return err_set(err, -EINVAL, "'%s' is not a VM: " VM_NAME_LEGAL, vm);
	}
	path = g_strdup_printf(DIRECTORY "/%s.lock", vm);
	*ret_fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret_fd >= 0
		       ? 0
		       : err_set(err, -errno, "cannot open %s: %s", path, strerrordesc_np(errno));
}

int tpm_server_lock(const char *vm, const char *uuid, int *ret_fd, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int rc;

	if (g_mkdir_with_parents(DIRECTORY, 0755) < 0) {
		return err_set(err, -errno, "cannot create " DIRECTORY ": %s",
			       strerrordesc_np(errno));
	}
	rc = lock_open(vm, O_RDWR | O_CREAT, ret_fd, err);
	if (rc == 0 && fcntl(*ret_fd, F_SETLK, &lock) < 0) {
		rc = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	} else if (rc == 0 && (ftruncate(*ret_fd, 0) < 0 ||
			       pwrite(*ret_fd, uuid, strlen(uuid), 0) != (ssize_t)strlen(uuid))) {
		rc = errno == 0 ? -EIO : -errno;
	} else {
		return rc;
	}
	fd_close(ret_fd);
	return err_set(err, rc, "cannot lock the TPM of VM '%s': %s", vm, strerrordesc_np(-rc));
}

/* Closing a descriptor would drop a lock of this process; it has none. */
static int holder(int fd, pid_t *ret_pid, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &lock) < 0) {
		return err_set(err, -errno, "cannot ask for the lock of the TPM: %s",
			       strerrordesc_np(errno));
	}
	*ret_pid = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	return 0;
}

int tpm_server_find(const char *vm, pid_t *ret_pid, struct err *err)
{
	AUTO_FD fd = -1;
	int rc = lock_open(vm, O_RDWR, &fd, err);

	*ret_pid = 0;
	return rc < 0 ? (rc == -ENOENT ? 0 : rc) : holder(fd, ret_pid, err);
}

static int process_of_lock_end(int fd, struct deadline deadline, struct err *err)
{
	pid_t pid = 0, again = 0;
	int rc = holder(fd, &pid, err);
	AUTO_FD pidfd = rc == 0 && pid > 0 ? process_hold(pid, NULL) : -1;

	rc = rc < 0 || pid == 0 ? rc : holder(fd, &again, err);
	if (rc < 0 || pid == 0 || again == 0) {
		return rc;
	}
	if (pid < 0 || pidfd < 0 || again != pid) {
		return err_set(err, -EAGAIN, "the process of the TPM (%d) is not to be seen here",
			       (int)again);
	}
	return process_end(pidfd, deadline_within(deadline, TERMINATED_MS),
			   deadline_in(TERMINATED_MS + KILLED_MS), err);
}

/* Never waits for a process: the mount is detached. */
static int mount_remove(int fd, struct err *err)
{
	char uuid[UUID_BYTES] = "";
	g_autofree char *path = NULL;

	if (pread(fd, uuid, sizeof(uuid) - 1, 0) < 0 || !g_uuid_string_is_valid(uuid)) {
		return 0;
	}
	path = tpm_server_mount_point(uuid);
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
	}
	if (errno == EINVAL && rmdir(path) == 0) {
		return 0;
	}
	return errno == EINVAL || errno == ENOENT || errno == ENOTEMPTY
		       ? 0
		       : err_set(err, -errno, "cannot unmount %s: %s", path,
				 strerrordesc_np(errno));
}

int tpm_server_end(const char *vm, struct deadline deadline, struct err *err)
{
	AUTO_FD fd = -1;
	int rc = lock_open(vm, O_RDWR, &fd, err);

	if (rc == 0) {
		rc = process_of_lock_end(fd, deadline, err);
		rc = rc < 0 ? rc : mount_remove(fd, err);
	}
	return rc < 0 && rc != -ENOENT ? err_prefix(err, rc, "TPM of VM '%s'", vm) : 0;
}
