/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFIG_LINES_H
#define LUNMASK_CONFIG_LINES_H

#include "base/err.h"

/*
 * GKeyFile merges sections of one name, lets the last of two keys win and skips keys with a
 * [locale]: each hides a mistake. So the lines are looked at before it reads them.
 */

/* -EINVAL with the number of the line. text is NUL-terminated. */
int config_lines_check(const char *text, struct err *err);

#endif
