/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_store.h"

#include <inttypes.h>

#include "tpm/tpm_state.h"

/* *ret is NULL, and *ret_generation 0, if the LUN is new. */
static int state_read(struct state_lun *lun, struct deadline deadline, GBytes **ret,
		      uint64_t *ret_generation, struct err *err)
{
	const char *state = NULL;
	struct err why = ERR_INIT;
	struct slot slot;
	size_t bytes = 0;
	int rc = state_lun_load(lun, deadline, &slot, &why);

	*ret = NULL;
	*ret_generation = 0;
	if (rc < 0) {
		return rc == -ENODATA ? 0 : err_set(err, rc, "%s", err_text(&why));
	}
	rc = tpm_state_decode(slot.payload, slot.payload_bytes, &state, &bytes, err);
	if (rc == 0) {
		*ret = g_bytes_new(state, bytes);
		*ret_generation = slot.generation;
	}
	return rc;
}

static int state_write(struct state_lun *lun, GBytes *state, struct deadline deadline,
		       struct err *err)
{
	struct slot slot = {.image = IMAGE_NONE};
	g_autofree char *payload = NULL;
	struct err why = ERR_INIT;
	int rc = tpm_state_encode(g_bytes_get_data(state, NULL), g_bytes_get_size(state), &payload,
				  &slot.payload_bytes, &why);

	slot.payload = payload;
	rc = rc < 0 ? rc : state_lun_store(lun, &slot, deadline, &why);
	return rc < 0 ? err_set(err, rc, "%s", err_text(&why)) : 0;
}

int tpm_store_load(struct tpm_store *store, struct deadline deadline, GBytes **ret, struct err *err)
{
	struct state_lun *lun = NULL;
	int rc = store->ops->open(store->data, deadline, &lun, err);

	if (rc < 0) {
		return rc;
	}
	rc = state_read(lun, deadline, ret, &store->generation, err);
	store->ops->close(store->data, lun, deadline);
	if (rc == 0 && store->arrival && *ret == NULL) {
		rc = err_set(err, -ENODATA, "it holds no TPM, and the guest that arrives has one");
	}
	return rc;
}

static bool same(GBytes *a, GBytes *b)
{
	return a != NULL && b != NULL && g_bytes_equal(a, b);
}

/* What is on the LUN must be what this host knows, or has tried to write. */
static int owner_check(struct tpm_store *store, GBytes *found, uint64_t generation, struct err *err)
{
	bool own = store->takes_over || generation == store->generation ||
		   (generation == store->generation + 1 && same(found, store->tried));

	if (!own) {
		return err_set(err, -ESTALE,
			       "another host has written generation %" PRIu64
			       " of the TPM, and this one knows generation %" PRIu64
			       ": stop the VM here",
			       generation, store->generation);
	}
	store->takes_over = false;
	store->generation = generation;
	return 0;
}

static int put_on(struct tpm_store *store, struct state_lun *lun, GBytes *state,
		  struct deadline deadline, struct err *err)
{
	g_autoptr(GBytes) found = NULL;
	uint64_t generation = 0;
	int rc = state_read(lun, deadline, &found, &generation, err);

	rc = rc < 0 ? rc : owner_check(store, found, generation, err);
	if (rc == 0 && !same(found, state)) {
		rc = state_write(lun, state, deadline, err);
		store->generation = rc == 0 ? state_lun_generation(lun) : generation;
	}
	return rc;
}

static void tried_set(struct tpm_store *store, GBytes *state)
{
	if (store->tried != NULL) {
		g_bytes_unref(store->tried);
	}
	store->tried = state == NULL ? NULL : g_bytes_ref(state);
}

int tpm_store_put(struct tpm_store *store, GBytes *state, struct deadline deadline, struct err *err)
{
	struct state_lun *lun = NULL;
	int rc;

	if (store->arrival) {
		tpm_store_arrived(store);
		return 0;
	}
	rc = store->ops->open(store->data, deadline, &lun, err);
	if (rc < 0) {
		return rc;
	}
	rc = put_on(store, lun, state, deadline, err);
	store->ops->close(store->data, lun, deadline);
	if (rc != -ESTALE) {
		tried_set(store, rc == 0 ? NULL : state);
	}
	return rc;
}

void tpm_store_arrived(struct tpm_store *store)
{
	store->takes_over = store->takes_over || store->arrival;
	store->arrival = false;
}

void tpm_store_release(struct tpm_store *store)
{
	tried_set(store, NULL);
}
