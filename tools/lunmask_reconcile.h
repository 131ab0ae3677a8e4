/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TOOLS_LUNMASK_RECONCILE_H
#define LUNMASK_TOOLS_LUNMASK_RECONCILE_H

#include <jansson.h>
#include <stdbool.h>

#include "survey/vm_strays.h"

/*
 * What lunmask reconcile found, for people and for programs. No I/O but stdout.
 */
struct reconcile_counts {
	size_t vms;       /* looked at */
	size_t unseen;    /* VMs that could not be */
	size_t strays;    /* each one host and one LUN; those that are not decided among them */
	size_t removable; /* nobody needs them */
	size_t removed;
	size_t undecided;
};

void reconcile_count(const struct vm_strays *strays, struct reconcile_counts *counts);

/* A line each stray, and below it who left it and what becomes of it. *head: print it before. */
void reconcile_print(const char *vm, const struct vm_strays *strays, bool dry_run, bool *head);

/* "3 VMs looked at: 2 stray, 1 removed, 1 left." */
void reconcile_summary(const struct reconcile_counts *counts, bool dry_run);

/* A new reference, or NULL without memory. */
json_t *reconcile_json(const char *vm, const char *resource, const struct vm_strays *strays);
json_t *reconcile_json_unseen(const char *vm, const char *resource, const char *why);
json_t *reconcile_json_all(json_t *vms, const struct reconcile_counts *counts, bool dry_run);

#endif
