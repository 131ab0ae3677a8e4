/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_METADATA_H
#define LUNMASK_FENCE_METADATA_H

#include <stdio.h>

#include "fence/fence_agent.h"

/*
 * Writes the tables as XML, by fence-agents' metadata.rng, or as help. 0, -ENOMEM or -EIO.
 *
 * Pacemaker uses three facts. There is a parameter plug (or port). There is no action "reboot", so
 * Pacemaker uses "off". "on" is automatic and runs on the target, so Pacemaker unfences a node
 * before it starts anything there.
 */
int fence_metadata_write(const struct fence_agent *agent, FILE *stream);
int fence_metadata_write_help(const struct fence_agent *agent, FILE *stream);

/* "-n, --plug=[node]" */
void fence_metadata_getopt(const struct fence_agent *agent, const struct fence_parameter *row,
			   char *text, size_t size);

#endif
