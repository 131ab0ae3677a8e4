/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_TPM_H
#define LUNMASK_VM_TPM_H

#include "tpm/tpm_request.h"
#include "vm/vm_context.h"

/*
 * The VM's TPM, whose state is on a LUN of its own (tpm in luns). While the domain is on a host, a
 * process there keeps it: lunmask-tpm(8), which each host has of its own.
 *
 * Step "tpm" of start and of a saved migration's migrate_from: before the domain is created, the
 * process is begun. -EOPNOTSUPP: libvirt here cannot run swtpm.
 */
int vm_tpm_probe(void *context, struct deadline deadline, struct err *err);
int vm_tpm_run(void *context, struct deadline deadline, struct err *err);
/* Ends what run has begun, if the domain is gone. */
int vm_tpm_undo(void *context, struct deadline deadline, struct err *err);

/*
 * For who is about to create the domain: begins the process, unless the step has just done so. Each
 * domain has its own, which knows what is on the LUN now: one that an earlier domain has used, such
 * as one that arrived and was destroyed, may have an older state. 0 also if there is no TPM.
 */
int vm_tpm_renew(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * Step "tpm" after the domain is gone from here, and before its LUNs are revoked: nothing of this
 * host can write the TPM any more. 0 also if there is no TPM.
 */
int vm_tpm_end(void *context, struct deadline deadline, struct err *err);

/* Has the mapping file a TPM? */
bool vm_tpm_has(const struct vm_context *vm);

/* What a host with that initiator is asked, which reaches the LUNs as luns says. -EINVAL. */
int vm_tpm_request(const struct vm_context *vm, const struct lun *luns, size_t n_luns,
		   const char *initiator, struct tpm_request *ret, struct err *err);

/*
 * For who has tried to create the domain. If swtpm could not be set up, libvirt reports what it
 * could not tidy up afterwards: the text then names the log that has the reason. Returns rc.
 */
int vm_tpm_explain(const struct vm_context *vm, int rc, struct err *err);

/*
 * Of a VM that runs here. -EIO, with what to do: it has a TPM (by its parameter luns), and nothing
 * keeps its state.
 */
int vm_tpm_check(const struct vm_settings *settings, struct err *err);

#endif
