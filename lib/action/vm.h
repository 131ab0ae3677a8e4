/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_H
#define LUNMASK_VM_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "vm/vm_settings.h"

/*
 * A VM and its LUNs as one thing: what an agent does with it.
 *
 * Each function is one restartable task: calling it again after a crash, on the host where it was
 * killed, continues it. Nothing is remembered between calls but on the state LUN; the array is
 * asked about masks and libvirt about domains.
 *
 * Errors are -errno with one line of text. -EINVAL: a setting or the configuration is wrong.
 * -EPERM: refused, for the sake of the guest's data. The rest may pass.
 */
enum vm_health { VM_RUNNING, VM_STOPPED, VM_DEGRADED, VM_FAILED };

int vm_start(const struct vm_settings *settings, struct deadline deadline,
	     const struct vm_report *report, struct err *err);
int vm_stop(const struct vm_settings *settings, struct deadline deadline,
	    const struct vm_report *report, struct err *err);

/*
 * check_level 0: the domain; 10: and the paths of this host; 20: and the masks on the array. For
 * DEGRADED and FAILED err says why. A failure to find out is -errno.
 */
int vm_monitor(const struct vm_settings *settings, int check_level, bool probe,
	       struct deadline deadline, enum vm_health *ret, const struct vm_report *report,
	       struct err *err);

/* source and target are cluster node names. */
int vm_migrate_to(const struct vm_settings *settings, const char *source, const char *target,
		  struct deadline deadline, const struct vm_report *report, struct err *err);
int vm_migrate_from(const struct vm_settings *settings, const char *source, const char *target,
		    struct deadline deadline, const struct vm_report *report, struct err *err);

/* check_level 0: the settings alone; 10: what this host needs to run it. */
int vm_validate(const struct vm_settings *settings, int check_level, struct deadline deadline,
		struct err *err);

#endif
