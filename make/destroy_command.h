/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DESTROY_COMMAND_H
#define LUNMASK_DESTROY_COMMAND_H

#include "base/err.h"
#include "make/make_options.h"

/* lunmask destroy. Returns 0 or -errno with text. */
int destroy_command_run(const struct make_options *options, struct err *err);

/* What is wrong with the options together, or NULL. The caller frees it. */
char *destroy_command_wrong(const struct make_options *options);

#endif
