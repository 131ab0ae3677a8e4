/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STATE_LUN_H
#define LUNMASK_STATE_LUN_H

#include "base/deadline.h"
#include "base/err.h"
#include "san/iscsi.h"
#include "state/slot.h"

/*
 * The state LUN (or the extent that serves as one): reading and replacing the VM's state.
 *
 *	struct state_lun *state;
 *	state_lun_open(&path, &extent, deadline, &state, err);
 *	state_lun_load(state, deadline, &slot, err);       newest valid slot
 *	slot.image = IMAGE_CONSUMED;
 *	state_lun_store(state, &slot, deadline, err);      durable and read back when it returns 0
 *	state_lun_close(state, deadline);
 *
 * The payload of a loaded slot belongs to the state_lun and is valid until the next load or close
 * (a store leaves it alone).
 * The device is behind an ops struct so that tests put a faulty one in its place.
 */
struct state_device_ops {
	int (*read)(void *device, uint64_t offset_bytes, void *data, size_t bytes,
		    struct deadline deadline, struct err *err);
	int (*write)(void *device, uint64_t offset_bytes, const void *data, size_t bytes,
		     struct deadline deadline, struct err *err);
	int (*flush)(void *device, struct deadline deadline, struct err *err);
};

struct state_lun;

/* -EINVAL when the extent is smaller than SLOT_AREA_BYTES, beyond the LUN or not on its blocks. */
int state_lun_open(const struct iscsi_path *path, const struct extent *extent,
		   struct deadline deadline, struct state_lun **ret, struct err *err);

/* On any device; the ops and the device must outlive the state_lun. */
int state_lun_open_device(const struct state_device_ops *ops, void *device, uint64_t offset_bytes,
			  struct state_lun **ret, struct err *err);

void state_lun_close(struct state_lun *state, struct deadline deadline);

/*
 * What a handle of before had loaded or stored: a store refuses (-ESTALE) to replace anything else.
 * 0 is the generation of a LUN that was never written.
 */
void state_lun_expect(struct state_lun *state, uint64_t generation);

/* Of the state that was loaded or stored last. */
uint64_t state_lun_generation(const struct state_lun *state);

/* The errors of slot_choose(), and those of the device. */
int state_lun_load(struct state_lun *state, struct deadline deadline, struct slot *ret,
		   struct err *err);

/*
 * Writes the slot that is not the newest, with the next generation (slot->generation is ignored),
 * flushes, and reads it back. Refuses (-EBADMSG) a LUN that holds something that is not ours; two
 * damaged slots are refused too (-EUCLEAN): nothing is ever formatted over. A LUN whose area is
 * all zero is new, and legal. When the LUN was loaded or stored before and has another generation
 * now, somebody else writes to it: -ESTALE, nothing is written. After any other failure it is open
 * whether the old or the new state is there: load again.
 */
int state_lun_store(struct state_lun *state, const struct slot *slot, struct deadline deadline,
		    struct err *err);

#endif
