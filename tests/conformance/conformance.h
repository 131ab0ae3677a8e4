/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFORMANCE_H
#define LUNMASK_CONFORMANCE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "config/chap.h"

/*
 * The common part of the checks of an array driver: the driver under test, the calls of it, and the
 * text of a failure.
 *
 * A check is a row of a table. Its function calls the driver and returns false with a text in
 * bench->why if the driver violates lunmask-array(7). bench_clear() runs before each check.
 * bench_call() takes the request as JSON text, and the other functions take a printf(3) format.
 */
#define BENCH_LUNS 2
#define BENCH_INITIATORS 2

struct bench {
	const char *driver[8]; /* the words of its command, NULL-terminated */
	const char *luns[BENCH_LUNS];
	const char *initiators[BENCH_INITIATORS];
	char portal[128];        /* the portal for sessions, or "" if it is unknown */
	struct chap chap;        /* how to log in; chap_wanted() says whether it is given */
	gboolean chap_discovery; /* the array wants it for discovery, too */
	char why[1024];          /* why the current check failed */
};

/* The result of one run of the driver. reply is JSON or NULL. The caller releases the answer. */
struct answer {
	int exit_status; /* -1: it could not be run, or was killed */
	json_t *reply;
};

struct answer bench_call(struct bench *bench, const char *verb, const char *request);
struct answer bench_callf(struct bench *bench, const char *verb, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answer_release(struct answer *answer);

/* Stores the reason in bench->why. Always returns false. */
bool bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Requires that the verb succeeds. ret may be NULL; otherwise the caller releases the reply. */
bool bench_ok(struct bench *bench, const char *verb, json_t **ret, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Requires exit status 1 and an error with this code and a message, as in lunmask-array(7). */
bool bench_refused(struct bench *bench, const char *verb, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Requires that the verb masks reports exactly these holders of a LUN; NULL-terminated. */
bool bench_holders(struct bench *bench, const char *lun, const char *const *initiators);
#define NOBODY ((const char *const[]){NULL})
#define ONLY(initiator) ((const char *const[]){initiator, NULL})

/* Unfences both initiators, and revokes both LUNs from them. */
bool bench_clear(struct bench *bench);

/* The number of times that a name is in a list of strings. */
size_t list_count(const json_t *list, const char *name);

struct check {
	const char *name;
	bool (*run)(struct bench *bench);
	const char *capability; /* the check is skipped if the driver lacks it; or NULL */
};

extern const struct check PROTOCOL_CHECKS[];
extern const struct check APPLY_CHECKS[];
extern const struct check SELECT_CHECKS[];
extern const struct check DATA_CHECKS[];
extern const struct check CHAP_CHECKS[];
extern const struct check CHAP_TARGET_CHECKS[];
extern const struct check CHAP_DISCOVERY_CHECKS[];
extern const struct check VOLUME_CHECKS[];
extern const struct check SNAPSHOT_CHECKS[];

#endif
