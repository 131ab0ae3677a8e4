/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_GUEST_STILL_H
#define LUNMASK_GUEST_STILL_H

#include "hypervisor/hypervisor.h"

/*
 * What libvirt can do so that a guest that runs writes nothing for a moment. Errors are those of
 * hypervisor.h.
 */

/*
 * The guest agent makes all file systems of the guest write what they have, and wait. -EOPNOTSUPP:
 * no agent answers, and nothing is frozen. After any other error, something may be.
 */
int guest_freeze(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		 struct err *err);
/* 0 also if nothing is frozen. */
int guest_thaw(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
	       struct err *err);

/* No vCPU runs, and QEMU has written what it had; hypervisor_resume() lets it go on. */
int guest_pause(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		struct err *err);

#endif
