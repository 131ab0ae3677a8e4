/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_CLUSTER_H
#define LUNMASK_ADOPT_CLUSTER_H

#include "adopt/vm_adopt.h"

/*
 * What of the cluster's configuration is in the way: a resource of lunmask that is this VM already,
 * one that has one of its LUNs, and an ocf:heartbeat:VirtualDomain that would start it from its
 * definition. vm->lun_names has the LUNs that are made. An error: it cannot be seen.
 */
int adopt_cluster_look(struct vm_context *vm, adopt_refusals *refusals, struct deadline deadline,
		       struct err *err);

/* Does the resource with this configuration file start the domain? By the file's name and content.
 */
bool adopt_cluster_file_is_of(const char *file, const char *vm);

/*
 * The resources in the text of <resources> that are a VirtualDomain with such a file: their ids,
 * for g_strfreev(). NULL: the text is not understood.
 */
char **adopt_cluster_domains(const char *resources, const char *vm);

#endif
