/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_BOOT_H
#define LUNMASK_VM_BOOT_H

#include "vm/vm_context.h"

/*
 * Step "run": the domain runs on this host. It is restored from its saved memory if there is a
 * valid image, and booted from its disk otherwise. Afterwards the image can never be restored again
 * (I4).
 *
 * Before, vm_paths_verify() must have run, and the state LUN must hold a mapping file (step
 * "mapping" in vm_state.h).
 */

/* The action for a domain in one state beside an image in another. */
enum vm_boot_action {
	VM_BOOT_INVALID = 0, /* no row: never used */
	VM_BOOT_NOTHING,
	VM_BOOT_FRESH,
	VM_BOOT_RESTORE,
	VM_BOOT_RESUME,
	VM_BOOT_DESTROY,    /* destroy the domain that is here, then decide again */
	VM_BOOT_DROP_IMAGE, /* the guest has run: mark the image as gone, then decide again */
	VM_BOOT_WAIT,       /* the domain is shutting down: wait, then decide again */
	VM_BOOT_REFUSE,     /* only stop can end what is here */
};

/* Pure; every combination has a row. VM_BOOT_INVALID: the domain state is unknown. */
enum vm_boot_action vm_boot_decide(enum domain_state domain, enum image_state image);

int vm_boot_probe(void *context, struct deadline deadline, struct err *err);
int vm_boot_run(void *context, struct deadline deadline, struct err *err);

/* As vm_boot_run(), but never boots: -ENOENT if there is no valid image. */
int vm_restore_run(void *context, struct deadline deadline, struct err *err);

/*
 * Destroys a domain that this run created. -EBUSY once the image is consumed: the paused domain is
 * then the only copy of the guest's memory, and the next start resumes it.
 */
int vm_boot_undo(void *context, struct deadline deadline, struct err *err);

#endif
