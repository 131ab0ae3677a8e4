/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted must be usable: it makes a definition for a host, which is read again. */
static void use(const struct mapping *mapping)
{
	struct lun luns[VM_LUNS_MAX];
	struct mapping_host host = {.initiator = "iqn.2026-11.org.example:h",
				    .portal = "[::1]:3260",
				    .luns = luns,
				    .n_luns = mapping->n_drives};
	struct mapping *again = NULL;
	char *xml = NULL;
	size_t i;

	for (i = 0; i < mapping->n_drives; i++) {
		memset(&luns[i], 0, sizeof(luns[i]));
		strcpy(luns[i].name, mapping->drives[i].drive.extent.lun);
		strcpy(luns[i].designator, mapping->drives[i].designator);
		strcpy(luns[i].target, "iqn.2026-11.org.example:t");
	}
	if (mapping_domain_xml(mapping, &host, &xml, NULL) == 0) {
		if (mapping_parse(xml, strlen(xml), &again, NULL) < 0) {
			abort();
		}
	}
	mapping_free(again);
	free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mapping *mapping = NULL;

	if (mapping_parse((const char *)data, size, &mapping, NULL) == 0) {
		use(mapping);
	}
	mapping_free(mapping);
	return 0;
}
