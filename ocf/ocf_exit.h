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
 * Every errno becomes PCMK_OCF_UNKNOWN_ERROR (1), a soft error that may be transient. No errno
 * becomes 2, 4, 5 or 6: an outage of the array, or a driver of another version, would ban every
 * node (2, 4, 5) or stop the resource everywhere (6). Only the checks of the parameters themselves
 * are hard errors.
 */
int ocf_exit_code(int rc);

/*
 * Prints "ocf-exit-reason:TEXT" on stderr, as one line. If OCF_EXIT_REASON_PREFIX is set, its value
 * replaces "ocf-exit-reason:". A text that is too long for Pacemaker is shortened (ocf_reason.h),
 * and logged as a whole before, after OCF_EXIT_WHOLE.
 */
#define OCF_EXIT_WHOLE "the whole reason: "
void ocf_exit_reason(const char *text);

/* Prints "lunmask: ..." on stderr, as one line. Pacemaker's executor copies it to the log. */
void ocf_exit_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
