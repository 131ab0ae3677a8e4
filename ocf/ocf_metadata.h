/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_METADATA_H
#define LUNMASK_OCF_METADATA_H

#include <stdio.h>

#include "ocf/ocf_agent.h"

/*
 * The tables as XML. There are two profiles, because no document satisfies both standards:
 *
 * 1.1  as OCF's ra-api.rng (1.1) has it: select, unique-group, reloadable, reload-agent
 * 1.0  as ra-api-1.dtd of resource-agents has it, which ocf-tester validates against. It has a
 *      DOCTYPE; select and time become string; unique is set for a group of one parameter;
 *      actions of OCF 1.1 are left out.
 *
 * The caller says which one it understands: OCF_RA_VERSION_MAJOR and _MINOR are 1 and 1 under
 * Pacemaker, crm and pcs, which then get 1.1. Whoever sets neither gets 1.0, as the standard
 * that had no such variables.
 */
enum ocf_profile { OCF_PROFILE_1_0, OCF_PROFILE_1_1 };

/* As that profile names it. */
const char *ocf_metadata_type_to_str(enum ocf_type type, enum ocf_profile profile);

/* From the environment. */
enum ocf_profile ocf_metadata_profile(void);

/* 0, or -ENOMEM, -EIO. */
int ocf_metadata_write(const struct ocf_agent *agent, enum ocf_profile profile, FILE *stream);

/* The same for a person: how to call the agent, its actions and its parameters. */
void ocf_metadata_write_help(const struct ocf_agent *agent, FILE *stream);

#endif
