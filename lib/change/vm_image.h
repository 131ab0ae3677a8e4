/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_IMAGE_H
#define LUNMASK_VM_IMAGE_H

#include "vm/vm_context.h"

/*
 * For the administrator: what the state LUN of a stopped VM holds, and the way out if its saved
 * memory can be restored nowhere.
 *
 * The VM must run nowhere: no host has a path to its LUNs, and this one has no domain (-EBUSY,
 * which names the host). Each call is a visit (vm_visit.h), with its errors.
 */

struct vm_image_seen {
	enum image_state image;
	uint64_t generation; /* of the slot; each write of the state LUN has another */
	bool complete;       /* the definition is libvirt's own (mapping_complete()) */
};

int vm_image_look(struct vm_context *vm, struct deadline deadline, struct vm_image_seen *ret,
		  struct err *err);

/*
 * Marks the image as gone: the next start boots the guest. 0 also if there is no valid image.
 * -ESTALE: the state LUN has another generation than seen, so what was shown is no longer there.
 */
int vm_image_discard(struct vm_context *vm, const struct vm_image_seen *seen,
		     struct deadline deadline, struct err *err);

#endif
