/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_MAP_H
#define LUNMASK_UNIT_MAP_H

#include "base/err.h"
#include "names/name_limits.h"

/*
 * "node1:db1 node2:db2": which VM gets the LUN on which node. Each node is named once. 0, or
 * -EINVAL with text.
 */
int unit_map_check(const char *map, struct err *err);

/* -ENODEV: the map, which must be legal, does not name the node. */
int unit_map_find(const char *map, const char *node, char ret_vm[VM_NAME_MAX + 1], struct err *err);

#endif
