/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_DEFINITION_H
#define LUNMASK_TPM_DEFINITION_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The <tpm> of a domain definition, whose state is on the LUN that luns names as DRIVE_TPM. What it
 * may contain, lib/domain/legal_device.c says. The functions borrow the tree.
 */

/*
 * drive is what luns has as DRIVE_TPM, or NULL. -EINVAL: a TPM without a LUN, a LUN without a TPM,
 * two TPMs, or one that is not an emulated TPM 2.0.
 */
int tpm_definition_check(xmlNodePtr domain, const struct drive *drive, struct err *err);

/*
 * Writes out what libvirt would choose: version 2.0; and that the end of the domain is not the end
 * of its TPM, which libvirt would otherwise delete. -ENOMEM.
 */
int tpm_definition_pin(xmlNodePtr domain, struct err *err);

/*
 * Does a host's libvirt offer an emulated TPM, by its domain capabilities? It does where swtpm(8)
 * is installed. True also if it says nothing about TPMs, as an old one.
 */
bool tpm_definition_possible(const char *capabilities);

#endif
