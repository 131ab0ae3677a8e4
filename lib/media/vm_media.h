/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_MEDIA_H
#define LUNMASK_VM_MEDIA_H

#include "vm/vm_context.h"

/*
 * The VM's media: LUNs that are read-only on the array, such as an installation ISO (`:ro` in
 * luns). No VM owns them. Any number of VMs and hosts may have them at once, so nothing of what is
 * true of the VM's own LUNs holds: another host's grant is no obstacle and is never taken over, no
 * journal records it, and to leave one behind does no harm, since nobody can write through it.
 *
 * The grant is one of the host, for all of its VMs. It is taken away when no VM here needs it. A
 * start that has granted a medium and not yet created its domain holds a lock on this host, so that
 * the stop of another VM does not take the medium away in between.
 */

/* lun_names, then media: the order of vm->luns. Returns the number of names. */
size_t vm_media_all_luns(const struct vm_context *vm, const char *names[VM_LUNS_MAX]);

/* Is every medium granted to initiator? TASK_DONE, TASK_NOT_DONE or -errno. */
int vm_media_probe(struct vm_context *vm, const char *initiator, struct deadline deadline,
		   struct err *err);

/*
 * Grants the media to initiator. -EROFS: one can be written to. For this host, the lock is held
 * until vm_media_unlock(), at the latest when the context is freed.
 */
int vm_media_grant(struct vm_context *vm, const char *initiator, struct deadline deadline,
		   struct err *err);
void vm_media_unlock(struct vm_context *vm);

/*
 * Takes from this host each medium that no domain here uses. The VM's own must be gone. What fails
 * is reported and does not matter: stop, and lunmask reconcile here, try again.
 */
void vm_media_revoke(struct vm_context *vm, const char *task, struct deadline deadline);

#endif
