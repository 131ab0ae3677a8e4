/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OP_TIMES_H
#define LUNMASK_OP_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster_vms.h"

/*
 * Does the timeout of an operation go together with the guest's memory? Without I/O.
 *
 * What an operation keeps back for its other parts is here, too, so that the advice cannot differ
 * from what is done.
 */
/* To grant the LUNs, to find them, and to read the mapping file. */
#define OP_PREPARE_MS 10000
#define OP_UNDO_MS 20000     /* migrate_to: to undo what it has added */
#define OP_REVOKE_MS 15000   /* stop: to revoke the LUNs */
#define OP_DESTROY_MS 20000  /* stop: to kill what is left */
#define OP_SHUTDOWN_MS 30000 /* stop: to shut down a guest that could not be saved */
#define OP_SAVED_SHARE 4     /* migrate_to, auto: a fallback to saved gets one part in so many */

/* What happens if the timeout is shorter, for a person. */
const char *op_consequence(enum cluster_op op);

/* How a migration uses the state LUN. */
enum op_saving { OP_SAVES_NEVER, OP_SAVES_AS_FALLBACK, OP_SAVES_ALWAYS };

/* Rounded up to a second; 0: no timeout is too short because of the memory. */
int64_t op_time_needed_ms(enum cluster_op op, enum op_saving saving, uint64_t memory_bytes,
			  uint64_t bytes_s);

#endif
