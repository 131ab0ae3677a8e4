/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conformance.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOLUME "lunmask-conformance"
/* So much that it is a multiple of what arrays have as the smallest piece. */
#define SIZE "67108864"
#define OTHER_SIZE "134217728"
#define TRIES_MAX 10000
#define BOTH(bench) ((const char *const[]){(bench)->initiators[0], (bench)->initiators[1], NULL})

static bool is_unfinished(const struct answer *answer)
{
	const char *code =
		json_string_value(json_object_get(json_object_get(answer->reply, "error"), "code"));

	return answer->exit_status == 1 && code != NULL && strcmp(code, "unfinished") == 0;
}

/* Repeats the request while the driver says that it is unfinished. class NULL: none is asked for.
 */
static bool volume_make(struct bench *bench, const char *class)
{
	g_autofree char *wish =
		class == NULL ? g_strdup("") : g_strdup_printf(",\"reliability\":\"%s\"", class);
	g_autofree char *request =
		g_strdup_printf("{\"name\":\"" VOLUME "\",\"size_bytes\":" SIZE "%s}", wish);

	for (int i = 0; i < TRIES_MAX; i++) {
		struct answer answer = bench_call(bench, "create", request);
		bool again = is_unfinished(&answer);

		answer_release(&answer);
		if (!again) {
			return bench_ok(bench, "create", NULL, "%s", request);
		}
	}
	return bench_fail(bench, "create does not end: it is 'unfinished' %d times", TRIES_MAX);
}

static bool volume_delete(struct bench *bench)
{
	return bench_ok(bench, "delete", NULL, "{\"name\":\"" VOLUME "\"}");
}

static bool create_is_idempotent(struct bench *bench)
{
	return volume_make(bench, NULL) && volume_make(bench, NULL) &&
	       bench_refused(bench, "create", "exists",
			     "{\"name\":\"" VOLUME "\",\"size_bytes\":" OTHER_SIZE "}") &&
	       bench_holders(bench, VOLUME, NOBODY);
}

static bool delete_refuses_a_held_lun(struct bench *bench)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"" VOLUME "\"],\"grant\":\"%s\"}",
			bench->initiators[0]) &&
	       bench_refused(bench, "delete", "in-use", "{\"name\":\"" VOLUME "\"}") &&
	       bench_holders(bench, VOLUME, ONLY(bench->initiators[0])) &&
	       bench_ok(bench, "apply", NULL, "{\"luns\":[\"" VOLUME "\"],\"revoke\":\"%s\"}",
			bench->initiators[0]);
}

static bool delete_is_idempotent(struct bench *bench)
{
	return bench_ok(bench, "delete", NULL, "{\"name\":\"" VOLUME "\"}") &&
	       bench_ok(bench, "delete", NULL, "{\"name\":\"" VOLUME "\"}") &&
	       bench_refused(bench, "masks", "no-such-lun", "{\"luns\":[\"" VOLUME "\"]}");
}

/* Of the only LUN in a reply. */
static bool member_is(struct bench *bench, const json_t *reply, const char *member,
		      const char *const *legal)
{
	const json_t *lun = json_array_get(json_object_get(reply, "luns"), 0);
	const char *text = json_string_value(json_object_get(lun, member));

	return (text != NULL && g_strv_contains(legal, text)) ||
	       bench_fail(bench, "luns has '%s' as '%s' of the LUN",
			  text != NULL ? text : "nothing", member);
}

static bool class_is_made(struct bench *bench, const char *class)
{
	json_t *reply = NULL;
	bool ok = volume_make(bench, class) &&
		  bench_ok(bench, "luns", &reply, "{\"luns\":[\"" VOLUME "\"]}") &&
		  member_is(bench, reply, "class", (const char *const[]){class, NULL});

	json_decref(reply);
	return volume_delete(bench) && ok;
}

static bool each_class_is_made(struct bench *bench)
{
	json_t *info = NULL;
	bool ok = bench_ok(bench, "info", &info, "{}");
	const json_t *list = json_object_get(info, "classes");

	if (ok && json_array_size(list) == 0) {
		ok = bench_fail(bench, "info has no list 'classes'");
	}
	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		const char *class = json_string_value(json_array_get(list, i));

		ok = class != NULL ? class_is_made(bench, class)
				   : bench_fail(bench, "'classes' has what is no text");
	}
	json_decref(info);
	return ok;
}

static bool another_class_is_refused(struct bench *bench)
{
	return bench_refused(bench, "create", "unsupported",
			     "{\"name\":\"" VOLUME "\",\"size_bytes\":" SIZE
			     ",\"reliability\":\"no-such-class\"}") &&
	       bench_refused(bench, "masks", "no-such-lun", "{\"luns\":[\"" VOLUME "\"]}");
}

static bool health_is_told(struct bench *bench)
{
	static const char *const legal[] = {"healthy", "degraded", "failed", "unknown", NULL};
	json_t *reply = NULL;
	bool ok = bench_ok(bench, "luns", &reply, "{\"luns\":[\"%s\"],\"health\":true}",
			   bench->luns[0]) &&
		  member_is(bench, reply, "health", legal) &&
		  bench_refused(bench, "luns", "bad-request",
				"{\"luns\":[\"%s\"],\"health\":\"yes\"}", bench->luns[0]);

	json_decref(reply);
	return ok;
}

/* The first designator of the volume, and its size. */
struct seen {
	char designator[256];
	json_int_t bytes;
};

static bool volume_seen(struct bench *bench, struct seen *ret)
{
	const char *designator;
	json_t *reply, *lun;

	if (!bench_ok(bench, "luns", &reply, "{\"luns\":[\"" VOLUME "\"]}")) {
		return false;
	}
	lun = json_array_get(json_object_get(reply, "luns"), 0);
	ret->bytes = json_integer_value(json_object_get(lun, "size_bytes"));
	designator = json_string_value(json_array_get(json_object_get(lun, "designators"), 0));
	(void)snprintf(ret->designator, sizeof(ret->designator), "%s",
		       designator != NULL ? designator : "");
	json_decref(reply);
	return true;
}

/* Requires that the answer says so. */
static bool resize(struct bench *bench, const char *bytes, bool resized)
{
	json_t *reply;
	bool said;

	if (!bench_ok(bench, "resize", &reply, "{\"name\":\"" VOLUME "\",\"size_bytes\":%s}",
		      bytes)) {
		return false;
	}
	said = json_is_true(json_object_get(reply, "resized"));
	json_decref(reply);
	return said == resized || bench_fail(bench, "resize to %s bytes: 'resized' is %s", bytes,
					     said ? "true" : "false");
}

static bool grown(struct bench *bench)
{
	struct seen before, after;

	return volume_seen(bench, &before) && resize(bench, OTHER_SIZE, true) &&
	       resize(bench, OTHER_SIZE, false) &&
	       bench_refused(bench, "resize", "unsupported",
			     "{\"name\":\"" VOLUME "\",\"size_bytes\":" SIZE "}") &&
	       volume_seen(bench, &after) &&
	       (after.bytes == strtoll(OTHER_SIZE, NULL, 10) ||
		bench_fail(bench, "'luns' shows another size after resize")) &&
	       (strcmp(before.designator, after.designator) == 0 ||
		bench_fail(bench, "the designator has changed: '%s', then '%s'", before.designator,
			   after.designator)) &&
	       bench_holders(bench, VOLUME, NOBODY) &&
	       bench_refused(bench, "resize", "no-such-lun",
			     "{\"name\":\"" VOLUME "-none\",\"size_bytes\":" SIZE "}");
}

static bool resize_makes_larger(struct bench *bench)
{
	bool ok = volume_make(bench, NULL) && grown(bench);

	return volume_delete(bench) && ok;
}

static bool resize_keeps_grants(struct bench *bench)
{
	bool ok = volume_make(bench, NULL) &&
		  bench_ok(bench, "apply", NULL, "{\"luns\":[\"" VOLUME "\"],\"grant\":\"%s\"}",
			   bench->initiators[0]) &&
		  resize(bench, OTHER_SIZE, true) &&
		  bench_holders(bench, VOLUME, ONLY(bench->initiators[0]));

	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"" VOLUME "\"],\"revoke\":\"%s\"}",
			bench->initiators[0]) &&
	       volume_delete(bench) && ok;
}

static bool protect(struct bench *bench, bool read_only)
{
	return bench_ok(bench, "protect", NULL, "{\"name\":\"%s\",\"read_only\":%s}",
			bench->luns[0], read_only ? "true" : "false");
}

static bool read_grant(struct bench *bench, size_t index)
{
	return bench_ok(bench, "apply", NULL,
			"{\"luns\":[\"%s\"],\"grant\":\"%s\",\"read_only\":true}", bench->luns[0],
			bench->initiators[index]);
}

static bool path_end(struct bench *bench, size_t index)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"revoke\":\"%s\"}",
			bench->luns[0], bench->initiators[index]);
}

static bool read_only_is_for_many(struct bench *bench)
{
	bool ok = protect(bench, true) && protect(bench, true) && read_grant(bench, 0) &&
		  read_grant(bench, 1) && bench_holders(bench, bench->luns[0], BOTH(bench)) &&
		  path_end(bench, 0) &&
		  bench_holders(bench, bench->luns[0], ONLY(bench->initiators[1])) &&
		  path_end(bench, 1);

	return protect(bench, false) && ok;
}

static bool class_must_be_right(struct bench *bench)
{
	bool ok = bench_refused(bench, "apply", "read-only",
				"{\"luns\":[\"%s\"],\"grant\":\"%s\",\"read_only\":true}",
				bench->luns[0], bench->initiators[0]) &&
		  protect(bench, true) &&
		  bench_refused(bench, "apply", "read-only", "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
				bench->luns[0], bench->initiators[0]) &&
		  bench_refused(bench, "apply", "read-only",
				"{\"luns\":[\"%s\",\"%s\"],\"grant\":\"%s\",\"read_only\":true}",
				bench->luns[0], bench->luns[1], bench->initiators[0]) &&
		  bench_holders(bench, bench->luns[0], NOBODY) &&
		  bench_holders(bench, bench->luns[1], NOBODY);

	return protect(bench, false) && ok;
}

static bool protect_refuses_a_held_lun(struct bench *bench)
{
	bool ok = bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			   bench->luns[0], bench->initiators[0]) &&
		  bench_refused(bench, "protect", "in-use", "{\"name\":\"%s\",\"read_only\":true}",
				bench->luns[0]) &&
		  path_end(bench, 0) && protect(bench, true) && read_grant(bench, 0) &&
		  bench_refused(bench, "protect", "in-use", "{\"name\":\"%s\",\"read_only\":false}",
				bench->luns[0]);

	return path_end(bench, 0) && protect(bench, false) && ok;
}

static bool fence_takes_read_only_too(struct bench *bench)
{
	bool ok =
		protect(bench, true) && read_grant(bench, 0) && read_grant(bench, 1) &&
		bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) &&
		bench_holders(bench, bench->luns[0], ONLY(bench->initiators[1])) &&
		bench_refused(bench, "apply", "fenced",
			      "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"read_only\":true}",
			      bench->luns[0], bench->initiators[0]) &&
		bench_ok(bench, "unfence", NULL, "{\"initiators\":[\"%s\"]}",
			 bench->initiators[0]) &&
		path_end(bench, 1);

	return protect(bench, false) && ok;
}

const struct check VOLUME_CHECKS[] = {
	{"many initiators may have a read-only LUN, and each is revoked alone",
	 read_only_is_for_many, "read-only"},
	{"a grant of the wrong class is refused", class_must_be_right, "read-only"},
	{"protect refuses a LUN that is held", protect_refuses_a_held_lun, "read-only"},
	{"fence also revokes read-only LUNs", fence_takes_read_only_too, "read-only"},
	{"create makes a masked LUN and may be repeated with the same size", create_is_idempotent,
	 "create"},
	{"delete refuses a LUN that is held", delete_refuses_a_held_lun, "delete"},
	{"delete removes a LUN and may be repeated", delete_is_idempotent, "delete"},
	{"each class that info lists can be made", each_class_is_made, "classes"},
	{"another class is refused, and nothing is made", another_class_is_refused, "classes"},
	{"luns tells the health of a LUN, if asked", health_is_told, "health"},
	{"resize makes a LUN larger, never smaller, and may be repeated", resize_makes_larger,
	 "resize"},
	{"resize keeps the grants", resize_keeps_grants, "resize"},
	{NULL, NULL, NULL},
};
