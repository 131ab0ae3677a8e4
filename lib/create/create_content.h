/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_CONTENT_H
#define LUNMASK_CREATE_CONTENT_H

#include "create/vm_create.h"

/*
 * The steps that fill the LUNs. They take a struct vm_context; vm_paths_verify() must have run.
 */

/* Check "definition": makes the mapping file, and libvirt accepts it. */
int create_definition_check(void *context, struct deadline deadline, struct err *err);

/* Step "images": those of the template are on the LUNs. The LUNs have only zeros before. */
int create_images_probe(void *context, struct deadline deadline, struct err *err);
int create_images_run(void *context, struct deadline deadline, struct err *err);

/* Check "compare", if it was asked for: reads back and compares. -EUCLEAN. */
int create_images_compare(void *context, struct deadline deadline, struct err *err);

/* Step "state": the mapping file is on the state LUN. -EPERM: another VM's is. */
int create_state_probe(void *context, struct deadline deadline, struct err *err);
int create_state_run(void *context, struct deadline deadline, struct err *err);

#endif
