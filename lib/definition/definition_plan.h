/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_PLAN_H
#define LUNMASK_DEFINITION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "base/err.h"

/*
 * What of a definition a guest that runs can have at once, and what comes with its next boot. A
 * table says which (definition_plan.c); whether libvirt then does it is another matter.
 *
 *	rc = definition_plan_make(libvirts, runs, next, &plan, err);
 *	plan->items: of struct definition_plan_item
 *	definition_plan_free(plan);
 */
enum definition_plan_kind {
	PLAN_MEMORY, /* by the balloon: the guest takes it, or gives it up */
	PLAN_VCPUS,
	PLAN_ATTACH, /* a NIC */
	PLAN_DETACH,
	PLAN_UPDATE,
	PLAN_BOOT, /* not at once */
	PLAN_KIND_MAX
};

struct definition_plan_item {
	enum definition_plan_kind kind;
	char *key;       /* what it is about: "memory", "NIC 52:54:00:aa:bb:01", "cpu/model" */
	char *text;      /* for people: the key, and what becomes of it */
	char *xml;       /* the NIC; NULL for other kinds */
	uint64_t amount; /* KiB of memory, number of vCPUs */
};

struct definition_plan {
	GPtrArray *items; /* those at once first */
	size_t n_now;     /* of them, those at once */
	/* With what comes at once, the guest has the whole definition: nothing is for the boot. */
	bool whole;
};

/*
 * libvirts: the active domain's definition as libvirt has it; runs: the same in the form of a
 * mapping file (vm_define_running()); next: the mapping file that is to be stored. -EINVAL: one of
 * them is no definition.
 */
int definition_plan_make(const char *libvirts, const char *runs, const char *next,
			 struct definition_plan **ret, struct err *err);
void definition_plan_free(struct definition_plan *plan);
void definition_plan_drop(struct definition_plan **plan);

/* NULL: the plan has nothing to do at once about that. */
const struct definition_plan_item *definition_plan_find(const struct definition_plan *plan,
							const char *key);

/* "the guest was asked to give it up", "attached": what it means that libvirt has done it. */
const char *definition_plan_done(enum definition_plan_kind kind);

#endif
