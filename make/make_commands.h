/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAKE_COMMANDS_H
#define LUNMASK_MAKE_COMMANDS_H

#include <stddef.h>

#include "base/err.h"
#include "command/usage.h"

/*
 * The commands that make VMs, change their LUNs and end them. The program
 * (tools/lunmask.c) finds them by the name in their usage, and lists them in its help.
 */

/* The command with that index; NULL after the last. */
const struct usage *make_usage_at(size_t i);

/*
 * Runs it. argv[0] is ignored. Returns the exit status (0: good; 1: failed; 2: the command line is
 * wrong), or -errno with text.
 */
int make_command_run(size_t i, int argc, char **argv, struct err *err);

#endif
