/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/op_times.h"

#include <assert.h>
#include <glib.h>

#include "rules/memory_time.h"

static const struct {
	int fixed_ms;
	bool saved_only; /* matters only where a migration may save the memory */
	const char *consequence;
} rows[] = {
	[CLUSTER_OP_START] = {.fixed_ms = OP_PREPARE_MS,
			      .consequence = "saved memory may not be restored in time"},
	[CLUSTER_OP_STOP] = {.fixed_ms =
				     OP_PREPARE_MS + OP_REVOKE_MS + OP_DESTROY_MS + OP_SHUTDOWN_MS,
			     .consequence =
				     "a guest whose migration has failed is shut down, not saved"},
	[CLUSTER_OP_MIGRATE_TO] = {.fixed_ms = OP_PREPARE_MS + OP_UNDO_MS,
				   .saved_only = true,
				   .consequence = "a saved migration is refused"},
	[CLUSTER_OP_MIGRATE_FROM] = {.fixed_ms = OP_PREPARE_MS,
				     .saved_only = true,
				     .consequence =
					     "after a saved migration the VM is started anew"},
};

static_assert(G_N_ELEMENTS(rows) == CLUSTER_OP_MAX, "an operation without a row");

const char *op_consequence(enum cluster_op op)
{
	return rows[op].consequence;
}

int64_t op_time_needed_ms(enum cluster_op op, enum op_saving saving, uint64_t memory_bytes,
			  uint64_t bytes_s)
{
	int64_t ms = memory_time_ms(memory_bytes, bytes_s) + rows[op].fixed_ms;

	if (rows[op].saved_only && saving == OP_SAVES_NEVER) {
		return 0;
	}
	if (op == CLUSTER_OP_MIGRATE_TO && saving == OP_SAVES_AS_FALLBACK) {
		ms *= OP_SAVED_SHARE;
	}
	return (ms + 999) / 1000 * 1000;
}
