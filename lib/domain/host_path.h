/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_PATH_H
#define LUNMASK_HOST_PATH_H

#include <stdbool.h>

#include <libxml/tree.h>

/*
 * Paths of a host in a domain definition. A definition on a state LUN must not choose which files
 * of a host are read, written or run, and a guest can only move to a host that has them. So every
 * path is refused except those that a row of host_path.c permits, at that place.
 */

/*
 * Why a value is refused, and what to do instead; NULL: it is no path, or a legal one. The value is
 * that of the attribute attr, or the text of the element if attr is NULL. path is the element's
 * (legal.h).
 */
const char *host_path_refusal(xmlNodePtr node, const char *path, const char *attr,
			      const char *value);

/*
 * Calls file for each file of the definition that every host of the VM must have, until it returns
 * other than 0, and returns that. where is the element's name; both texts are borrowed.
 */
typedef int host_path_file(const char *where, const char *file, void *data);
int host_path_each(xmlNodePtr domain, host_path_file *file, void *data);

/* Is it a spelling of QEMU that only some hosts have, and that libvirt need not be told? */
bool host_path_emulator_is_implied(const char *value);

#endif
