/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PACEMAKER_COMPAT_H
#define LUNMASK_PACEMAKER_COMPAT_H

/*
 * Pacemaker's client libraries, from 2.1.2 on. No other file includes a header of Pacemaker
 * (scripts/check-rooms). What differs between the releases has one name here.
 *
 * What the headers deprecate is not used (scripts/check-pacemaker compiles with
 * PCMK_ALLOW_DEPRECATED=0), except for the functions in the following block, which have no
 * replacement:
 *
 * - free_xml() since 3.0.0. xmlFreeDoc() leaks what Pacemaker keeps beside each node, and
 *   lunmask-tidy runs for months.
 * - crm_get_msec() since 3.0.2. It is used with releases before 3.0 only, which have nothing else.
 * - libstonithd since 3.0.1. libpacemaker's pcmk_fence_history() takes a stonith_t in 2.1, and
 *   reports when a node was fenced as a local date, in 2.1 without fractions of a second.
 */
#if defined(PCMK_ALLOW_DEPRECATED) && PCMK_ALLOW_DEPRECATED == 0
#include <libxml/tree.h>
struct stonith_s;
struct stonith_history_s;
struct stonith_key_value_s;
void free_xml(xmlNode *child);
struct stonith_s *stonith_api_new(void);
void stonith_api_delete(struct stonith_s *stonith);
void stonith_history_free(struct stonith_history_s *head);
void stonith_key_value_freeall(struct stonith_key_value_s *head, int keys, int values);
#endif

/* First: other headers of 3.0.1 need it and do not include it. */
#include <crm/common/results.h>

#include <crm/cib.h>
#include <crm/common/ipc_controld.h>
#include <crm/common/util.h>
#include <crm/common/xml.h>
#include <crm/stonith-ng.h>

/* This header came with 3.0.0. */
#if __has_include(<crm/common/strings.h>)
#define PACEMAKER_ALLOW_SELF_FENCING st_opt_allow_self_fencing

/* "30s", "500ms", "2min"; a number alone means seconds. -1: not a time. */
static inline long long pacemaker_time_ms(const char *text)
{
	guint ms = 0;

	return pcmk_parse_interval_spec(text, &ms) == pcmk_rc_ok ? (long long)ms : -1;
}
#else
/* st_opt_allow_suicide, and since 2.1.9 st_opt_allow_self_fencing. */
#define PACEMAKER_ALLOW_SELF_FENCING 0x2

static inline long long pacemaker_time_ms(const char *text)
{
	return crm_get_msec(text);
}
#endif

#endif
