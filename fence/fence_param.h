/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_PARAM_H
#define LUNMASK_FENCE_PARAM_H

#include <stdio.h>

#include "fence/fence_agent.h"

/*
 * Parameter values against the table: from stdin, one NAME=VALUE a line, or from the command line
 * (getopt_long(3), whose long options are the names). An empty value is none.
 */
#define FENCE_LINES_MAX 1024

/* "--NAME" as the command line has it, without the dashes in front. */
void fence_param_option(const struct fence_parameter *row, char *text, size_t size);

/*
 * Blank lines and those that begin with '#' say nothing. A name that the table has not is passed
 * over: a cluster manager tells its agents more than they want to know. -EINVAL with text.
 */
int fence_param_read(struct fence_call *call, FILE *stream, struct err *err);

/* -EINVAL: an option that is not known or lacks its value, or a word that is no option. */
int fence_param_parse(struct fence_call *call, int argc, char **argv, struct err *err);

/* The first value that is not legal. */
int fence_param_check(const struct fence_call *call, struct err *err);

/*
 * The value in force: what is set, else what is set under a name that stands for it, else the
 * default, which may be NULL. The names are those of rows (an assertion).
 */
const char *fence_param_get(const struct fence_call *call, const char *name);
bool fence_param_flag(const struct fence_call *call, const char *name);
long long fence_param_seconds(const struct fence_call *call, const char *name);

void fence_param_release(struct fence_call *call);

#endif
