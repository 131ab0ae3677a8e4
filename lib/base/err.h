/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ERR_H
#define LUNMASK_ERR_H

#include <errno.h>

/*
 * Describes one failure in one readable line.
 *
 * The function that finds the cause writes it with err_set(). A caller that knows more puts it in
 * front with err_prefix(). The outermost caller prints the line, as an OCF exit reason or as a
 * driver's error message. A text names the value that was refused, what is legal and, if an
 * administrator can act, what to do.
 *
 * Functions return 0 or -errno. err_set() and err_prefix() return the code that they are given, so
 * that a failure is one statement:
 *
 *	return err_set(err, -EINVAL, "LUN name '%s' is longer than %d characters", name, MAX);
 *
 * The caller owns the struct. err may be NULL in every function: the text is then discarded.
 */
#define ERR_TEXT_MAX 1024

struct err {
	char text[ERR_TEXT_MAX]; /* NUL-terminated, without control characters */
};

/* clang-format off */
#define ERR_INIT {{0}}
/* clang-format on */

int err_set(struct err *err, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts the formatted prefix and ": " in front of the text. Truncates the end of a long text. */
int err_prefix(struct err *err, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "" if no text was set, or err is NULL. */
const char *err_text(const struct err *err);

#endif
