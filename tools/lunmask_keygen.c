/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/lunmask.h"

#define KEY_FILE "/etc/lunmask/journal.key"
#define KEY_BYTES 64

/* 0: the key is durable. Otherwise the caller removes the file. */
static int key_write(int fd, const uint8_t *key)
{
	if (write(fd, key, KEY_BYTES) != KEY_BYTES) {
		return errno == 0 ? -EIO : -errno;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

static int key_make(const char *path, struct err *err)
{
	uint8_t key[KEY_BYTES];
	int fd, rc;

	if (getrandom(key, sizeof(key), 0) != sizeof(key)) {
		return err_set(err, -EIO, "getrandom: %s", strerror(errno));
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		rc = err_set(err, -errno, "cannot make %s: %s%s", path, strerror(errno),
			     errno == EEXIST ? "; a key in use is not replaced: move it away on "
					       "every node first, with lunmaskd stopped"
					     : "");
	} else {
		rc = key_write(fd, key);
		rc = close(fd) < 0 && rc == 0 ? -errno : rc;
		if (rc < 0) {
			(void)unlink(path);
			(void)err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
		}
	}
	explicit_bzero(key, sizeof(key));
	return rc;
}

int lunmask_keygen(const struct lunmask_options *options)
{
	const char *path = options->argument != NULL ? options->argument : KEY_FILE;
	struct err err = ERR_INIT;
	int rc = key_make(path, &err);

	if (rc < 0) {
		return lunmask_fail(rc, &err);
	}
	(void)printf("%s was made. Copy it to the other nodes (owner root, mode 0600), then start "
		     "lunmaskd on all nodes.\n",
		     path);
	return LUNMASK_EXIT_GOOD;
}
