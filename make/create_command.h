/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_COMMAND_H
#define LUNMASK_CREATE_COMMAND_H

#include "base/err.h"
#include "make/make_options.h"

/* lunmask create. The exit status, or -errno with text; errors of vm_create.h. */
int create_command_run(const struct make_options *options, struct err *err);

/* What is wrong with the options alone: NULL, or a text for g_free(). */
char *create_command_wrong(const struct make_options *options);

#endif
