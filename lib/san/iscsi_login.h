/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ISCSI_LOGIN_H
#define LUNMASK_ISCSI_LOGIN_H

#include "base/err.h"
#include "config/chap.h"

struct iscsi_context;

/*
 * What every session of libiscsi gets before it logs in: no reconnection, an ISID of its own, the
 * digests that QEMU offers (docs/decisions/0042), and the secrets, which are wiped here and stay in
 * the context. -EIO, or the errors of chap_read().
 */
int iscsi_login_setup(struct iscsi_context *context, const struct chap *chap, const char *initiator,
		      struct err *err);

#endif
