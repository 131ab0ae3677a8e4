/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_STORE_H
#define LUNMASK_TPM_STORE_H

#include <glib.h>
#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "state/state_lun.h"

/*
 * The state of a TPM on its LUN, and when this host may write it.
 *
 *	struct tpm_store store = {.ops = &ops, .data = data, .arrival = false};
 *	rc = tpm_store_load(&store, deadline, &state, err);       once
 *	rc = tpm_store_put(&store, state, deadline, err);         each time that swtpm stores it
 *	tpm_store_release(&store);
 *
 * What put has returned 0 for is durable. The LUN is opened for each call: between two calls, which
 * may be months apart, there is no session that an array would have to cut, or that could go stale.
 *
 * arrival: the guest arrives by a live migration, and the LUN is still the other host's. swtpm
 * stores the state that has come with the stream of the migration once, and then looks for its
 * volatile state, to delete it. That state is on the LUN, since the other host has stored each
 * change before its guest saw it. So this first put does nothing, and takes no time from the
 * guest's pause. What is put later, a guest has caused that runs here.
 */
struct tpm_store_ops {
	int (*open)(void *data, struct deadline deadline, struct state_lun **ret, struct err *err);
	void (*close)(void *data, struct state_lun *state, struct deadline deadline);
};

struct tpm_store {
	const struct tpm_store_ops *ops;
	void *data;
	bool arrival;

	bool takes_over;     /* the TPM has arrived: the generation is the other host's last */
	uint64_t generation; /* of what this host has loaded or stored last */
	GBytes *tried;       /* the state of a put that failed: it may be on the LUN */
};

/*
 * *ret is NULL if the LUN is new; the caller frees it. -ENODATA: it is new, and the guest that
 * arrives has a TPM. The other errors are those of tpm_state_decode(), slot_choose() and the
 * device.
 */
int tpm_store_load(struct tpm_store *store, struct deadline deadline, GBytes **ret,
		   struct err *err);

/* -ESTALE: another host has written since; or the errors of load. */
int tpm_store_put(struct tpm_store *store, GBytes *state, struct deadline deadline,
		  struct err *err);

/* The TPM has come: swtpm looks for its volatile state. */
void tpm_store_arrived(struct tpm_store *store);

void tpm_store_release(struct tpm_store *store);

#endif
