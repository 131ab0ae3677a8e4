/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_H
#define LUNMASK_UNIT_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "vm/vm_settings.h"

/*
 * The actions of ocf:lunmask:LogicalUnit: a LUN that is a resource of its own. Its host lends it to
 * one VM that runs there, as a drive that is plugged into the guest, and takes it back.
 *
 * Each function is one restartable task, as those of action/vm.h, and has its errors. In the
 * journal the LUN stands in the place of a VM, by the name that unit_name.h gives it.
 * docs/decisions/0036 says how two writers are excluded.
 */
enum unit_health { UNIT_PLUGGED, UNIT_STOPPED, UNIT_DEGRADED, UNIT_FAILED };

struct unit_settings {
	const char *array; /* name of an [array NAME] in lunmask.conf */
	const char *lun;
	const char *drive; /* what the guest calls it: "vdc" */
	/* One of them: the VM that it follows, or "node1:db1 node2:db2" (unit_map.h). */
	const char *vm;
	const char *vm_map;
	const char *designator;          /* that the LUN must have; NULL: the array's word counts */
	const char *hypervisor;          /* libvirt URI */
	const char *migration_transport; /* how a host is asked from which the LUN is taken over */
	bool force_detach;
	int64_t detach_ms;             /* for so long, a guest is waited for */
	enum takeover_policy takeover; /* start: which grants of other hosts may be revoked */
	size_t paths_required;         /* 0: all portals */
	const char *node;              /* this node's name, or NULL */
};

/* -EPERM: refused to protect the data. -ENODEV: no VM is named for this node. */
int unit_start(const struct unit_settings *settings, struct deadline deadline,
	       const struct vm_report *report, struct err *err);

/*
 * Needs neither quorum nor the journal, nor the VM. If a guest does not let go of the drive in
 * detach_ms, nothing is revoked and this fails, unless force_detach is set: then the LUN is cut off
 * under the guest.
 */
int unit_stop(const struct unit_settings *settings, struct deadline deadline,
	      const struct vm_report *report, struct err *err);

/*
 * The LUN goes along with its VM, which has migrated live before (carry/carry.h): nothing is plugged
 * in or out. On the source, the guest must have left; then stop revokes there. On the target, it must
 * have brought the drive along. -EINVAL: source and target. -EBUSY, -ENOENT: it has not.
 */
int unit_migrate_to(const struct unit_settings *settings, const char *source, const char *target,
		    struct deadline deadline, const struct vm_report *report, struct err *err);
int unit_migrate_from(const struct unit_settings *settings, const char *source, const char *target,
		      struct deadline deadline, const struct vm_report *report, struct err *err);

/*
 * check_level 0: is the drive in the guest that is named for this node? 10: also the mask and the
 * paths of this host. On 0, err holds the reason if *ret is UNIT_DEGRADED or UNIT_FAILED. probe:
 * only report whether it is here.
 */
int unit_monitor(const struct unit_settings *settings, int check_level, bool probe,
		 struct deadline deadline, enum unit_health *ret, struct err *err);

/* The parameters have changed: is the drive in the VM that they name? -EPERM: in another one. */
int unit_reload(const struct unit_settings *settings, struct deadline deadline, struct err *err);

/* check_level 0: the settings only, -EINVAL; 10: also what this host needs. */
int unit_validate(const struct unit_settings *settings, int check_level, struct deadline deadline,
		  struct err *err);

#endif
