/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_NAME_H
#define LUNMASK_HOST_NAME_H

#include <stdbool.h>

/*
 * Is node the name that the kernel has for this host? In any case of letters, and the first part of
 * the kernel's name is enough: "node1" is node1.example.org, too. For when the cluster, which has
 * names of its own for its nodes, cannot be asked.
 */
bool host_name_is_kernels(const char *node);

#endif
