/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conformance.h"

#define VOLUME "lunmask-conformance"
#define SIZE "1048576"

static bool create_is_idempotent(struct bench *bench)
{
	return bench_ok(bench, "create", NULL,
			"{\"name\":\"" VOLUME "\",\"size_bytes\":" SIZE "}") &&
	       bench_ok(bench, "create", NULL,
			"{\"name\":\"" VOLUME "\",\"size_bytes\":" SIZE "}") &&
	       bench_refused(bench, "create", "exists",
			     "{\"name\":\"" VOLUME "\",\"size_bytes\":2097152}") &&
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

const struct check VOLUME_CHECKS[] = {
	{"create makes a masked LUN and may be repeated with the same size", create_is_idempotent,
	 "create"},
	{"delete refuses a LUN that is held", delete_refuses_a_held_lun, "delete"},
	{"delete removes a LUN and may be repeated", delete_is_idempotent, "delete"},
	{NULL, NULL, NULL},
};
