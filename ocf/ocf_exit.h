/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_EXIT_H
#define LUNMASK_OCF_EXIT_H

#include "ocf/ocf_agent.h"

/*
 * How an action ends: its exit code, and the line that says why.
 *
 * The codes are libcrmcommon's enum ocf_exitcode (OCF Resource Agent API 1.1, "Exit status codes").
 */

/*
 * The code for what a run function returned: 0, a positive OCF code, or -errno.
 *
 * An errno is PCMK_OCF_UNKNOWN_ERROR (1), a soft error that may pass. With OCF_ACTION_LOCAL a
 * wrong configuration (EINVAL) is PCMK_OCF_INVALID_PARAM (2), which bans this node. Nothing here
 * becomes 4, 5 or 6: an outage of the array would ban every node, and 6 would stop the resource
 * everywhere.
 */
int ocf_exit_code(const struct ocf_action *action, int rc);

/* "ocf-exit-reason:TEXT" on stderr, one line; the prefix is OCF_EXIT_REASON_PREFIX's. */
void ocf_exit_reason(const char *text);

/* "lunmask: ..." on stderr, one line; the executor passes it on to the system log. */
void ocf_exit_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
