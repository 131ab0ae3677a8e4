/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_KEEP_H
#define LUNMASK_DEFINITION_KEEP_H

#include "base/err.h"

/*
 * A new definition for a VM that has a completed one (mapping_complete()). What it leaves out, and
 * libvirt has chosen for the old one, stays, so that the guest finds the hardware that it knows:
 *
 * - the MAC of a NIC without <mac>: in order, those of the old definition that no NIC names
 * - the value of an empty <genid>
 * - the machine type that an alias such as q35 stood for
 * - if it names no PCI address and no PCI controller: those of the old one, for the devices that
 *   are in both
 *
 * A definition that says all of this itself, such as an edited one, is returned as it is. The
 * caller frees *ret with g_free().
 */
int definition_keep(const char *old, const char *definition, char **ret, struct err *err);

#endif
