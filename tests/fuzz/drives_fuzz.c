/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/lun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive drives[VM_LUNS_MAX];
	char *text = strndup((const char *)data, size);
	size_t count = 0;
	size_t i;

	if (text == NULL) {
		return 0;
	}
	if (drives_from_str(text, drives, VM_LUNS_MAX, &count, NULL) == 0 && count == 0) {
		abort();
	}
	for (i = 0; i < count; i++) {
		if (!lun_name_valid(drives[i].extent.lun) ||
		    !drive_target_valid(drives[i].target)) {
			abort();
		}
	}
	(void)iscsi_name_valid(text);
	free(text);
	return 0;
}
