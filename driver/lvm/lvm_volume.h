/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LVM_VOLUME_H
#define LUNMASK_LVM_VOLUME_H

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/lvm/lvm_report.h"

/*
 * Makes and removes the logical volumes of a volume group, with lvcreate(8) and lvremove(8), and
 * looks at them with lvs(8).
 *
 * Each volume has a tag that no other has. It is how a volume is found that was made by a process
 * that died; one without that tag is somebody else's, and is never touched.
 *
 * Faults: "no-space"; "bad-request": a size that the group cannot have; "exists"; "unsupported";
 * "unreachable": a command did not answer in time, and may have had its effect; "internal".
 */
struct lvm_pool {
	const char *vg;
	const char *thin_pool; /* NULL: each volume has its own space */
	unsigned int stripes;  /* 0: as few as the class needs */
};

struct lvm_volume {
	const char *name;
	const char *tag;
	const char *class;
	uint64_t size_bytes;
};

/* Can it be made? Nothing is changed. The tag is not used. */
int lvm_volume_plan(const struct lvm_pool *pool, const struct lvm_volume *volume,
		    struct deadline deadline, struct fault *fault);

/* Makes it, if it is not there. What is on it is not defined, unless the pool is thin. */
int lvm_volume_make(const struct lvm_pool *pool, const struct lvm_volume *volume,
		    struct deadline deadline, char ret_uuid[LVM_REPORT_UUID_MAX + 1],
		    struct fault *fault);

/* Removes it, if it is there. */
int lvm_volume_remove(const struct lvm_pool *pool, const struct lvm_volume *volume,
		      struct deadline deadline, struct fault *fault);

/* All volumes of the group, with their parts. After 0, the caller releases *ret. */
int lvm_volume_report(const struct lvm_pool *pool, struct deadline deadline, struct lvm_report *ret,
		      struct fault *fault);

#endif
