/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STATE_LUN_H
#define LUNMASK_STATE_LUN_H

#include "base/deadline.h"
#include "base/err.h"
#include "san/iscsi.h"
#include "state/slot.h"

/*
 * Reads and replaces the VM's state on its state LUN, or on the extent that serves as one.
 *
 *	struct state_lun *state;
 *	state_lun_open(&path, &extent, deadline, &state, err);
 *	state_lun_load(state, deadline, &slot, err);       newest valid slot
 *	slot.image = IMAGE_CONSUMED;
 *	state_lun_store(state, &slot, deadline, err);      durable and read back when it returns 0
 *	state_lun_close(state, deadline);
 *
 * The payload of a loaded slot belongs to the state_lun. It is valid until the next load or close;
 * a store does not invalidate it. The device is behind an ops struct, so that tests can replace it
 * by a faulty one. A function that returns int returns 0, or -errno with text.
 */
struct state_device_ops {
	int (*read)(void *device, uint64_t offset_bytes, void *data, size_t bytes,
		    struct deadline deadline, struct err *err);
	int (*write)(void *device, uint64_t offset_bytes, const void *data, size_t bytes,
		     struct deadline deadline, struct err *err);
	int (*flush)(void *device, struct deadline deadline, struct err *err);
};

/* device: a struct iscsi_lun */
extern const struct state_device_ops state_device_iscsi;

struct state_lun;

/*
 * Opens an iSCSI session to the LUN. -EINVAL if the extent is smaller than SLOT_AREA_BYTES, extends
 * beyond the LUN or does not start on a block, or if the LUN's blocks are larger than 4096 bytes;
 * otherwise the errors of iscsi_lun_open().
 */
int state_lun_open(const struct iscsi_path *path, const struct extent *extent,
		   struct deadline deadline, struct state_lun **ret, struct err *err);

/* Uses any device. The ops and the device must outlive the state_lun. */
struct state_lun *state_lun_new(const struct state_device_ops *ops, void *device,
				uint64_t offset_bytes);

/* Closes the session, if state_lun_open() opened one. Accepts NULL. */
void state_lun_close(struct state_lun *state, struct deadline deadline);

/* The generation of an earlier handle (0: never written): a store replaces no other (-ESTALE). */
void state_lun_expect(struct state_lun *state, uint64_t generation);

/* The generation of the state that was loaded or stored last. */
uint64_t state_lun_generation(const struct state_lun *state);

/* Reads the newest valid slot. The errors are those of slot_choose() and of the device. */
int state_lun_load(struct state_lun *state, struct deadline deadline, struct slot *ret,
		   struct err *err);

/*
 * Writes the slot that is not the newest, with the next generation (slot->generation is ignored),
 * flushes it and reads it back. 0 if the state is durable.
 *
 * Nothing is written if the LUN has contents that lunmask did not write (-EBADMSG) or no valid slot
 * but a damaged one (-EUCLEAN). A LUN whose area is all zero is new, and legal. If the LUN was
 * loaded or stored before and has another generation now, another host writes to it: -ESTALE, and
 * nothing is written. After an error of the device, the LUN may have the old or the new state: load
 * it again.
 */
int state_lun_store(struct state_lun *state, const struct slot *slot, struct deadline deadline,
		    struct err *err);

#endif
