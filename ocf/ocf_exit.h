/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_EXIT_H
#define LUNMASK_OCF_EXIT_H

#include "ocf/ocf_agent.h"

/*
 * The exit code of an action, and the line on stderr that gives the reason.
 *
 * The codes are libcrmcommon's enum ocf_exitcode (OCF Resource Agent API 1.1, "Exit status codes").
 */

/*
 * The exit code for the return value of a run function: 0, a positive OCF code, or -errno.
 *
 * An errno becomes PCMK_OCF_UNKNOWN_ERROR (1), a soft error that may be transient. With
 * OCF_ACTION_LOCAL, a wrong configuration (EINVAL) becomes PCMK_OCF_INVALID_PARAM (2), which bans
 * this node. No errno becomes 4, 5 or 6: with 4 or 5, an outage of the array would ban every node,
 * and 6 would stop the resource everywhere.
 */
int ocf_exit_code(const struct ocf_action *action, int rc);

/*
 * Prints "ocf-exit-reason:TEXT" on stderr, as one line. If OCF_EXIT_REASON_PREFIX is set, its value
 * replaces "ocf-exit-reason:".
 */
void ocf_exit_reason(const char *text);

/* Prints "lunmask: ..." on stderr, as one line. Pacemaker's executor copies it to the log. */
void ocf_exit_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
