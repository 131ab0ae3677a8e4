/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config_value.h"

#include <assert.h>
#include <string.h>

#include <glib.h>

#include "config/config.h"
#include "config/ini.h"
#include "names/lun.h"
#include "names/name.h"
#include "names/portal.h"

static_assert(CONFIG_PORTALS_MAX == PORTALS_MAX, "one limit, two names");

int config_value_driver(const char *value, struct err *err)
{
	if (!name_made_of(value, INI_VALUE_MAX, "._-/") || *value == '-' || *value == '.' ||
	    (strchr(value, '/') != NULL && *value != '/')) {
		return err_set(
			err, -EINVAL,
			"'%.200s' is neither a program's name, such as lunmask-array-tgt, nor "
			"an absolute path (letters, digits, '.', '_', '-', '/')",
			value);
	}
	return 0;
}

int config_value_path(const char *value, struct err *err)
{
	return *value == '/' ? 0 : err_set(err, -EINVAL, "'%.200s' is not an absolute path", value);
}

int config_value_initiator(const char *value, struct err *err)
{
	if (!iscsi_name_valid(value)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not an iSCSI name, such as "
			       "iqn.2026-11.org.example:node1 (lower "
			       "case, without '_': RFC 3722)",
			       value);
	}
	return 0;
}

int config_value_chap_user(const char *value, struct err *err)
{
	if (!name_made_of(value, CHAP_USER_MAX, ".:@_-")) {
		return err_set(err, -EINVAL,
			       "'%.230s' is no user of CHAP: legal are 1 to %d letters, digits and "
			       "the characters . : @ _ -",
			       value, CHAP_USER_MAX);
	}
	return 0;
}

int config_value_address(const char *value, struct err *err)
{
	if (!name_made_of(value, NODE_NAME_MAX, ".:_-") || *value == '-') {
		return err_set(err, -EINVAL, "'%.200s' is neither a host name nor an IP address",
			       value);
	}
	return 0;
}

int config_value_portals(const char *value, struct err *err)
{
	g_auto(GStrv) portals = ini_words(value);
	size_t count = g_strv_length(portals);

	if (count == 0 || count > CONFIG_PORTALS_MAX) {
		return err_set(err, -EINVAL,
			       "%zu portals: there must be 1 to %d, with blanks "
			       "between them",
			       count, CONFIG_PORTALS_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		int rc = portal_check(portals[i], err);

		if (rc < 0) {
			return rc;
		}
		if (portal_redirects(portals[i])) {
			return err_set(err, -EINVAL,
				       "'%s' is where lunmask-redirect answers on each host, and "
				       "sends logins to the array's portals: name those",
				       portals[i]);
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(portals[i], portals[j]) == 0) {
				return err_set(err, -EINVAL, "'%.200s' is there twice", portals[i]);
			}
		}
	}
	return 0;
}
