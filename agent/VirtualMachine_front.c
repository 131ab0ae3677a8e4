/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program that is installed as ocf:lunmask:VirtualMachine: a fast path in front of the agent.
 *
 * Nearly every call of the cluster is a monitor of a VM that is still running, and lunmaskd knows
 * whether a domain runs. In this case the front asks lunmaskd and does not load the agent, whose
 * libraries alone cost ten times as much as the question. In all other cases, and if lunmaskd does
 * not answer that the domain runs, the front executes the agent. The front itself loads libc only.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/pacemaker_compat.h"
#include "journal/journal_glance.h"
#include "names/libvirt_uri.h"

#ifndef LUNMASK_AGENT_PROGRAM
#error "LUNMASK_AGENT_PROGRAM comes from the Makefile"
#endif

/*
 * The time limit for lunmaskd's answer, which comes at once. A busy machine may be late with it,
 * and would be later still with the agent. If lunmaskd hangs, the agent has so much less of its
 * time.
 */
#define ASK_MS 1000

static const char *value_of(const char *key, const char *fallback)
{
	const char *value = getenv(key);

	return value == NULL || *value == '\0' ? fallback : value;
}

/* A probe must also check whether a domain on this host counts as the VM, so the agent runs it. */
static bool is_recurring(void)
{
	return strtol(value_of("OCF_RESKEY_CRM_meta_interval", "0"), NULL, 10) > 0;
}

/* True for a recurring monitor of level 0, on the libvirt connection that lunmaskd watches. */
static bool lunmaskd_may_know(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "monitor") == 0 && is_recurring() &&
	       strcmp(value_of("OCF_CHECK_LEVEL", "0"), "0") == 0 &&
	       strcmp(value_of("OCF_RESKEY_hypervisor", LIBVIRT_URI_SYSTEM), LIBVIRT_URI_SYSTEM) ==
		       0;
}

static bool domain_runs(const char *vm)
{
	enum journal_domain domain;

	return vm != NULL && journal_glance(vm, ASK_MS, &domain) == 0 &&
	       domain == JOURNAL_DOMAIN_RUNNING;
}

int main(int argc, char **argv)
{
	if (lunmaskd_may_know(argc, argv) && domain_runs(value_of("OCF_RESKEY_vm", NULL))) {
		return PCMK_OCF_OK;
	}
	(void)execv(LUNMASK_AGENT_PROGRAM, argv);
	(void)fprintf(stderr, "%s" LUNMASK_AGENT_PROGRAM " cannot be run: %m\n",
		      value_of("OCF_EXIT_REASON_PREFIX", "ocf-exit-reason:"));
	return PCMK_OCF_NOT_INSTALLED;
}
