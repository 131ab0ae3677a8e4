/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TIDY_ROUND_H
#define LUNMASK_TIDY_ROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * One round: runs "lunmask reconcile --own" for some VMs, and reads what it has done. It is a
 * process of its own, so that libvirt, Pacemaker and ssh may hang there, and so that the memory of
 * a look at many VMs goes with it. It is killed if it takes too long.
 */
#define TIDY_ROUND_VMS 16

struct tidy_result {
	const char *vm;
	const char *revoked; /* the LUNs that were revoked from this host, or "" */
	const char *why;     /* why something was left, or "" */
};

/* Called once for each VM that was looked at, or could not be. The texts are borrowed. */
typedef void tidy_told(void *user, const struct tidy_result *result);

/* program: the lunmask command. -errno with text: the command did not answer. */
int tidy_round(const char *program, const char *const *vms, size_t n, tidy_told *told, void *user,
	       struct err *err);

/* What the command prints with --json. -EBADMSG. */
int tidy_round_parse(const char *text, size_t bytes, tidy_told *told, void *user, struct err *err);

#endif
