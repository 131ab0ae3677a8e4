/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFIG_VALUE_H
#define LUNMASK_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * What a value in lunmask.conf may be. Each check is 0, or -EINVAL with a text that has the value
 * and what is legal.
 */
#define CONFIG_VALUE_MAX 4096 /* characters */

int config_value_driver(const char *value, struct err *err);
int config_value_path(const char *value, struct err *err);
int config_value_portals(const char *value, struct err *err);
int config_value_initiator(const char *value, struct err *err);
int config_value_address(const char *value, struct err *err);
int config_value_yes_no(const char *value, struct err *err);

bool config_value_is_node(const char *name);

/* 1 to max ASCII letters, digits and characters of others? */
bool config_value_made_of(const char *value, size_t max, const char *others);

/* The blank-separated words of a text, NULL-terminated; the caller frees with g_strfreev(). */
char **config_value_words(const char *text, size_t *ret_count);

#endif
