/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_CHECK_H
#define LUNMASK_DOCTOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor/check/doctor_facts.h"

/*
 * Judges the facts by a table of checks. No I/O.
 *
 *	doctor_judge(&facts, DOCTOR_ALL, &report);
 *	doctor_report_release(&report);
 *
 * A check that finds nothing is one row PASS. One that finds something has a row for each thing. A
 * check that needs a part that was not seen is one row UNKNOWN.
 */
enum doctor_level { DOCTOR_PASS, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_UNKNOWN, DOCTOR_LEVELS };

/* "PASS" */
const char *doctor_level_to_str(enum doctor_level level);

/* The owner frees the texts. A row that passed has only node and check. */
struct doctor_row {
	enum doctor_level level;
	char *node;  /* of which node it speaks; NULL: of the cluster */
	char *check; /* its name */
	char *what;  /* was found; UNKNOWN: why it could not be looked at */
	char *why;   /* why it matters */
	char *mend;  /* a command, or where to read */
};

struct doctor_report {
	struct doctor_row *rows;
	size_t n;
	size_t counts[DOCTOR_LEVELS];
};

enum doctor_scope { DOCTOR_LOCAL, DOCTOR_ALL };

/* Adds to the report. DOCTOR_LOCAL: only what this node knows of itself. */
void doctor_judge(const struct doctor_facts *facts, enum doctor_scope scope,
		  struct doctor_report *report);

/* Adds a row, and copies the texts. */
void doctor_report_add(struct doctor_report *report, enum doctor_level level, const char *node,
		       const char *check, const char *what, const char *why, const char *mend);
void doctor_report_release(struct doctor_report *report);

/* For the files of the checks. */
struct doctor_check;
struct doctor_verdict {
	struct doctor_report *report;
	const struct doctor_check *check;
	const char *node;
};

#define DOCTOR_NEEDS_MAX 3
struct doctor_check {
	const char *name;
	const char *looks_at; /* for the manual */
	struct {
		size_t at;             /* of a struct doctor_part in the facts */
		enum doctor_seen seen; /* at least; 0: no more parts */
	} needs[DOCTOR_NEEDS_MAX];
	bool cluster; /* it speaks of the cluster, not of this node */
	const char *why;
	const char *mend; /* unless a finding has its own */
	void (*judge)(const struct doctor_facts *facts, struct doctor_verdict *verdict);
};
#define DOCTOR_ASKED(member)                                                                       \
	{                                                                                          \
		offsetof(struct doctor_facts, member.part), DOCTOR_REFUSED                         \
	}
#define DOCTOR_ANSWERS(member)                                                                     \
	{                                                                                          \
		offsetof(struct doctor_facts, member.part), DOCTOR_SEEN                            \
	}

/* mend NULL: that of the check. */
void doctor_found(struct doctor_verdict *verdict, enum doctor_level level, const char *mend,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A mend that is made; the caller frees nothing. */
void doctor_found_mend(struct doctor_verdict *verdict, enum doctor_level level, char *mend,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Each ends with a row without a name. */
extern const struct doctor_check doctor_checks_node[];
extern const struct doctor_check doctor_checks_cluster[];
extern const struct doctor_check doctor_checks_storage[];
extern const struct doctor_check doctor_checks_vm[];
extern const struct doctor_check doctor_checks_peer[];

#endif
