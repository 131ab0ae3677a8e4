/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_error.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *code;
	int number;
} ROWS[ARRAY_ERROR_COUNT] = {
#define X(name, code, number) [name] = {code, number},
	ARRAY_ERRORS(X)
#undef X
};

const char *array_error_to_str(enum array_error error)
{
	return (unsigned int)error < ARRAY_ERROR_COUNT ? ROWS[error].code : "internal";
}

int array_error_errno(enum array_error error)
{
	return (unsigned int)error < ARRAY_ERROR_COUNT ? -ROWS[error].number : -EIO;
}

int array_error_to_errno(const char *code)
{
	for (size_t i = 0; i < ARRAY_ERROR_COUNT; i++) {
		if (strcmp(ROWS[i].code, code) == 0) {
			return -ROWS[i].number;
		}
	}
	return -EPROTO;
}
