/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_BOOT_H
#define LUNMASK_VM_BOOT_H

#include "vm/vm_context.h"

/*
 * Step "run": the domain runs here, from its saved memory if there is a valid image and from its
 * boot disk otherwise, and the image can never be restored again (I4).
 */

/* What to do about a domain in one state with an image in another. */
enum vm_boot_action {
	VM_BOOT_INVALID = 0, /* no row: never decided */
	VM_BOOT_NOTHING,
	VM_BOOT_FRESH,
	VM_BOOT_RESTORE,
	VM_BOOT_RESUME,
	VM_BOOT_CLEAR,  /* end what is there and decide again */
	VM_BOOT_SETTLE, /* it runs: nothing about an image is left to say */
	VM_BOOT_WAIT,   /* it is on its way down: try again */
};

/* Pure; every combination has a row. */
enum vm_boot_action vm_boot_decide(enum domain_state domain, enum image_state image);

int vm_boot_probe(void *context, struct deadline deadline, struct err *err);
int vm_boot_run(void *context, struct deadline deadline, struct err *err);

/* The same, and refuses to boot where no valid image is. */
int vm_restore_run(void *context, struct deadline deadline, struct err *err);

/*
 * Ends what this run created. Refuses once the image is consumed: then the domain, paused, is the
 * only copy of the guest's memory, and the next start resumes it.
 */
int vm_boot_undo(void *context, struct deadline deadline, struct err *err);

#endif
