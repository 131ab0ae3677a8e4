/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: what tgtadm shows. Names are words, and each target of ours is there once. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tgtd/tgt_show.h"

#define PREFIX "iqn."

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void target_check(const struct tgt_show *show, const struct tgt_target *target)
{
	if (strncmp(target->name, PREFIX, strlen(PREFIX)) != 0 || target->tid > show->tid_max ||
	    tgt_show_find(show, target->name) != target) {
		abort();
	}
	for (size_t i = 0; i < target->n_acl; i++) {
		if (target->acl[i][0] == '\0' || strpbrk(target->acl[i], " \n") != NULL) {
			abort();
		}
	}
	for (size_t i = 0; i < target->n_connections; i++) {
		if (target->connections[i].initiator[0] == '\0') {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tgt_portals portals;
	struct tgt_show show;
	struct err err = ERR_INIT;

	if (tgt_show_parse((const char *)data, size, PREFIX, &show, &err) == 0) {
		for (size_t i = 0; i < show.count; i++) {
			target_check(&show, &show.targets[i]);
		}
		tgt_show_release(&show);
	} else if (*err_text(&err) == '\0') {
		abort();
	}
	(void)tgt_portals_parse((const char *)data, size, &portals, NULL);
	return 0;
}
