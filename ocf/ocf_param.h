/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_PARAM_H
#define LUNMASK_OCF_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ocf/ocf_agent.h"

/*
 * Parameter values, as OCF_RESKEY_* has them, against the table of the agent.
 *
 * An empty value is none. Booleans and times are read as the cluster manager reads them, by
 * libcrmcommon.
 */

/* 0 or -EINVAL: names the parameter, the value that was refused and what is legal. */
int ocf_param_check(const struct ocf_parameter *parameter, const char *value, struct err *err);

/* The first parameter that is missing or wrong. */
int ocf_param_check_all(const struct ocf_agent *agent, struct err *err);

/*
 * The value in force: the one that is set if it is legal, otherwise the default, which may be NULL.
 * The getters want a name that the table has, of that type (an assertion).
 */
const char *ocf_param_string(const struct ocf_agent *agent, const char *name);
bool ocf_param_boolean(const struct ocf_agent *agent, const char *name);
long long ocf_param_integer(const struct ocf_agent *agent, const char *name);
long long ocf_param_time_ms(const struct ocf_agent *agent, const char *name);

/* The index in the row's options. */
size_t ocf_param_select(const struct ocf_agent *agent, const char *name);

#endif
