/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFORMANCE_H
#define LUNMASK_CONFORMANCE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * What the checks of an array driver have in common: the driver under test, calls of it, and the
 * words of a failure.
 */
#define BENCH_LUNS 2
#define BENCH_INITIATORS 2

struct bench {
	const char *driver[8]; /* its words, NULL-terminated */
	const char *luns[BENCH_LUNS];
	const char *initiators[BENCH_INITIATORS];
	char portal[128]; /* where sessions are opened; "" when not known */
	char why[1024];   /* of the failure of the current check */
};

/* One run of the driver. reply is a JSON object or NULL; the caller releases. */
struct answer {
	int exit_status; /* -1: it could not be run, or did not end */
	json_t *reply;
};

struct answer bench_call(struct bench *bench, const char *verb, const char *request);
struct answer bench_callf(struct bench *bench, const char *verb, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answer_release(struct answer *answer);

/* False, with the reason kept. */
bool bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The verb succeeds. ret may be NULL; else the caller releases the reply. */
bool bench_ok(struct bench *bench, const char *verb, json_t **ret, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The verb fails with this code, as lunmask-array(7) has it. */
bool bench_refused(struct bench *bench, const char *verb, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Holders of a LUN are exactly these, as the masks verb tells; NULL-terminated. */
bool bench_holders(struct bench *bench, const char *lun, const char *const *initiators);
#define NOBODY ((const char *const[]){NULL})
#define ONLY(initiator) ((const char *const[]){initiator, NULL})

/* Takes both LUNs from both initiators, and the fences away. */
bool bench_clear(struct bench *bench);

/* How often a name is in a list of strings. */
size_t list_count(const json_t *list, const char *name);

struct check {
	const char *name;
	bool (*run)(struct bench *bench);
	const char *capability; /* left out when the driver has it not; or NULL */
};

extern const struct check PROTOCOL_CHECKS[];
extern const struct check APPLY_CHECKS[];
extern const struct check DATA_CHECKS[];
extern const struct check VOLUME_CHECKS[];

#endif
