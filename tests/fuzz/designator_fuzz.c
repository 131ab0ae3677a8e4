/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: VPD page 0x83. Every name is short printable text of a kind we know. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/designator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void name_check(const char *name)
{
	size_t length = strnlen(name, LUN_DESIGNATOR_MAX + 1);

	if (length < 5 || length > LUN_DESIGNATOR_MAX || name[3] != '.') {
		abort();
	}
	for (size_t i = 0; i < length; i++) {
		if (name[i] < ' ' || name[i] > '~') {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct designator_list list;
	struct err err = ERR_INIT;
	char text[100];

	if (designator_list_decode(data, size, &list, &err) == 0) {
		for (size_t i = 0; i < list.count; i++) {
			name_check(list.names[i]);
		}
		designator_list_to_str(&list, text, sizeof(text));
	} else if (*err_text(&err) == '\0') {
		abort();
	}
	return 0;
}
