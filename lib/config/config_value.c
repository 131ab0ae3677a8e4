/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config_value.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include <glib.h>

#include "config/config.h"
#include "names/lun.h"
#include "names/portal.h"

static_assert(CONFIG_PORTALS_MAX == PORTALS_MAX, "one limit, two names");

bool config_value_made_of(const char *value, size_t max, const char *others)
{
	size_t length = strnlen(value, max + 1);

	if (length == 0 || length > max) {
		return false;
	}
	for (const char *c = value; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr(others, *c) == NULL) {
			return false;
		}
	}
	return true;
}

bool config_value_is_node(const char *name)
{
	return config_value_made_of(name, NODE_NAME_MAX, "._-") && isalnum((unsigned char)*name);
}

int config_value_driver(const char *value, struct err *err)
{
	if (!config_value_made_of(value, CONFIG_VALUE_MAX, "._-/") || *value == '-' ||
	    *value == '.' || (strchr(value, '/') != NULL && *value != '/')) {
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
		return err_set(
			err, -EINVAL,
			"'%.200s' is not an iSCSI name, such as iqn.2026-11.org.example:node1",
			value);
	}
	return 0;
}

int config_value_address(const char *value, struct err *err)
{
	if (!config_value_made_of(value, NODE_NAME_MAX, ".:_-") || *value == '-') {
		return err_set(err, -EINVAL, "'%.200s' is neither a host name nor an IP address",
			       value);
	}
	return 0;
}

int config_value_yes_no(const char *value, struct err *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		return err_set(err, -EINVAL, "'%.64s' is not legal: yes, or no", value);
	}
	return 0;
}

char **config_value_words(const char *text, size_t *ret_count)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	for (text += strspn(text, " \t"); *text != '\0'; text += strspn(text, " \t")) {
		size_t length = strcspn(text, " \t");

		g_ptr_array_add(words, g_strndup(text, length));
		text += length;
	}
	*ret_count = words->len;
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

int config_value_portals(const char *value, struct err *err)
{
	size_t count;
	g_auto(GStrv) portals = config_value_words(value, &count);

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
		for (size_t j = 0; j < i; j++) {
			if (strcmp(portals[i], portals[j]) == 0) {
				return err_set(err, -EINVAL, "'%.200s' is there twice", portals[i]);
			}
		}
	}
	return 0;
}
