/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conformance.h"

#define VOLUME "lunmask-conformance"
#define SIZE "1048576"
#define BOTH(bench) ((const char *const[]){(bench)->initiators[0], (bench)->initiators[1], NULL})

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

static bool revoke(struct bench *bench, size_t index)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"revoke\":\"%s\"}",
			bench->luns[0], bench->initiators[index]);
}

static bool read_only_is_for_many(struct bench *bench)
{
	bool ok = protect(bench, true) && protect(bench, true) && read_grant(bench, 0) &&
		  read_grant(bench, 1) && bench_holders(bench, bench->luns[0], BOTH(bench)) &&
		  revoke(bench, 0) &&
		  bench_holders(bench, bench->luns[0], ONLY(bench->initiators[1])) &&
		  revoke(bench, 1);

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
		  revoke(bench, 0) && protect(bench, true) && read_grant(bench, 0) &&
		  bench_refused(bench, "protect", "in-use", "{\"name\":\"%s\",\"read_only\":false}",
				bench->luns[0]);

	return revoke(bench, 0) && protect(bench, false) && ok;
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
		revoke(bench, 1);

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
	{NULL, NULL, NULL},
};
