/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_TPM_H
#define LUNMASK_ADOPT_TPM_H

#include <glib.h>

#include <libxml/tree.h>

#include "adopt/vm_adopt.h"
#include "tpm/tpm_state.h"

/* The state of an emulated TPM, which libvirt keeps in a folder of the domain's. */
#define ADOPT_TPM_BYTES (2u << 20)

/* *ret is NULL if the guest has none yet. -EINVAL: the domain has no UUID; -EMSGSIZE, -EACCES. */
int adopt_tpm_load(xmlNodePtr domain, GBytes **ret, struct err *err);

/* Step "tpm": the state is on its LUN. vm_paths_verify() must have run. -EUCLEAN: another one is.
 */
int adopt_tpm_probe(void *context, struct deadline deadline, struct err *err);
int adopt_tpm_run(void *context, struct deadline deadline, struct err *err);

#endif
