/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_GLANCE_H
#define LUNMASK_JOURNAL_GLANCE_H

#include <sys/un.h>

#include "journal/journal.h"

/*
 * journal_domain_get() for the monitor, without libqb: one question and one answer on a plain
 *socket of lunmaskd. This file needs libc only: to load libqb and what it needs costs several times
 *what the monitor costs otherwise (docs/decisions/0034).
 *
 *	question   the name of the VM, 1 to VM_NAME_MAX bytes: one record
 *	answer     one character: '0' + enum journal_domain
 *
 * The socket is SOCK_SEQPACKET, for root only, and each connection is for one question.
 */
#define JOURNAL_GLANCE_PATH "/run/lunmask/monitor.socket"
/* Selects another path, for tests. Ignored in set-uid programs. */
#define JOURNAL_GLANCE_VARIABLE "LUNMASK_MONITOR_SOCKET"

/* The path of the socket. -ENAMETOOLONG. */
int journal_glance_address(struct sockaddr_un *ret);

/*
 * 0 or -errno: then lunmaskd has not answered, for whatever reason. It waits for lunmaskd for at
 * most timeout_ms each to be accepted and to be answered.
 */
int journal_glance(const char *vm, int timeout_ms, enum journal_domain *ret);

#endif
