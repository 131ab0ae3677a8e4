/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_COMMAND_COMPLETE_H
#define LUNMASK_COMMAND_COMPLETE_H

#include <stddef.h>

#include "command/usage.h"

/* The command with that index, or NULL after the last. Its name is "PROGRAM WORD" or more words. */
typedef const struct usage *command_at(size_t i);

/* Prints what the last of the words can become; words end with NULL. */
void command_complete(command_at *at, char **words);

#endif
