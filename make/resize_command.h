/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RESIZE_COMMAND_H
#define LUNMASK_RESIZE_COMMAND_H

#include "base/err.h"
#include "make/make_options.h"

/* lunmask resize VM DRIVE SIZE. Returns 0 or -errno with text. */
int resize_command_run(const struct make_options *options, struct err *err);

/* The size that the words name, or what is wrong with it, to be freed. */
char *resize_command_wrong(const struct make_options *options);

#endif
