/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "conformance.h"
#include "session.h"

#define NAME "lunmask-conformance"
#define CLONE "lunmask-conformance-clone"
#define SET "{\"name\":\"" NAME "\",\"luns\":[\"%s\",\"%s\"]}"
#define SET_OF(bench) (bench)->luns[0], (bench)->luns[1]

/* An array may have LUNs of which there are no snapshots. It must say so before it makes any. */
static bool can(struct bench *bench, bool *ret)
{
	struct answer answer = bench_callf(
		bench, "snapshot",
		"{\"name\":\"" NAME "\",\"luns\":[\"%s\",\"%s\"],\"dry_run\":true}", SET_OF(bench));
	const char *code =
		json_string_value(json_object_get(json_object_get(answer.reply, "error"), "code"));
	bool refused = answer.exit_status == 1 && code != NULL && strcmp(code, "unsupported") == 0;
	bool ok = answer.exit_status == 0 || refused;

	*ret = !refused;
	if (!ok) {
		(void)bench_fail(bench, "snapshot with dry_run fails: %s",
				 code != NULL ? code : "no error");
	}
	answer_release(&answer);
	return ok;
}

/* How many snapshots of that name both LUNs have; in *ret_note, the note of the last one. */
static bool count_is(struct bench *bench, size_t wanted, char ret_note[64])
{
	json_t *reply;
	size_t found = 0;

	if (!bench_ok(bench, "snapshots", &reply, "{\"luns\":[\"%s\",\"%s\"]}", SET_OF(bench))) {
		return false;
	}
	for (size_t i = 0; i < json_array_size(json_object_get(reply, "snapshots")); i++) {
		const json_t *one = json_array_get(json_object_get(reply, "snapshots"), i);
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *note = json_string_value(json_object_get(one, "note"));

		found += name != NULL && strcmp(name, NAME) == 0 &&
			 json_is_false(json_object_get(one, "unfinished")) &&
			 json_integer_value(json_object_get(one, "taken")) > 0 &&
			 json_integer_value(json_object_get(one, "size_bytes")) > 0;
		(void)snprintf(ret_note, 64, "%s", note != NULL ? note : "none");
	}
	json_decref(reply);
	return found == wanted ||
	       bench_fail(bench, "'snapshots' lists %zu whole snapshots, not %zu", found, wanted);
}

/* Requires that the answer says so. */
static bool says(struct bench *bench, const char *verb, const char *member, bool wanted,
		 const char *request)
{
	json_t *reply;
	bool said;

	if (!bench_ok(bench, verb, &reply, "%s", request)) {
		return false;
	}
	said = json_is_true(json_object_get(reply, member));
	json_decref(reply);
	return said == wanted ||
	       bench_fail(bench, "%s: '%s' is %s", verb, member, said ? "true" : "false");
}

static bool both(struct bench *bench, const char *verb, const char *member, bool wanted)
{
	char request[512];

	(void)snprintf(request, sizeof(request), SET, SET_OF(bench));
	return says(bench, verb, member, wanted, request);
}

static bool one_refused(struct bench *bench, const char *verb, const char *code)
{
	return bench_refused(bench, verb, code, "{\"name\":\"" NAME "\",\"luns\":[\"%s\"]}",
			     bench->luns[0]);
}

static bool made(struct bench *bench)
{
	char note[64];

	return both(bench, "snapshot", "created", true) &&
	       both(bench, "snapshot", "created", false) && count_is(bench, 2, note) &&
	       (note[0] == '\0' || bench_fail(bench, "a snapshot has the note '%s'", note)) &&
	       one_refused(bench, "snapshot", "exists") &&
	       bench_ok(bench, "snapshot", NULL,
			"{\"name\":\"" NAME "\",\"luns\":[\"%s\",\"%s\"],\"note\":\"told\"}",
			SET_OF(bench)) &&
	       count_is(bench, 2, note) &&
	       (strcmp(note, "told") == 0 ||
		bench_fail(bench, "the note is '%s', not 'told'", note)) &&
	       bench_refused(bench, "delete", "in-use", "{\"name\":\"%s\"}", bench->luns[0]);
}

static bool snapshot_is_idempotent(struct bench *bench)
{
	char note[64];
	bool possible;
	bool ok = can(bench, &possible) && count_is(bench, 0, note);

	if (!ok || !possible) {
		return ok && one_refused(bench, "snapshot", "unsupported") &&
		       count_is(bench, 0, note);
	}
	ok = made(bench);
	return both(bench, "unsnapshot", "deleted", true) &&
	       both(bench, "unsnapshot", "deleted", false) && count_is(bench, 0, note) && ok;
}

/* The last block of a LUN: it is read into data, then what *write has, is written. */
static bool block_use(struct bench *bench, const char *lun, unsigned char data[SESSION_BLOCK_MAX],
		      const unsigned char *write)
{
	struct session session;
	bool ok = bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}", lun,
			   bench->initiators[0]) &&
		  session_open(bench, lun, bench->initiators[0], &session);

	if (!ok) {
		return false;
	}
	memcpy(data, session.data, SESSION_BLOCK_MAX);
	if (write != NULL) {
		memcpy(session.data, write, SESSION_BLOCK_MAX);
		ok = session_write(&session) || bench_fail(bench, "a write to '%s' fails", lun);
	}
	session_close(&session);
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"revoke\":\"%s\"}", lun,
			bench->initiators[0]) &&
	       ok;
}

/* Writes a block of that value, or requires that it is there. */
static bool block(struct bench *bench, const char *lun, unsigned char value, bool write)
{
	unsigned char data[SESSION_BLOCK_MAX], wanted[SESSION_BLOCK_MAX];

	memset(wanted, value, sizeof(wanted));
	return block_use(bench, lun, data, write ? wanted : NULL) &&
	       (write || data[0] == value ||
		bench_fail(bench, "'%s' has %u, not %u", lun, data[0], value));
}

/* What the test found on the LUNs is there again when it ends. */
struct kept {
	unsigned char data[BENCH_LUNS][SESSION_BLOCK_MAX];
};

static bool kept_read(struct bench *bench, struct kept *kept)
{
	return block_use(bench, bench->luns[0], kept->data[0], NULL) &&
	       block_use(bench, bench->luns[1], kept->data[1], NULL);
}

static bool kept_write(struct bench *bench, const struct kept *kept)
{
	unsigned char data[SESSION_BLOCK_MAX];

	return block_use(bench, bench->luns[0], data, kept->data[0]) &&
	       block_use(bench, bench->luns[1], data, kept->data[1]);
}

static bool blocks(struct bench *bench, unsigned char value, bool write)
{
	return block(bench, bench->luns[0], value, write) &&
	       block(bench, bench->luns[1], value, write);
}

static bool gone_back(struct bench *bench)
{
	return blocks(bench, 1, true) && both(bench, "snapshot", "created", true) &&
	       blocks(bench, 2, true) && blocks(bench, 2, false) &&
	       both(bench, "restore", "restored", true) && blocks(bench, 1, false) &&
	       blocks(bench, 3, true) && both(bench, "restore", "restored", true) &&
	       blocks(bench, 1, false);
}

static bool restore_gives_the_data_back(struct bench *bench)
{
	struct kept kept;
	bool possible;
	bool ok = can(bench, &possible) && kept_read(bench, &kept);

	if (!ok || !possible) {
		return ok;
	}
	ok = gone_back(bench);
	return both(bench, "unsnapshot", "deleted", true) && (!ok || blocks(bench, 1, false)) &&
	       kept_write(bench, &kept) && ok;
}

static bool restore_refused(struct bench *bench)
{
	char request[512];

	(void)snprintf(request, sizeof(request), SET, SET_OF(bench));
	return bench_refused(bench, "restore", "no-such-snapshot", "%s", request) &&
	       both(bench, "snapshot", "created", true) &&
	       bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			bench->luns[1], bench->initiators[0]) &&
	       bench_refused(bench, "restore", "in-use", "%s", request) &&
	       bench_holders(bench, bench->luns[1], ONLY(bench->initiators[0])) &&
	       bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"revoke\":\"%s\"}",
			bench->luns[1], bench->initiators[0]);
}

static bool restore_refuses_a_held_lun(struct bench *bench)
{
	bool possible;
	bool ok = can(bench, &possible);

	if (!ok || !possible) {
		return ok;
	}
	ok = restore_refused(bench);
	return bench_ok(bench, "unsnapshot", NULL, SET, SET_OF(bench)) && ok;
}

static bool designator_get(struct bench *bench, const char *lun, char ret[256])
{
	json_t *facts;
	const char *text;

	if (!lun_get(bench, lun, bench->initiators[0], &facts)) {
		return false;
	}
	text = json_string_value(json_array_get(json_object_get(facts, "designators"), 0));
	(void)snprintf(ret, 256, "%s", text != NULL ? text : "");
	json_decref(facts);
	return true;
}

static bool cloned(struct bench *bench)
{
	char request[512], of_lun[256], of_clone[256];

	(void)snprintf(request, sizeof(request),
		       "{\"lun\":\"%s\",\"snapshot\":\"" NAME "\",\"name\":\"" CLONE "\"}",
		       bench->luns[0]);
	return bench_refused(bench, "clone", "no-such-snapshot", "%s", request) &&
	       block(bench, bench->luns[0], 1, true) && both(bench, "snapshot", "created", true) &&
	       block(bench, bench->luns[0], 2, true) &&
	       says(bench, "clone", "created", true, request) &&
	       says(bench, "clone", "created", false, request) &&
	       bench_holders(bench, CLONE, NOBODY) && block(bench, CLONE, 1, false) &&
	       block(bench, CLONE, 3, true) && block(bench, bench->luns[0], 2, false) &&
	       designator_get(bench, bench->luns[0], of_lun) &&
	       designator_get(bench, CLONE, of_clone) &&
	       (strcmp(of_lun, of_clone) != 0 ||
		bench_fail(bench, "the clone has the designator of its LUN: '%s'", of_clone)) &&
	       /* It needs neither the snapshot nor the LUN. */
	       both(bench, "unsnapshot", "deleted", true) && block(bench, CLONE, 3, false);
}

static bool clone_is_another_lun(struct bench *bench)
{
	struct kept kept;
	bool possible;
	bool ok = can(bench, &possible) && kept_read(bench, &kept);

	if (!ok || !possible) {
		return ok;
	}
	ok = cloned(bench);
	return bench_ok(bench, "unsnapshot", NULL, SET, SET_OF(bench)) &&
	       bench_ok(bench, "delete", NULL, "{\"name\":\"" CLONE "\"}") &&
	       kept_write(bench, &kept) && ok;
}

const struct check SNAPSHOT_CHECKS[] = {
	{"a snapshot is of all its LUNs, and may be made and removed repeatedly",
	 snapshot_is_idempotent, "snapshot"},
	{"restore gives back what was on the LUNs", restore_gives_the_data_back, "snapshot"},
	{"restore refuses a LUN that is held, and what is not there", restore_refuses_a_held_lun,
	 "snapshot"},
	{"a clone is another LUN with what the snapshot has", clone_is_another_lun, "snapshot"},
	{NULL, NULL, NULL},
};
