/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_JUDGE_H
#define WITNESS_JUDGE_H

#include "history.h"

/*
 * Judges a history. judge() is a pure function from what was read to a list of violations.
 *
 * It checks these rules, which hold for every correct life of a VM:
 *  - every (counter, LUN) was written once, in rising order on each console and overall;
 *  - each record's prev and link name the record that was written to that LUN before it;
 *  - a counter is missing on a LUN only if a boot ended within a round over the LUNs;
 *  - every record was printed. At a hand-over, at a boot or at the end of the log one line may be
 *    missing, but only if the ring or the prev of the next record proves that it was written;
 *  - after a later boot has begun, an earlier boot writes nothing more;
 *  - a ring has every record that was printed before it was read, or a newer record in its slot;
 *  - a ring has only records of its own LUN and VM;
 *  - the writer raised no alarm.
 */
#define VIOLATIONS_MAX 100 /* violations that are kept; all are counted */
#define VIOLATIONS_OF_KIND_MAX 8
#define VIOLATION_TEXT_MAX 400

struct violation {
	const char *kind;
	char text[VIOLATION_TEXT_MAX];
};

struct expectation {
	long boots;           /* -1: any */
	uint64_t min_counter; /* 0: any */
	uint64_t from;        /* older records are not judged; 0: all are */
	bool allow_io_errors;
};

enum verdict { VERDICT_CLEAN = 0, VERDICT_VIOLATION = 1, VERDICT_UNKNOWN = 2 };

struct verdict_report {
	enum verdict verdict;
	struct violation violations[VIOLATIONS_MAX];
	unsigned int kept_count;
	uint64_t violation_count;
	char unknown[WHY_MAX * 2];                     /* why there is no verdict, or "" */
	unsigned char boots[BOOTS_MAX][BOOT_ID_BYTES]; /* in the order of their counters */
	unsigned int boot_count;
	uint64_t lowest;
	uint64_t highest;
	uint64_t records;
	uint64_t handovers; /* changes of console within one boot */
	uint64_t cut_lines; /* lines missing at a hand-over or boot although the record is proven */
	uint64_t alarms;
};

/* 0 or -ENOMEM. Overwrites *report. */
int judge(const struct history *history, const struct expectation *expected,
	  struct verdict_report *report);

#endif
