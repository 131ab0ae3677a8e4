/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_H
#define LUNMASK_VM_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "vm/vm_settings.h"

/*
 * The actions of the agent on a VM and its LUNs.
 *
 * Each function is one restartable task. To continue it after a crash, call it again on the same
 * host. Between calls, state is kept only on the state LUN, in the journal (intent and progress)
 * and under /run: what was granted to this host (vm_keep.h) and a copy of the configuration
 * (vm_config_copy.h). The array is asked about masks and libvirt about domains.
 *
 * Errors are -errno with one line of text in err. -EINVAL: a setting or the configuration is wrong.
 * -EPERM: refused to protect the guest's data. Other errors may be temporary.
 */
enum vm_health { VM_RUNNING, VM_STOPPED, VM_DEGRADED, VM_FAILED };

int vm_start(const struct vm_settings *settings, struct deadline deadline,
	     const struct vm_report *report, struct err *err);
int vm_stop(const struct vm_settings *settings, struct deadline deadline,
	    const struct vm_report *report, struct err *err);

/*
 * check_level 0: checks the domain; 10: also the paths of this host; 20: also the masks on the
 * array, and grants this host the LUNs again if the array has lost that (vm_regrant.h). On 0, err
 * holds the reason if *ret is VM_DEGRADED or VM_FAILED. -errno: the health is not known. probe:
 * only report whether the VM is here, and act on nothing.
 */
int vm_monitor(const struct vm_settings *settings, int check_level, bool probe,
	       struct deadline deadline, enum vm_health *ret, const struct vm_report *report,
	       struct err *err);

/*
 * source and target are names of cluster nodes. migrate_to runs on source, migrate_from on target.
 */
int vm_migrate_to(const struct vm_settings *settings, const char *source, const char *target,
		  struct deadline deadline, const struct vm_report *report, struct err *err);
int vm_migrate_from(const struct vm_settings *settings, const char *source, const char *target,
		    struct deadline deadline, const struct vm_report *report, struct err *err);

/*
 * check_level 0: checks the settings only; 10: also what this host needs to run the VM, and what
 * can be said of the definition in config without the array. Two things are reported that are no
 * errors: if the VM runs here, a config that was changed since it was stored; timeouts of
 * operations that do not go together with the guest's memory. report may be NULL.
 */
int vm_validate(const struct vm_settings *settings, int check_level, struct deadline deadline,
		const struct vm_report *report, struct err *err);

#endif
