/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TOOLS_LUNMASK_RECONCILE_H
#define LUNMASK_TOOLS_LUNMASK_RECONCILE_H

#include <jansson.h>
#include <stdbool.h>

#include "survey/vm_strays.h"

/* The results of lunmask reconcile, as text and as JSON. Its only I/O is stdout. */
struct reconcile_counts {
	size_t vms;       /* examined */
	size_t unseen;    /* VMs that could not be examined */
	size_t strays;    /* pairs of a host and a LUN, undecided ones included */
	size_t removable; /* strays that no host needs */
	size_t removed;
	size_t undecided; /* of the strays and releases */
	size_t releases;  /* releases whose host has no path that is known */
	size_t ended;
	size_t endable;
};

void reconcile_count(const struct vm_strays *strays, struct reconcile_counts *counts);

/* A line per stray; below it, its origin and what happens to it. *head: first print the header. */
void reconcile_print(const char *vm, const struct vm_strays *strays, bool dry_run, bool *head);

/* "3 VMs looked at: 2 stray, 1 removed, 1 left; 2 releases, 1 ended, 1 left." */
void reconcile_summary(const struct reconcile_counts *counts, bool dry_run);

/* A new reference, or NULL without memory. */
json_t *reconcile_json(const char *vm, const char *resource, const struct vm_strays *strays);
json_t *reconcile_json_unseen(const char *vm, const char *resource, const char *why);
json_t *reconcile_json_all(json_t *vms, const struct reconcile_counts *counts, bool dry_run);

#endif
