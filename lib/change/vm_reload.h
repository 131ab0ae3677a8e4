/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RELOAD_H
#define LUNMASK_VM_RELOAD_H

#include "base/deadline.h"
#include "base/err.h"
#include "vm/vm_settings.h"

/*
 * reload-agent: the parameters of a VM that runs here have changed. Every action reads its
 * parameters anew, so only luns needs work: drives that were taken from it are detached from the
 * guest, and drives that were added are attached.
 *
 * A drive is detached first, and its LUN revoked last, after the guest has given it up. A drive
 * that is added is granted, verified and in the mapping file before the guest gets it. If the guest
 * does not give a drive up, or libvirt refuses one, the call fails, and what was done is
 * consistent: a migration moves the guest with what it has, and its next boot gives it what luns
 * names. Nothing is revoked that the guest may use.
 *
 * 0 also if the VM does not run here. Errors: those of vm_visit.h; -ETIMEDOUT: the guest did not
 * answer; -EPERM: a LUN belongs to another VM or host.
 */
int vm_reload(const struct vm_settings *settings, struct deadline deadline,
	      const struct vm_report *report, struct err *err);

#endif
