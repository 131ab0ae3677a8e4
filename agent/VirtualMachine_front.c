/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is installed as ocf:lunmask:VirtualMachine: the agent's door.
 *
 * Nearly all that the cluster ever asks is whether a VM that runs is still running, and lunmaskd
 * knows that. Then nothing of the agent is loaded: its libraries alone cost ten times as much as
 * the question. Everything else, and every other answer, is the agent's itself.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <crm/common/results.h>

#include "journal/journal.h"
#include "names/libvirt_uri.h"

#ifndef LUNMASK_AGENT_PROGRAM
#error "LUNMASK_AGENT_PROGRAM comes from the Makefile"
#endif

/* The agent has the time that a monitor may take; this is only a short cut to it. */
#define ASK_MS 50

static const char *value_of(const char *key, const char *fallback)
{
	const char *value = getenv(key);

	return value == NULL || *value == '\0' ? fallback : value;
}

/* A probe asks more than that: whether what runs here counts. */
static bool is_recurring(void)
{
	return strtol(value_of("OCF_RESKEY_CRM_meta_interval", "0"), NULL, 10) > 0;
}

/* A monitor that only asks for the domain, and in the connection that lunmaskd watches. */
static bool lunmaskd_may_know(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "monitor") == 0 && is_recurring() &&
	       strcmp(value_of("OCF_CHECK_LEVEL", "0"), "0") == 0 &&
	       strcmp(value_of("OCF_RESKEY_hypervisor", LIBVIRT_URI_SYSTEM), LIBVIRT_URI_SYSTEM) ==
		       0;
}

static bool domain_runs(const char *vm)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(ASK_MS);
	enum journal_domain domain;

	return vm != NULL && journal_open(deadline, &journal, NULL) == 0 &&
	       journal_domain_get(journal, vm, deadline, &domain, NULL) == 0 &&
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
