/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_SOURCE_H
#define LUNMASK_ADOPT_SOURCE_H

#include "adopt/vm_adopt.h"

/*
 * The definition that is adopted: what libvirt keeps or, if the task has taken that away already,
 * the file that has it. Sets adopt->xml and flags. -ENOENT: there is none. -EPERM: libvirt has
 * another one than the file.
 */
int adopt_source_get(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * How large the LUN is for UEFI variables of a guest that has never run: as large as the file that
 * it would begin with. -EINVAL: the definition does not say which firmware.
 */
int adopt_source_flash_bytes(xmlNodePtr domain, uint64_t *ret, struct err *err);

/*
 * The steps that change libvirt's definition; they take a struct vm_context.
 *
 * Step "keep": the definition is in the file. Step "undefine": libvirt has it no more, and the
 * domain is not active. The undo of both gives it back, and then removes the file. -EBUSY: somebody
 * has started the domain: it keeps its definition.
 */
int adopt_keep_probe(void *context, struct deadline deadline, struct err *err);
int adopt_keep_run(void *context, struct deadline deadline, struct err *err);
int adopt_keep_undo(void *context, struct deadline deadline, struct err *err);
int adopt_undefine_probe(void *context, struct deadline deadline, struct err *err);
int adopt_undefine_run(void *context, struct deadline deadline, struct err *err);
int adopt_undefine_undo(void *context, struct deadline deadline, struct err *err);

/* Steps "give back" and "forget" of the undoing: libvirt has a definition again; the file is gone.
 */
int adopt_give_back_probe(void *context, struct deadline deadline, struct err *err);
int adopt_give_back_run(void *context, struct deadline deadline, struct err *err);
int adopt_forget_probe(void *context, struct deadline deadline, struct err *err);
int adopt_forget_run(void *context, struct deadline deadline, struct err *err);

#endif
