/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_STATE_H
#define LUNMASK_VM_STATE_H

#include "san/iscsi.h"
#include "state/image.h"
#include "vm/vm_context.h"

/*
 * The VM's state on its state LUN, reached from this host. vm_paths_verify() has run before.
 */

/* -ENODATA: never written. Fills vm->mapping and vm->image. */
int vm_state_load(struct vm_context *vm, struct deadline deadline, struct err *err);

/* The mapping as it is, with another image state. Durable and read back on 0. */
int vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
		   struct err *err);

/* The image area as a file on this host, after what a killed task left of one is gone. */
int vm_image_open(struct vm_context *vm, struct deadline deadline, struct image_export **ret,
		  struct err *err);

uint64_t vm_image_area_bytes(const struct vm_context *vm);

/* Step "mapping": the state LUN holds a mapping file that fits the settings and the LUNs. */
int vm_mapping_probe(void *context, struct deadline deadline, struct err *err);
int vm_mapping_run(void *context, struct deadline deadline, struct err *err);

/* The domain definition for the host that reaches the LUNs so. */
int vm_domain_xml(const struct vm_context *vm, const char *initiator, const char *portal,
		  const struct lun *luns, char **ret_xml, struct err *err);

#endif
