/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/size.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GRAIN_BYTES 512

static const struct {
	const char *name;
	unsigned int shift;
} units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

bool size_take(const char **text, uint64_t *ret_bytes)
{
	uint64_t value;
	char *at;

	errno = 0;
	value = g_ascii_strtoull(*text, &at, 10);
	if (!g_ascii_isdigit(**text) || errno != 0) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(at, units[i].name, length) != 0) {
			continue;
		}
		if (__builtin_mul_overflow(value, (uint64_t)1 << units[i].shift, &value)) {
			return false;
		}
		at += length;
		break;
	}
	*text = at;
	*ret_bytes = value;
	return true;
}

int size_from_str(const char *text, uint64_t *ret_bytes, struct err *err)
{
	const char *at = text;
	uint64_t bytes;

	if (!size_take(&at, &bytes) || *at != '\0' || bytes == 0 || bytes % GRAIN_BYTES != 0) {
		return err_set(err, -EINVAL,
			       "'%.40s' is not a size: legal are bytes, a multiple of %d, or whole "
			       "KiB, MiB, GiB, TiB, such as 20GiB",
			       text, GRAIN_BYTES);
	}
	*ret_bytes = bytes;
	return 0;
}

const char *size_to_str(uint64_t bytes, char ret[SIZE_TEXT])
{
	size_t i = G_N_ELEMENTS(units);

	while (i > 0 && (bytes == 0 || bytes % ((uint64_t)1 << units[i - 1].shift) != 0)) {
		i--;
	}
	(void)snprintf(ret, SIZE_TEXT, "%" PRIu64 "%s", i > 0 ? bytes >> units[i - 1].shift : bytes,
		       i > 0 ? units[i - 1].name : "");
	return ret;
}
