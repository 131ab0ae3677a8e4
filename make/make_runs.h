/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAKE_RUNS_H
#define LUNMASK_MAKE_RUNS_H

#include "base/err.h"
#include "make/make_options.h"

/*
 * What the commands do with a VM that is there; make_commands.c has the table. run: 0 or -errno
 * with text. wrong: what is wrong with the command line, to be freed, or NULL.
 */
typedef int make_run_fn(const struct make_options *options, struct err *err);
typedef char *make_wrong_fn(const struct make_options *options);

make_run_fn adopt_command_run; /* adopt_command.c */
make_wrong_fn adopt_command_wrong;
make_run_fn destroy_command_run; /* destroy_command.c */
make_wrong_fn destroy_command_wrong;
make_run_fn resize_command_run; /* resize_command.c */
make_wrong_fn resize_command_wrong;
make_run_fn export_command_run;   /* export_command.c */
make_run_fn snapshot_command_run; /* snapshot_command.c */
make_run_fn unsnapshot_command_run;
make_run_fn restore_command_run;
make_wrong_fn restore_command_wrong;
make_run_fn snapshots_command_run; /* snapshots_command.c */

#endif
