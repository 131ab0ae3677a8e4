/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUNS_COMMANDS_H
#define LUNMASK_LUNS_COMMANDS_H

#include <stddef.h>

#include "base/err.h"
#include "command/usage.h"

/*
 * The commands about LUNs: lunmask luns. The program (tools/lunmask.c) finds them by the name in
 * their usage, and lists them in its help.
 */

#define LUNS_COMMANDS 1

/* The command with that index, below LUNS_COMMANDS. */
const struct usage *luns_usage_at(size_t i);

/*
 * Runs it. argv[0] is ignored. Returns the exit status (0: good; 2: the command line is wrong; 7:
 * the answer is not complete), or -errno with text.
 */
int luns_command_run(size_t i, int argc, char **argv, struct err *err);

#endif
