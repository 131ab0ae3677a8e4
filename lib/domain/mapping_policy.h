/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_POLICY_H
#define LUNMASK_MAPPING_POLICY_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * Decides which domains can run on any host that sees their LUNs.
 *
 * It is applied when a mapping file is built and again when one is read: a state LUN is untrusted
 * input, and a definition decides what runs on the host. Refusals are -EINVAL; the text names the
 * element, its line and value, and what to do instead. legal.h lists what is legal. The functions
 * only borrow the XML tree.
 */

/*
 * Checks the domain and every device; of its disks, the sources only in
 * mapping_policy_check_disk().
 */
int mapping_policy_check(xmlNodePtr domain, struct err *err);

/*
 * Removes what was checked and is only true, or only spelled so, on one host: the domain's id,
 * terminals, sockets and labels that libvirt made, the place of QEMU, the sources of empty drives.
 */
void mapping_policy_neutralise(xmlNodePtr domain);

/* Is the disk a CD-ROM or floppy drive? */
bool mapping_policy_is_reader(xmlNodePtr disk);

/* The rules for a disk wherever it gets its content from. *ret_target is borrowed from it. */
int mapping_policy_check_disk(xmlNodePtr disk, const char **ret_target, struct err *err);

/* Is it a CD-ROM or floppy drive without a medium? */
bool mapping_policy_is_empty(xmlNodePtr disk);

/*
 * May the disk be this drive of the VM (NULL: none)? Only an empty CD-ROM or floppy drive needs
 * none. A medium is read-only, and so is what the guest may not write to.
 */
int mapping_policy_check_use(xmlNodePtr disk, const struct drive *drive, struct err *err);

/* The domain's name and UUID, borrowed from the tree. -EINVAL: one is missing or illegal. */
int mapping_policy_identity(xmlNodePtr domain, const char **ret_name, const char **ret_uuid,
			    struct err *err);

#endif
