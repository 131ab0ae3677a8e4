/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/create_array.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

struct create_mark create_array_mark(const char *array)
{
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, array, -1);
	struct create_mark ret;

	if (strlen(array) < sizeof(ret.text)) {
		(void)strcpy(ret.text, array);
	} else {
		(void)snprintf(ret.text, sizeof(ret.text), "#%s", digest);
	}
	return ret;
}

int create_array_choose(const char *wanted, char **ret, struct err *err)
{
	struct config *config;
	const struct config_array *arrays;
	size_t n = 0;
	int rc = wanted != NULL ? 0 : config_load(NULL, &config, err);

	if (wanted != NULL || rc != 0) {
		*ret = g_strdup(wanted);
		return rc;
	}
	arrays = config_arrays(config, &n);
	if (n == 1) {
		*ret = g_strdup(arrays[0].name);
	} else {
		rc = err_set(err, -EINVAL, "name one with --array: lunmask.conf has %zu arrays", n);
	}
	config_free(config);
	return rc;
}

int create_array_find(const char *wanted, char **ret, struct err *err)
{
	struct config *config;
	const struct config_array *arrays;
	size_t n;
	int rc = config_load(NULL, &config, err);

	if (rc != 0) {
		return rc;
	}
	arrays = config_arrays(config, &n);
	for (size_t i = 0; i < n && *ret == NULL; i++) {
		struct create_mark mark = create_array_mark(arrays[i].name);

		*ret = strcmp(mark.text, wanted) == 0 ? g_strdup(arrays[i].name) : NULL;
	}
	config_free(config);
	return *ret != NULL ? 0
			    : err_set(err, -EINVAL,
				      "add [array %s] to lunmask.conf again: the LUNs were made "
				      "there",
				      wanted);
}
