/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_H
#define LUNMASK_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>

#include "base/deadline.h"
#include "doctor/check/doctor_check.h"

/*
 * lunmask doctor: looks at this node and, unless local, at the cluster and the other nodes; judges
 * what it has seen; prints it. It changes nothing.
 */
struct doctor_options {
	bool local;
	bool all; /* also what has passed; text only */
	struct deadline deadline;
	json_t **ret_json; /* NULL: text on stdout */
};

/* Returns the number of checks that have failed. */
size_t doctor_run(const struct doctor_options *options);

/* doctor_print.c: the report, at most 80 columns wide, unless a word is longer. */
void doctor_print(const struct doctor_facts *facts, const struct doctor_report *report, bool all);

#endif
