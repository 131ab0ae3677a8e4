/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_PARAM_H
#define LUNMASK_FENCE_PARAM_H

#include <stdio.h>

#include "fence/fence_agent.h"

/*
 * Parameter values, checked against the table. They come from stdin, one NAME=VALUE a line, or from
 * the command line, whose long options are the names. An empty value counts as not set.
 */
#define FENCE_LINES_MAX 1024

/* The option's long name on the command line, without the leading dashes. */
void fence_param_option(const struct fence_parameter *row, char *text, size_t size);

/* Ignores blank lines, '#' lines and unknown names, which cluster managers pass. -EINVAL, text. */
int fence_param_read(struct fence_call *call, FILE *stream, struct err *err);

/* -EINVAL: an unknown option, a missing value, or a word that is not an option. */
int fence_param_parse(struct fence_call *call, int argc, char **argv, struct err *err);

/* -EINVAL with text: the first invalid value. */
int fence_param_check(const struct fence_call *call, struct err *err);

/*
 * The effective value: the one set, else one set under a name that stands for it, else the default,
 * which may be NULL. name must be that of a row (assertion).
 */
const char *fence_param_get(const struct fence_call *call, const char *name);
bool fence_param_flag(const struct fence_call *call, const char *name);
long long fence_param_seconds(const struct fence_call *call, const char *name);

void fence_param_release(struct fence_call *call);

#endif
