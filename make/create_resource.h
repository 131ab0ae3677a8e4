/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_RESOURCE_H
#define LUNMASK_CREATE_RESOURCE_H

#include "create/vm_create.h"

/*
 * The commands that make a VM one Pacemaker resource, with timeouts that fit its memory. A text is
 * for g_free(). host: where it would prefer to run, or NULL. The VM must not be named otherwise
 * than LUNs may be (template_luns_name()): then nothing in the command needs quotes but its lists.
 */
enum create_shell { CREATE_CRM, CREATE_PCS };

char *create_resource_command(enum create_shell shell, const char *vm,
			      const struct vm_created *created);
char *create_location_command(enum create_shell shell, const char *vm, const char *host);

#endif
