/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_METADATA_H
#define LUNMASK_FENCE_METADATA_H

#include <stdio.h>

#include "fence/fence_agent.h"

/*
 * The tables as XML, as fence-agents' metadata.rng has it, and for a person. 0 or -ENOMEM, -EIO.
 *
 * What Pacemaker reads of it: that there is a parameter plug (or port); that no action "reboot" is
 * there, so that it asks for "off" instead; and that "on" is automatic and for the target, so that
 * it unfences a node before it starts anything on it.
 */
int fence_metadata_write(const struct fence_agent *agent, FILE *stream);
int fence_metadata_write_help(const struct fence_agent *agent, FILE *stream);

/* "-n, --plug=[node]" */
void fence_metadata_getopt(const struct fence_agent *agent, const struct fence_parameter *row,
			   char *text, size_t size);

#endif
