/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_DEFINITION_H
#define LUNMASK_VM_DEFINITION_H

#include "vm/vm_context.h"

/*
 * The domain definition that libvirt is given, for a host that reaches the LUNs as host says. A
 * guest that has begun to run is moved, saved and restored with the definition that it runs with,
 * as libvirt wrote it. Only a boot uses the mapping file's. In each case, nothing but the sources
 * of the drives is replaced.
 *
 * vm_state_load() must have run. The caller frees *ret_xml. Errors: those of hypervisor.h and
 * mapping_definition_xml().
 */

/* How this host reaches the LUNs. vm_paths_verify() must have run. */
struct mapping_host vm_definition_here(const struct vm_context *vm);

int vm_definition_stored(const struct vm_context *vm, const struct mapping_host *host,
			 char **ret_xml, struct err *err);

/* Of the domain that is active on this host. */
int vm_definition_running(struct vm_context *vm, const struct mapping_host *host,
			  struct deadline deadline, char **ret_xml, struct err *err);

/* Of the domain that is active here, if there is one: mapping_check_units(). */
int vm_definition_check_units(struct vm_context *vm, struct deadline deadline, struct err *err);

/* Of the saved image in the file. */
int vm_definition_image(struct vm_context *vm, const char *file, const struct mapping_host *host,
			struct deadline deadline, char **ret_xml, struct err *err);

/* The memory that the guest has: what was attached counts. Without a domain here: the mapping
 * file's. */
int vm_definition_memory(struct vm_context *vm, struct deadline deadline, uint64_t *ret_bytes,
			 struct err *err);

/* Reports what was changed while the guest runs, if anything. Errors are ignored. */
void vm_definition_tell_drift(struct vm_context *vm, const char *task, struct deadline deadline);

#endif
