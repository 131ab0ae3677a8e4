/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ERR_H
#define LUNMASK_ERR_H

#include <errno.h>

/*
 * One readable line about one failure.
 *
 * The callee that finds the cause writes it with err_set(); each caller that knows more prefixes
 * with err_prefix(); the outermost prints it (an OCF exit reason, a driver's error message).
 * A text names the value that was refused, what is legal and, where a person can act, what to do.
 *
 * Functions return 0 or -errno; err_set() and err_prefix() return the code they are given, so
 * that a failure is one statement:
 *
 *	return err_set(err, -EINVAL, "LUN name '%s' is longer than %d characters", name, MAX);
 *
 * err may be NULL everywhere: the text is then not kept.
 */
#define ERR_TEXT_MAX 1024

struct err {
	char text[ERR_TEXT_MAX]; /* NUL-terminated, without control characters */
};

/* clang-format off */
#define ERR_INIT {{0}}
/* clang-format on */

int err_set(struct err *err, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "format: " in front of the text that is there. Cuts the tail if it gets too long. */
int err_prefix(struct err *err, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "" when nothing was set. */
const char *err_text(const struct err *err);

#endif
