/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_METADATA_H
#define LUNMASK_OCF_METADATA_H

#include <stdio.h>

#include "ocf/ocf_agent.h"

/*
 * Writes the tables as XML metadata or as help. There are two profiles of the metadata, because no
 * document satisfies both standards:
 *
 * 1.1  follows OCF's ra-api.rng (1.1), with select, unique-group, reloadable and reload-agent. time
 *      becomes string.
 * 1.0  follows ra-api-1.dtd of resource-agents, against which ocf-tester validates. It has a
 *      DOCTYPE, select becomes string, unique is set for a group of one parameter, and the actions
 *      of OCF 1.1 are omitted.
 *
 * The caller of the agent selects the profile with OCF_RA_VERSION_MAJOR and OCF_RA_VERSION_MINOR.
 * Pacemaker, crm and pcs set both to 1, and get 1.1. A caller that does not set them gets 1.0,
 * because these variables are not in that standard.
 */
enum ocf_profile { OCF_PROFILE_1_0, OCF_PROFILE_1_1 };

/* The name of the type in that profile. */
const char *ocf_metadata_type_to_str(enum ocf_type type, enum ocf_profile profile);

/* The row's description, and what is legal where the row has limits. The caller g_free()s it. */
char *ocf_metadata_longdesc(const struct ocf_parameter *row);

/* The profile that the environment selects. */
enum ocf_profile ocf_metadata_profile(void);

/* 0, or -ENOMEM, -EIO. */
int ocf_metadata_write(const struct ocf_agent *agent, enum ocf_profile profile, FILE *stream);

/* Writes the help: how to call the agent, its actions and its parameters. */
void ocf_metadata_write_help(const struct ocf_agent *agent, FILE *stream);

#endif
