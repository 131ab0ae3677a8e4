/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/state_lun.h"

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* LUNs have blocks of 512 or 4096 bytes. A multiple of the larger size fits both. */
#define WRITE_UNIT_BYTES 4096u

struct state_lun {
	const struct state_device_ops *ops;
	void *device;
	struct iscsi_lun *iscsi; /* NULL if the caller owns the device */
	uint64_t offset_bytes;
	bool loaded;                         /* generation is the one that the caller saw last */
	uint64_t generation;                 /* 0: the area was empty */
	unsigned char area[SLOT_AREA_BYTES]; /* what load read; the caller's payload points here */
	unsigned char look[SLOT_AREA_BYTES];
	unsigned char out[SLOT_BYTES];
};

static int device_read(void *device, uint64_t offset_bytes, void *data, size_t bytes,
		       struct deadline deadline, struct err *err)
{
	return iscsi_lun_read(device, offset_bytes, data, bytes, deadline, err);
}

static int device_write(void *device, uint64_t offset_bytes, const void *data, size_t bytes,
			struct deadline deadline, struct err *err)
{
	return iscsi_lun_write(device, offset_bytes, data, bytes, deadline, err);
}

static int device_flush(void *device, struct deadline deadline, struct err *err)
{
	return iscsi_lun_flush(device, deadline, err);
}

const struct state_device_ops state_device_iscsi = {
	.read = device_read,
	.write = device_write,
	.flush = device_flush,
};

struct state_lun *state_lun_new(const struct state_device_ops *ops, void *device,
				uint64_t offset_bytes)
{
	struct state_lun *state = g_new0(struct state_lun, 1);

	state->ops = ops;
	state->device = device;
	state->offset_bytes = offset_bytes;
	return state;
}

/* Refuses a too small extent, one beyond the LUN, or not on a block, before any write. */
static int extent_check(struct iscsi_lun *lun, const struct extent *extent,
			struct deadline deadline, struct err *err)
{
	struct iscsi_facts facts;
	uint64_t room;
	int rc = iscsi_lun_facts(lun, deadline, &facts, err);

	if (rc < 0) {
		return rc;
	}
	room = extent->offset_bytes < facts.size_bytes ? facts.size_bytes - extent->offset_bytes
						       : 0;
	if (extent->length_bytes > room) {
		return err_set(err, -EINVAL,
			       "%" PRIu64 " bytes at offset %" PRIu64 " extend beyond its %" PRIu64
			       " bytes",
			       extent->length_bytes, extent->offset_bytes, facts.size_bytes);
	}
	if (extent->length_bytes > 0) {
		room = extent->length_bytes;
	}
	if (room < SLOT_AREA_BYTES) {
		return err_set(err, -EINVAL,
			       "%" PRIu64 " bytes are too few: a state LUN needs at least %u", room,
			       SLOT_AREA_BYTES);
	}
	if (facts.block_bytes > WRITE_UNIT_BYTES || extent->offset_bytes % facts.block_bytes != 0) {
		return err_set(err, -EINVAL,
			       "offset %" PRIu64
			       " with blocks of %u bytes: blocks must be at most %u "
			       "bytes and the offset a multiple of them",
			       extent->offset_bytes, facts.block_bytes, WRITE_UNIT_BYTES);
	}
	return 0;
}

int state_lun_open(const struct iscsi_path *path, const struct extent *extent,
		   struct deadline deadline, struct state_lun **ret, struct err *err)
{
	struct iscsi_lun *lun = NULL;
	int rc = iscsi_lun_open(path, deadline, &lun, err);

	rc = rc < 0 ? rc : extent_check(lun, extent, deadline, err);
	if (rc < 0) {
		iscsi_lun_close(lun, deadline);
		return err_prefix(err, rc, "state LUN '%s'", extent->lun);
	}
	*ret = state_lun_new(&state_device_iscsi, lun, extent->offset_bytes);
	(*ret)->iscsi = lun;
	return 0;
}

void state_lun_close(struct state_lun *state, struct deadline deadline)
{
	if (state != NULL) {
		iscsi_lun_close(state->iscsi, deadline);
		g_free(state);
	}
}

void state_lun_expect(struct state_lun *state, uint64_t generation)
{
	state->loaded = true;
	state->generation = generation;
}

uint64_t state_lun_generation(const struct state_lun *state)
{
	return state->generation;
}

static int area_read(struct state_lun *state, unsigned char *area, struct deadline deadline,
		     struct err *err)
{
	return state->ops->read(state->device, state->offset_bytes, area, SLOT_AREA_BYTES, deadline,
				err);
}

int state_lun_load(struct state_lun *state, struct deadline deadline, struct slot *ret,
		   struct err *err)
{
	size_t index;
	int rc;

	state->loaded = false;
	rc = area_read(state, state->area, deadline, err);
	rc = rc < 0 ? rc : slot_choose(state->area, ret, &index, err);
	if (rc == 0 || rc == -ENODATA) {
		state->loaded = true;
		state->generation = rc == 0 ? ret->generation : 0;
	}
	return rc;
}

/* Finds the slot and the generation for the next state. */
static int target_find(struct state_lun *state, struct deadline deadline, size_t *ret_index,
		       uint64_t *ret_generation, struct err *err)
{
	struct slot newest = {0};
	size_t index = SLOT_COUNT - 1; /* in an empty area, the first slot is written first */
	int rc = area_read(state, state->look, deadline, err);

	rc = rc < 0 ? rc : slot_choose(state->look, &newest, &index, err);
	if (rc < 0 && rc != -ENODATA) {
		return rc;
	}
	if (state->loaded && newest.generation != state->generation) {
		return err_set(err, -ESTALE,
			       "another host writes to the state LUN: it has generation %" PRIu64
			       ", but generation %" PRIu64 " was read before",
			       newest.generation, state->generation);
	}
	if (newest.generation == UINT64_MAX) {
		return err_set(err, -EOVERFLOW, "the state LUN has the highest legal generation");
	}
	*ret_index = (index + 1) % SLOT_COUNT;
	*ret_generation = newest.generation + 1;
	return 0;
}

static int read_back(struct state_lun *state, uint64_t offset_bytes, size_t bytes,
		     struct deadline deadline, struct err *err)
{
	int rc = state->ops->read(state->device, offset_bytes, state->look, bytes, deadline, err);

	if (rc < 0) {
		return err_prefix(err, rc, "reading back what was written");
	}
	if (memcmp(state->look, state->out, bytes) != 0) {
		return err_set(err, -EIO, "the state LUN does not return what was written to it");
	}
	return 0;
}

int state_lun_store(struct state_lun *state, const struct slot *slot, struct deadline deadline,
		    struct err *err)
{
	struct slot next = *slot;
	uint64_t offset_bytes;
	size_t index = 0, bytes;
	int rc = target_find(state, deadline, &index, &next.generation, err);

	rc = rc < 0 ? rc : slot_encode(&next, state->out, err);
	if (rc < 0) {
		return rc;
	}
	/* Bytes of an older state after the CRC are never read. */
	bytes = (slot_used_bytes(&next) + WRITE_UNIT_BYTES - 1) / WRITE_UNIT_BYTES *
		WRITE_UNIT_BYTES;
	offset_bytes = state->offset_bytes + index * SLOT_BYTES;
	state->loaded = false; /* the state of the LUN is unknown until the read back */
	rc = state->ops->write(state->device, offset_bytes, state->out, bytes, deadline, err);
	rc = rc < 0 ? rc : state->ops->flush(state->device, deadline, err);
	rc = rc < 0 ? rc : read_back(state, offset_bytes, bytes, deadline, err);
	if (rc == 0) {
		state->loaded = true;
		state->generation = next.generation;
	}
	return rc;
}
