/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/snap/snap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "driver/snap/reflink.h"

#define PATH_TEXT_MAX 1279
#define MODE_LUN 0600
#define MODE_SNAPSHOT 0400 /* nobody writes to it by mistake */

struct path {
	char text[PATH_TEXT_MAX + 1];
};

static struct path path_of(const char *folder, const char *lun)
{
	struct path ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s/%s", folder, lun);
	return ret;
}

static struct path path_snapshot(const char *folder, const char *lun, const char *name)
{
	struct path ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s/%s@%s", folder, lun, name);
	return ret;
}

static struct path path_ready(const char *folder, const char *lun)
{
	return path_snapshot(folder, lun, "@restore");
}

int snap_file_probe(const char *folder, const char *lun, struct fault *fault)
{
	struct path file = path_of(folder, lun);

	return reflink_probe(folder, file.text, fault);
}

int snap_file_make(const char *folder, const char *lun, const char *name, struct fault *fault)
{
	struct path file = path_of(folder, lun);
	struct path snapshot = path_snapshot(folder, lun, name);

	return reflink_make(file.text, snapshot.text, MODE_SNAPSHOT, fault);
}

int snap_file_sync(const char *folder, const char *lun, const char *name, struct fault *fault)
{
	struct path snapshot = path_snapshot(folder, lun, name);

	return reflink_sync(folder, snapshot.text, fault);
}

int snap_file_remove(const char *folder, const char *lun, const char *name, struct fault *fault)
{
	struct path snapshot = path_snapshot(folder, lun, name);

	return unlink(snapshot.text) == 0 || errno == ENOENT
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "file '%s' cannot be removed: %s",
				   snapshot.text, strerror(errno));
}

int snap_file_ready(const char *folder, const char *lun, const char *name, struct fault *fault)
{
	struct path snapshot = path_snapshot(folder, lun, name);
	struct path ready = path_ready(folder, lun);
	int rc;

	/* A process that has died may have left it. */
	snap_file_unready(folder, lun);
	rc = reflink_make(snapshot.text, ready.text, MODE_LUN, fault);
	return rc != 0 ? rc : reflink_sync(folder, ready.text, fault);
}

int snap_file_swap(const char *folder, const char *lun, struct fault *fault)
{
	AUTO_FD directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct path file = path_of(folder, lun);
	struct path ready = path_ready(folder, lun);

	return (rename(ready.text, file.text) == 0 || errno == ENOENT) && directory >= 0 &&
			       fsync(directory) == 0
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL,
				   "file '%s' cannot become '%s': %s; the same request goes on",
				   ready.text, file.text, strerror(errno));
}

void snap_file_unready(const char *folder, const char *lun)
{
	struct path ready = path_ready(folder, lun);

	(void)unlink(ready.text);
}

int snap_file_clone(const char *folder, const char *lun, const char *name, const char *to,
		    struct fault *fault)
{
	struct path snapshot = path_snapshot(folder, lun, name);
	struct path file = path_of(folder, to);
	int rc = reflink_make(snapshot.text, file.text, MODE_LUN, fault);

	return rc != 0 ? rc : reflink_sync(folder, file.text, fault);
}
