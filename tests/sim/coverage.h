/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_COVERAGE_H
#define LUNMASK_SIM_COVERAGE_H

#include <stdio.h>

#include "core/message.h"

/* What happened how often. A fault that never happens tests nothing. */
#define COVERAGE_FAULTS(X)                                                                         \
	X(LOST, "message lost")                                                                    \
	X(DOUBLED, "message doubled")                                                              \
	X(OVERTAKEN, "message late (0.1-3 s)")                                                     \
	X(CRASH, "process killed")                                                                 \
	X(POWER_CUT, "power cut of a node")                                                        \
	X(POWER_CUT_ALL, "power cut of all")                                                       \
	X(WRITES_LOST, "crash lost unsynced transactions")                                         \
	X(WRITES_TORN, "crash kept a part of them")                                                \
	X(PAUSE, "process stopped")                                                                \
	X(MUTE, "stopped while a member")                                                          \
	X(PARTITION, "partition")                                                                  \
	X(ONE_WAY, "one-way loss of a link")                                                       \
	X(FLAP, "partition for less than 0.5 s")                                                   \
	X(GHOST, "ghost member")                                                                   \
	X(TWIN, "two processes of a node id")                                                      \
	X(VIEW_LATE, "membership told late")                                                       \
	X(VIEW_MISSED, "membership not told")                                                      \
	X(SAME_RING, "halves with the same ring sequence")                                         \
	X(REGROUP, "membership told again")                                                        \
	X(DISK_SLOW, "disk slow (5 s)")                                                            \
	X(DISK_ERROR, "fsync error")                                                               \
	X(DISK_BACK, "disk set back")                                                              \
	X(DISK_BACK_FOUND, "disk set back, and found out")                                         \
	X(DISK_GONE, "store deleted")                                                              \
	X(NODE_ADDED, "node added to the list")                                                    \
	X(NODE_REMOVED, "node removed from the list")                                              \
	X(FENCED, "peer fenced")                                                                   \
	X(FENCE_RACE, "both fenced")                                                               \
	X(LONE_COLD, "lone cold start")                                                            \
	X(LEFT, "process left and came back")                                                      \
	X(GONE, "client gone before its answer")

#define COVERAGE_OTHERS(X)                                                                         \
	X(STEP, "events given to a core")                                                          \
	X(SOLO_DONE, "gone on alone, fenced")                                                      \
	X(SOLO_REFUSED, "refused to go on alone")                                                  \
	X(SOLO_FORCED, "gone on alone, forced")                                                    \
	X(FORCE_REFUSED, "refused to be forced")                                                   \
	X(VIEW, "view made")                                                                       \
	X(VOTERS, "voters changed")                                                                \
	X(ROLE, "role changed")                                                                    \
	X(ACTIVE, "became active")                                                                 \
	X(COMMIT, "entries committed")                                                             \
	X(TRUNCATED, "entries dropped from a log")                                                 \
	X(CUT, "log cut behind a snapshot")                                                        \
	X(LOADED, "snapshot loaded")                                                               \
	X(DEAD_MINORITY, "ended with a minority dead")                                             \
	X(SETTLED, "ended with the node list as voters")                                           \
	X(BEYOND, "ended where only an operator helps")                                            \
	X(COMMITTED, "answer: committed")                                                          \
	X(NO_QUORUM, "answer: no quorum")                                                          \
	X(UNKNOWN, "answer: unknown")                                                              \
	X(BUSY, "answer: busy")                                                                    \
	X(READY, "answer: read ready")                                                             \
	X(NO_ANSWER, "client gave up a dead node")                                                 \
	X(RETRIED, "asked again with the same id")                                                 \
	X(RETRIED_ELSEWHERE, "asked again at another node")                                        \
	X(BIG, "request of 60 KiB")

enum coverage_point {
#define X(name, text) COVERAGE_##name,
	COVERAGE_FAULTS(X) COVERAGE_FAULTS_END,
	COVERAGE_OTHERS_BEGIN = COVERAGE_FAULTS_END - 1,
	COVERAGE_OTHERS(X) COVERAGE_POINTS
#undef X
};

struct coverage {
	uint64_t point[COVERAGE_POINTS];
	uint64_t sent[MESSAGE_KIND_MAX];
	uint64_t seeds;
	uint64_t with_nodes[8];
	int64_t settle_ms_max; /* from the end of faults to the last request's end */
	uint64_t settle_ms_sum;
};

void coverage_merge(struct coverage *sum, const struct coverage *part);
void coverage_print(const struct coverage *coverage, FILE *to);
/* How many faults and messages never happened; names them. */
int coverage_check(const struct coverage *coverage, FILE *to);

#endif
