/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFIG_VALUE_H
#define LUNMASK_CONFIG_VALUE_H

#include "base/err.h"

/* Checks of lunmask.conf. 0, or -EINVAL with the value and the legal values in the text. */

int config_value_driver(const char *value, struct err *err);
int config_value_path(const char *value, struct err *err);
int config_value_portals(const char *value, struct err *err);
int config_value_initiator(const char *value, struct err *err);
int config_value_chap_user(const char *value, struct err *err);
int config_value_address(const char *value, struct err *err);

#endif
