/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_LIST_H
#define LUNMASK_HOST_LIST_H

#include <jansson.h>
#include <stdio.h>

#include "hosts/host_look.h"

/* lunmask hosts: what host_look() has found, as text, JSON or XML. node NULL: every host. */

/* At most 80 columns wide. */
void host_list_text(const struct host_found *found, const char *node, FILE *file);
/* A new reference, or NULL without memory. */
json_t *host_list_json(const struct host_found *found, const char *node);
/* -ENOMEM or -EIO. */
int host_list_xml(const struct host_found *found, const char *node, FILE *file);

/* May the VM run on one of these hosts? NOT_KNOWN: the answer about one of them is not known. */
enum host_answer host_list_answer(const struct host_found *found, const char *node);
/* How many of the hosts are listed. */
size_t host_list_count(const struct host_found *found, const char *node);

#endif
