/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_NAME_H
#define LUNMASK_HOST_NAME_H

#include <stdbool.h>

/*
 * Checks whether node is this host's name in the kernel (uname(2)). The comparison ignores case. A
 * node without a dot also matches the first label of the kernel's name: "node1" matches
 * node1.example.org. Use it only if the cluster cannot be asked, because the cluster has its own
 * names for its nodes.
 */
bool host_name_is_kernels(const char *node);

#endif
