/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_JUDGE_H
#define WITNESS_JUDGE_H

#include "history.h"

/*
 * The verdict about a history. Pure: what was read goes in, violations come out.
 *
 * What must be true of an honest life of a VM, and is asked here:
 *  - every (counter, LUN) was written once, in rising order on each console and over all;
 *  - each record's prev and link name the record that was written to that LUN before it;
 *  - a counter is missing on a LUN only where a boot ended within a round over the LUNs;
 *  - every record was printed. At a hand-over, a boot or the end of the log one line may be
 *    missing, and only if the ring or the next record's prev proves that it was written;
 *  - a boot, once followed by another, is never heard of again;
 *  - what was printed before the rings were read is in them, unless newer records are;
 *  - rings hold nothing but records of their own LUN and VM; nobody was alarmed.
 */
#define VIOLATIONS_MAX 100 /* kept; all are counted */
#define VIOLATIONS_OF_KIND_MAX 8
#define VIOLATION_TEXT_MAX 400

struct violation {
	const char *kind;
	char text[VIOLATION_TEXT_MAX];
};

struct expectation {
	long boots;           /* -1: any */
	uint64_t min_counter; /* 0: any */
	uint64_t from;        /* what is older is not judged; 0: all */
	bool allow_io_errors;
};

enum verdict { VERDICT_CLEAN = 0, VERDICT_VIOLATION = 1, VERDICT_UNKNOWN = 2 };

struct verdict_report {
	enum verdict verdict;
	struct violation violations[VIOLATIONS_MAX];
	unsigned int kept_count;
	uint64_t violation_count;
	char unknown[WHY_MAX * 2];                     /* why nothing can be told, "" */
	unsigned char boots[BOOTS_MAX][BOOT_ID_BYTES]; /* in the order of their counters */
	unsigned int boot_count;
	uint64_t lowest;
	uint64_t highest;
	uint64_t records;
	uint64_t handovers; /* changes of console within one boot */
	uint64_t cut_lines; /* lines missing at a hand-over or boot, whose record is proven */
	uint64_t alarms;
};

/* 0 or -ENOMEM. report is filled anew. */
int judge(const struct history *history, const struct expectation *expected,
	  struct verdict_report *report);

#endif
