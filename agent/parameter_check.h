/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PARAMETER_CHECK_H
#define LUNMASK_PARAMETER_CHECK_H

#include <stddef.h>

#include "base/err.h"
#include "rules/takeover.h"

/* The parameters that several agents have: what is legal. 0, or -EINVAL with text. */
int parameter_check_vm(const char *value, struct err *err);
int parameter_check_array(const char *value, struct err *err);
int parameter_check_hypervisor(const char *value, struct err *err);

/* A number of portals, or "all". *ret: 0 means all. */
int parameter_check_paths(const char *value, struct err *err);
int parameter_paths_parse(const char *value, size_t *ret, struct err *err);

/* The names of enum takeover_policy, ended by NULL. */
extern const char *const parameter_takeover_policies[TAKEOVER_LOST + 2];

#endif
