/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "still/still_record.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/process.h"
#include "process/qemu_process.h"
#include "still/guest_still.h"

#define TEXT_MAX 511
#define FREEZE_WORD "freeze"
#define PAUSE_WORD "pause"

static char *path_of(const char *vm)
{
	const char *directory = getenv(STILL_VARIABLE);

	return g_build_filename(directory != NULL ? directory : STILL_DIRECTORY, vm, NULL);
}

static int record_failed(const char *path, struct err *err)
{
	return err_set(err, -errno, "%s: %s", path, strerror(errno));
}

/* The file that is locked may have been removed meanwhile, and another one be there. */
static bool is_there(int fd, const char *path)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
	       open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

static int file_lock(const char *path, int flags, int *ret_fd, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	int rc = fd < 0 ? record_failed(path, err) : 0;

	if (rc == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		rc = errno == EWOULDBLOCK
			     ? err_set(err, -EBUSY, "another process holds the guest still")
			     : record_failed(path, err);
	}
	if (rc == 0 && !is_there(fd, path)) {
		rc = err_set(err, -EBUSY, "another process has held the guest still: try again");
	}
	if (rc != 0 && fd >= 0) {
		(void)close(fd);
	}
	*ret_fd = rc == 0 ? fd : -1;
	return rc;
}

int still_record_begin(const char *vm, const char *uri, struct still_record *ret, struct err *err)
{
	g_autofree char *path = path_of(vm);
	g_autofree char *directory = g_path_get_dirname(path);

	*ret = (struct still_record){.fd = -1};
	if (strlen(vm) >= sizeof(ret->vm) || strlen(uri) >= sizeof(ret->uri)) {
		return err_set(err, -EINVAL, "the name of the VM or of its libvirt is too long");
	}
	(void)strcpy(ret->vm, vm);
	(void)strcpy(ret->uri, uri);
	if (g_mkdir_with_parents(directory, 0700) != 0) {
		return record_failed(directory, err);
	}
	return file_lock(path, O_CREAT, &ret->fd, err);
}

int still_record_store(const struct still_record *record, struct err *err)
{
	g_autofree char *text = g_strdup_printf("%" PRId64 " %s\n%s%s\n", deadline_now_ms(),
						record->uri, record->freeze ? FREEZE_WORD " " : "",
						record->pause ? PAUSE_WORD : "");
	size_t bytes = strlen(text);

	return ftruncate(record->fd, 0) == 0 && pwrite(record->fd, text, bytes, 0) == (ssize_t)bytes
		       ? 0
		       : record_failed(record->vm, err);
}

void still_record_end(struct still_record *record, bool undone)
{
	g_autofree char *path = path_of(record->vm);

	if (record->fd >= 0) {
		if (undone) {
			(void)unlink(path);
		}
		(void)close(record->fd);
	}
	record->fd = -1;
}

/* Undo */

static int goes_on(struct hypervisor *hypervisor, const struct still_record *record,
		   struct deadline deadline, struct err *err)
{
	enum domain_state state;
	int rc = hypervisor_domain_state(hypervisor, record->vm, deadline, &state, err);

	if (rc == 0 && record->pause && state == DOMAIN_PAUSED) {
		rc = hypervisor_resume(hypervisor, record->vm, deadline, err);
	}
	if (rc != 0 || state == DOMAIN_ABSENT || !record->freeze) {
		return rc;
	}
	return guest_thaw(hypervisor, record->vm, deadline, err);
}

int still_undo(const struct still_record *record, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor = NULL;
	int rc;

	if (!record->freeze && !record->pause) {
		return 0;
	}
	rc = hypervisor_open(record->uri, deadline, &hypervisor, err);
	rc = rc != 0 ? rc : goes_on(hypervisor, record, deadline, err);
	hypervisor_close(hypervisor);
	return rc == -ENOENT ? 0 : rc;
}

/* What others have left */

static bool record_load(struct still_record *record, int64_t *ret_stored_ms)
{
	char text[TEXT_MAX + 1];
	ssize_t bytes = pread(record->fd, text, TEXT_MAX, 0);
	char *uri, *end;

	if (bytes <= 0) {
		return false;
	}
	text[bytes] = '\0';
	*ret_stored_ms = g_ascii_strtoll(text, &uri, 10);
	end = strchr(uri, '\n');
	if (*uri != ' ' || end == NULL || end - uri > STILL_URI_MAX) {
		return false;
	}
	*end = '\0';
	(void)strcpy(record->uri, uri + 1);
	record->freeze = strstr(end + 1, FREEZE_WORD) != NULL;
	record->pause = strstr(end + 1, PAUSE_WORD) != NULL;
	return true;
}

/* The guest that it was about has ended: one that stands still now has other reasons. */
static bool is_stale(const char *vm, int64_t stored_ms)
{
	int64_t age_ms;
	pid_t pid;

	if (qemu_process_find(vm, &pid, NULL) != 0) {
		return false;
	}
	age_ms = pid != 0 ? process_age_ms(pid) : -1;
	return age_ms < deadline_now_ms() - stored_ms;
}

int still_mend(const char *vm, struct deadline deadline, struct err *err)
{
	g_autofree char *path = path_of(vm);
	struct still_record record = {.fd = -1};
	int64_t stored_ms;
	int rc;

	if (access(path, F_OK) != 0) {
		return 0;
	}
	rc = file_lock(path, 0, &record.fd, err);
	if (rc != 0) {
		/* Somebody takes care of it. */
		return rc == -EBUSY || rc == -ENOENT ? 0 : rc;
	}
	(void)snprintf(record.vm, sizeof(record.vm), "%s", vm);
	if (record_load(&record, &stored_ms) && !is_stale(vm, stored_ms)) {
		rc = still_undo(&record, deadline, err);
	}
	still_record_end(&record, rc == 0);
	return rc == 0 ? 0
		       : err_prefix(err, rc,
				    "a snapshot was interrupted, and the guest may stand still: "
				    "resume it (virsh domfsthaw, virsh resume)");
}
