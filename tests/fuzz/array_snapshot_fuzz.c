/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: a driver's list of snapshots, and which of them are a VM's. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "names/lun.h"
#include "snapshot/snapshot_set.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_check(const struct snapshot_set *set, const char *const *luns, size_t n_luns)
{
	struct err err = ERR_INIT;
	int rc = snapshot_set_fits(set, luns, n_luns, &err);

	must(set->n_luns > 0 && lun_name_valid(set->name));
	must((rc == 0) == (*err_text(&err) == '\0'));
	/* What is not whole, or of other LUNs, is never restored. */
	must(rc != 0 || set->kind != SNAPSHOT_BROKEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const luns[] = {"a", "b"};
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	struct err err = ERR_INIT;

	if (array_snapshot_decode((const char *)data, size, &snapshots, &err) != 0) {
		must(*err_text(&err) != '\0');
		return 0;
	}
	snapshot_sets_of(&snapshots, luns, 2, &sets);
	for (size_t i = 0; i < sets.count; i++) {
		set_check(&sets.sets[i], luns, 2);
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return 0;
}
