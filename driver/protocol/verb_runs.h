/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_VERB_RUNS_H
#define LUNMASK_ARRAY_VERB_RUNS_H

#include "driver/protocol/verbs.h"

/* What each verb does. verbs.c has the table: its members, its lock, its help. */

verb_fn verb_info, verb_ports, verb_luns, verb_masks;        /* verb_read.c */
verb_fn verb_apply;                                          /* verb_apply.c */
verb_fn verb_fence, verb_unfence, verb_fenced;               /* verb_fence.c */
verb_fn verb_create, verb_delete, verb_protect, verb_resize; /* verb_volume.c */
verb_fn verb_snapshot, verb_snapshots, verb_unsnapshot;      /* verb_snapshot.c */
verb_fn verb_restore, verb_clone;                            /* verb_snapshot.c */

#endif
