/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_RESOURCE_H
#define LUNMASK_CREATE_RESOURCE_H

#include "create/vm_create.h"
#include "make/make_options.h"

/*
 * The commands that make a VM one Pacemaker resource, with timeouts that fit its memory. A text is
 * for g_free(). stopped: it is not started yet, so that it does not begin elsewhere before the
 * cluster knows the host that it prefers; the last command starts it. The VM must not be named
 * otherwise than LUNs may be (template_luns_name()): then nothing in the command needs quotes but
 * its lists.
 */
enum create_shell { CREATE_CRM, CREATE_PCS };

char *create_resource_command(enum create_shell shell, const char *vm,
			      const struct vm_created *created, bool stopped);
char *create_location_command(enum create_shell shell, const char *vm, const char *host);
char *create_start_command(enum create_shell shell, const char *vm);

/*
 * All of them, as the options want: for crm, pcs or both, and with the host that it prefers. The
 * texts are for g_free(), and end with NULL.
 */
#define CREATE_COMMANDS_MAX 6
void create_commands_make(const char *vm, const struct vm_created *created,
			  const struct make_options *options, char *ret[CREATE_COMMANDS_MAX + 1]);

/* The command that removes a resource from the cluster. */
char *create_remove_command(enum create_shell shell, const char *resource);

#endif
