/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redirect/redirect_address.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/text.h"

#define LEADS 254 /* how many A there are: 1 to 254 */
#define ARRAYS_TEXT_MAX 512

void redirect_portal_of(const char *array, char ret[static REDIRECT_PORTAL_BYTES])
{
	uint32_t sum = crc32c((const unsigned char *)array, strlen(array));

	(void)g_snprintf(ret, REDIRECT_PORTAL_BYTES, "127.%u.%u.%u:%d",
			 1 + (sum >> 16 & 0xff) % LEADS, sum >> 8 & 0xff, sum & 0xff,
			 REDIRECT_PORT);
}

static bool has_portal(const struct config_array *array, const char *portal)
{
	char own[REDIRECT_PORTAL_BYTES];

	redirect_portal_of(array->name, own);
	return strcmp(own, portal) == 0;
}

/* How many arrays have that portal; *ret is the first of them, names says which they are. */
static size_t arrays_count(const struct config *config, const char *portal,
			   const struct config_array **ret, char names[static ARRAYS_TEXT_MAX])
{
	bool any = strcmp(portal, REDIRECT_PORTAL_ANY) == 0;
	size_t n_arrays = 0;
	const struct config_array *arrays = config_arrays(config, &n_arrays);
	size_t n = 0;

	names[0] = '\0';
	for (size_t i = 0; i < n_arrays; i++) {
		if (any || has_portal(&arrays[i], portal)) {
			*ret = n == 0 ? &arrays[i] : *ret;
			text_list_add(names, ARRAYS_TEXT_MAX, arrays[i].name);
			n++;
		}
	}
	return n;
}

int redirect_portal_get(const struct config *config, const char *array,
			char ret[static REDIRECT_PORTAL_BYTES], struct err *err)
{
	const struct config_array *first = NULL;
	char names[ARRAYS_TEXT_MAX];

	redirect_portal_of(array, ret);
	return arrays_count(config, ret, &first, names) <= 1
		       ? 0
		       : err_set(err, -ENOTUNIQ,
				 "arrays have one address, %s, by their names: %s; guests of none "
				 "of them are redirected: give new arrays another name",
				 ret, names);
}

/* Of all arrays, for who has asked for another one. */
static int absent_err(const struct config *config, const char *address, struct err *err)
{
	const struct config_array *first = NULL;
	char names[ARRAYS_TEXT_MAX];
	size_t n = arrays_count(config, REDIRECT_PORTAL_ANY, &first, names);

	return err_set(err, -ENOENT,
		       "%s is the address of no array of lunmask.conf; its arrays: %s", address,
		       n == 0 ? "none" : names);
}

int redirect_array_find(const struct config *config, const char *address,
			const struct config_array **ret, struct err *err)
{
	g_autofree char *portal = g_strdup_printf("%s:%d", address, REDIRECT_PORT);
	char names[ARRAYS_TEXT_MAX];
	size_t n = arrays_count(config, portal, ret, names);

	if (n == 0) {
		return absent_err(config, address, err);
	}
	return n == 1 ? 0
		      : err_set(err, -ENOTUNIQ,
				"it is not known which array the target is of: %s could be that of "
				"each of these: %s",
				address, names);
}
