/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_QEMU_LOGIN_H
#define LUNMASK_QEMU_LOGIN_H

#include "base/err.h"
#include "san/iscsi.h"

/*
 * How a program of QEMU that this process starts logs in to a LUN with CHAP. It reads the secret
 * from its stdin, once; the command line names only the place:
 *
 *	rc = qemu_login_open(&path, &login, err);
 *	argv: if login.user is not NULL, "--object", QEMU_LOGIN_OBJECT, and the drive's options
 *	      user=(login.user),password-secret=QEMU_LOGIN_SECRET
 *	spawn.fds[0] = login.fd; spawn.flags |= PROCESS_SPAWN_NO_CORE;
 *	qemu_login_close(&login);
 *
 * QEMU does not ask the array to prove itself (docs/decisions/0033): iscsi_luns_verify() has done
 * so before.
 */
#define QEMU_LOGIN_SECRET "chap"
#define QEMU_LOGIN_OBJECT "secret,id=" QEMU_LOGIN_SECRET ",file=/dev/stdin"

struct qemu_login {
	int fd;           /* -1 without CHAP */
	const char *user; /* NULL without CHAP; lives as long as the path */
};

/* The errors of chap_read(), or -errno of pipe(2). */
int qemu_login_open(const struct iscsi_path *path, struct qemu_login *ret, struct err *err);
void qemu_login_close(struct qemu_login *login);

#endif
