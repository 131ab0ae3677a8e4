/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/vm_stored.h"

#include <string.h>

static const struct drive drives[] = {
	{"vda", {"root", 0, 0}, false},
	{"vdb", {"data", 0, 0}, false},
	{"vdc", {"more", 0, 0}, false},
};

static const struct lun luns[] = {
	{"root", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
	{"data", "naa.6002", 1 << 30, "iqn.2026-11.org.example:t2", 1},
	{"state", "naa.6003", 1 << 30, "iqn.2026-11.org.example:t3", 1},
	{"more", "naa.6004", 1 << 30, "iqn.2026-11.org.example:t4", 1},
};

int vm_stored_begin(struct vm_context *ret, const struct vm_settings *settings, const char *xml,
		    const char *config)
{
	const struct mapping_source source = {
		.domain_xml = xml,
		.vm = "web1",
		.array = "san1",
		.drives = drives,
		.n_drives = 2,
		.state = &ret->state,
		.luns = luns,
		.n_luns = 3,
		.complete = true,
		.revision = 3,
		.config = config,
	};

	*ret = (struct vm_context){
		.settings = settings, .state = {.lun = "state"}, .image = IMAGE_NONE};
	memcpy(ret->drives, drives, sizeof(drives));
	ret->n_drives = 2;
	memcpy(ret->luns, luns, sizeof(luns));
	ret->n_luns = 4;
	return mapping_build(&source, &ret->mapping, NULL);
}

void vm_stored_end(struct vm_context *vm)
{
	hypervisor_close(vm->hypervisor);
	mapping_free(vm->mapping);
}
