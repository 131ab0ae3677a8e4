/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/qemu_login.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* A pipe takes this much at once, and who reads it sees its end. */
_Static_assert(CHAP_SECRET_MAX < PIPE_BUF, "the secret fits into a pipe");

static int secret_put(const char *secret, int *ret_fd)
{
	size_t bytes = strlen(secret);
	AUTO_FD in = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	*ret_fd = fds[0];
	in = fds[1];
	return write(in, secret, bytes) == (ssize_t)bytes ? 0 : -EIO;
}

int qemu_login_open(const struct iscsi_path *path, struct qemu_login *ret, struct err *err)
{
	struct chap_secrets secrets;
	int rc;

	*ret = (struct qemu_login){.fd = -1};
	if (!chap_wanted(path->chap)) {
		return 0;
	}
	rc = chap_read(path->chap, &secrets, err);
	if (rc < 0) {
		return rc;
	}
	rc = secret_put(secrets.own, &ret->fd);
	chap_wipe(&secrets);
	if (rc < 0) {
		qemu_login_close(ret);
		return err_set(err, rc, "a pipe for the CHAP secret: %s", strerrordesc_np(-rc));
	}
	ret->user = chap_user(path->chap, path->initiator);
	return 0;
}

void qemu_login_close(struct qemu_login *login)
{
	fd_close(&login->fd);
}
