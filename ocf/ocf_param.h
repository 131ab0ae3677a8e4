/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_PARAM_H
#define LUNMASK_OCF_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ocf/ocf_agent.h"

/*
 * Reads the parameter values from OCF_RESKEY_* and checks them against the table of the agent.
 *
 * An empty value counts as not set. libcrmcommon parses booleans and times, so that they have the
 * same meaning as for the cluster manager.
 */

/* 0, or -EINVAL with the parameter, the value that was refused and what is legal. */
int ocf_param_check(const struct ocf_parameter *parameter, const char *value, struct err *err);

/* 0, or -EINVAL with the first parameter that is missing or wrong. */
int ocf_param_check_all(const struct ocf_agent *agent, struct err *err);

/*
 * The value in force: the set value if it is legal, otherwise the default, which may be NULL. The
 * table must have a parameter with that name and that type; an assertion checks this.
 */
const char *ocf_param_string(const struct ocf_agent *agent, const char *name);
bool ocf_param_boolean(const struct ocf_agent *agent, const char *name);
long long ocf_param_integer(const struct ocf_agent *agent, const char *name);
long long ocf_param_time_ms(const struct ocf_agent *agent, const char *name);

/* For the check of a boolean: does the value mean true? */
bool ocf_param_is_true(const char *value);

/* The index of the value in the options of the row. */
size_t ocf_param_select(const struct ocf_agent *agent, const char *name);

#endif
