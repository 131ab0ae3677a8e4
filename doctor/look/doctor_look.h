/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_LOOK_H
#define LUNMASK_DOCTOR_LOOK_H

#include "base/deadline.h"
#include "doctor/check/doctor_check.h"
#include "doctor/check/doctor_facts.h"

/*
 * Looks at this node, its cluster, its arrays and the other nodes, and changes nothing. Whatever
 * hangs costs its share of the time, and is then what could not be looked at.
 *
 *	struct doctor_look *look = doctor_look_new(DOCTOR_ALL, deadline);
 *	doctor_judge(doctor_look_facts(look), DOCTOR_ALL, &report);
 *	doctor_look_free(look);
 */
struct doctor_look; /* owns what the facts point to */

struct doctor_look *doctor_look_new(enum doctor_scope scope, struct deadline deadline);
const struct doctor_facts *doctor_look_facts(const struct doctor_look *look);
void doctor_look_free(struct doctor_look *look);

#endif
