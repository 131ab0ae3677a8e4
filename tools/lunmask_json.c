/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/json_build.h"
#include "output/json_xml.h"
#include "tools/lunmask.h"

/* Tasks and releases as JSON. One table for both directions: import reads what export writes. */
enum member_type {
	MEMBER_ID,
	MEMBER_TEXT,
	MEMBER_ENUM,
	MEMBER_U32,
	MEMBER_I64,  /* not negative */
	MEMBER_BITS, /* 64 bits as a signed number; any value is legal */
	MEMBER_LUNS,
};

struct member {
	const char *name;
	enum member_type type;
	size_t offset;
	size_t size;                               /* TEXT: size of the array */
	const char *(*to_str)(unsigned int value); /* ENUM: "unknown" for a value without a name */
	unsigned int max;                          /* ENUM */
	size_t count_offset;                       /* LUNS */
};

/* clang-format off */
#define MEMBER(record, text, member, kind) \
	{.name = (text), .type = MEMBER_##kind, .offset = offsetof(record, member)}
#define TEXT(record, text, member) \
	{.name = (text), .type = MEMBER_TEXT, .offset = offsetof(record, member), \
	 .size = sizeof(((record *)NULL)->member)}
#define ENUM(record, text, member, names, limit) \
	{.name = (text), .type = MEMBER_ENUM, .offset = offsetof(record, member), \
	 .to_str = (names), .max = (limit)}
#define LUNS(record) \
	{.name = "luns", .type = MEMBER_LUNS, .offset = offsetof(record, luns), \
	 .count_offset = offsetof(record, n_luns)}

static const struct member task_members[] = {
	MEMBER(struct journal_task, "uuid", uuid, ID),
	TEXT(struct journal_task, "vm", vm),
	ENUM(struct journal_task, "kind", kind, journal_kind_to_str, JOURNAL_KIND_MAX),
	ENUM(struct journal_task, "state", state, journal_state_to_str, JOURNAL_STATE_MAX),
	TEXT(struct journal_task, "mode", mode),
	TEXT(struct journal_task, "source", source),
	TEXT(struct journal_task, "target", target),
	TEXT(struct journal_task, "step", step),
	ENUM(struct journal_task, "step_state", step_state, lunmask_step_state_text,
	     JOURNAL_STEP_ENDED + 1),
	MEMBER(struct journal_task, "tries", tries, U32),
	ENUM(struct journal_task, "taken_over", taken_over, journal_evidence_to_str, JOURNAL_EVIDENCE_MAX),
	TEXT(struct journal_task, "actor_node", actor.node),
	TEXT(struct journal_task, "actor_boot_id", actor.boot_id),
	MEMBER(struct journal_task, "actor_pid", actor.pid, U32),
	MEMBER(struct journal_task, "actor_start_time", actor.start_time, BITS),
	TEXT(struct journal_task, "granted_to", granted_to),
	LUNS(struct journal_task),
	TEXT(struct journal_task, "image", image),
	TEXT(struct journal_task, "reason", reason),
	MEMBER(struct journal_task, "begun_ms", begun_ms, I64),
	MEMBER(struct journal_task, "changed_ms", changed_ms, I64),
	MEMBER(struct journal_task, "revision", revision, I64),
};

static const struct member release_members[] = {
	TEXT(struct journal_release, "vm", vm),
	TEXT(struct journal_release, "node", node),
	TEXT(struct journal_release, "array", array),
	LUNS(struct journal_release),
	MEMBER(struct journal_release, "since_ms", since_ms, I64),
	MEMBER(struct journal_release, "revision", revision, I64),
};

/* Those that a grant has besides. */
static const struct member grant_members[] = {
	TEXT(struct journal_release, "by", by),
	MEMBER(struct journal_release, "fencings", fencings, BITS),
	MEMBER(struct journal_release, "by_fencings", by_fencings, BITS),
};
/* clang-format on */

#define N_TASK_MEMBERS (G_N_ELEMENTS(task_members))
#define N_RELEASE_MEMBERS (G_N_ELEMENTS(release_members))
#define N_GRANT_MEMBERS (G_N_ELEMENTS(grant_members))

static json_t *luns_to_json(const char *first, size_t n)
{
	json_t *json = json_array();

	for (size_t i = 0; i < n; i++) {
		json = json_build_append(json, json_string(first + i * (LUN_NAME_MAX + 1)));
	}
	return json;
}

/* A text may be cut within a character. If it is not UTF-8, each such byte becomes '?'. */
static json_t *text_to_json(const char *text)
{
	json_t *json = json_string(text);
	char plain[JOURNAL_REASON_MAX + 1];
	size_t i;

	if (json != NULL) {
		return json;
	}
	for (i = 0; text[i] != '\0' && i < sizeof(plain) - 1; i++) {
		plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	}
	plain[i] = '\0';
	return json_string(plain);
}

static json_t *member_to_json(const struct member *member, const char *record)
{
	const char *at = record + member->offset;
	char uuid[ID128_TEXT];
	unsigned int value;
	uint32_t u32;
	int64_t i64;
	size_t n;

	switch (member->type) {
	case MEMBER_ID:
		id128_to_str((const struct id128 *)(const void *)at, uuid);
		return json_string(uuid);
	case MEMBER_TEXT: return text_to_json(at);
	case MEMBER_ENUM:
		memcpy(&value, at, sizeof(value));
		return json_string(member->to_str(value));
	case MEMBER_U32: memcpy(&u32, at, sizeof(u32)); return json_integer(u32);
	case MEMBER_I64:
	case MEMBER_BITS: memcpy(&i64, at, sizeof(i64)); return json_integer(i64);
	case MEMBER_LUNS:
		memcpy(&n, record + member->count_offset, sizeof(n));
		return luns_to_json(at, n);
	}
	return NULL;
}

static json_t *record_to_json(const struct member *members, size_t n, const void *record)
{
	json_t *json = json_object();

	for (size_t i = 0; i < n; i++) {
		if (json_object_set_new(json, members[i].name,
					member_to_json(&members[i], record)) != 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

json_t *lunmask_json_task(const struct journal_task *task)
{
	return record_to_json(task_members, N_TASK_MEMBERS, task);
}

json_t *lunmask_json_release(const struct journal_release *release)
{
	json_t *json = record_to_json(release_members, N_RELEASE_MEMBERS, release);
	json_t *more = release->granted ? record_to_json(grant_members, N_GRANT_MEMBERS, release)
					: json_object();

	if (json_object_update(json, more) != 0) {
		json_decref(json);
		json = NULL;
	}
	json_decref(more);
	return json;
}

static bool text_from_json(const json_t *json, char *ret, size_t size)
{
	size_t length = json_string_length(json);

	if (!json_is_string(json) || length >= size || strlen(json_string_value(json)) != length) {
		return false;
	}
	memcpy(ret, json_string_value(json), length + 1);
	return true;
}

static bool enum_from_json(const struct member *member, const json_t *json, char *ret)
{
	for (unsigned int value = 0; json_is_string(json) && value < member->max; value++) {
		const char *text = member->to_str(value);

		if (strcmp(text, json_string_value(json)) == 0 && strcmp(text, "unknown") != 0) {
			memcpy(ret, &value, sizeof(value));
			return true;
		}
	}
	return false;
}

static bool luns_from_json(const struct member *member, const json_t *json, char *record)
{
	size_t n = json_array_size(json);

	if (!json_is_array(json) || n > VM_LUNS_MAX) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!text_from_json(json_array_get(json, i),
				    record + member->offset + i * (LUN_NAME_MAX + 1),
				    LUN_NAME_MAX + 1)) {
			return false;
		}
	}
	memcpy(record + member->count_offset, &n, sizeof(n));
	return true;
}

static bool member_from_json(const struct member *member, const json_t *json, char *record)
{
	char *at = record + member->offset;
	json_int_t value = json_integer_value(json);
	uint32_t u32 = (uint32_t)value;
	int64_t i64 = value;

	switch (member->type) {
	case MEMBER_ID:
		return json_is_string(json) &&
		       id128_from_str(json_string_value(json), (struct id128 *)(void *)at) == 0;
	case MEMBER_TEXT: return text_from_json(json, at, member->size);
	case MEMBER_ENUM: return enum_from_json(member, json, at);
	case MEMBER_U32:
		memcpy(at, &u32, sizeof(u32));
		return json_is_integer(json) && value >= 0 && value <= UINT32_MAX;
	case MEMBER_I64: memcpy(at, &i64, sizeof(i64)); return json_is_integer(json) && value >= 0;
	case MEMBER_BITS: memcpy(at, &i64, sizeof(i64)); return json_is_integer(json);
	case MEMBER_LUNS: return luns_from_json(member, json, record);
	}
	return false;
}

static int record_from_json(const struct member *members, size_t n, const json_t *json, void *ret,
			    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(json, members[i].name);

		if (value == NULL || !member_from_json(&members[i], value, ret)) {
			return err_set(err, -EINVAL, "its member '%s' is %s", members[i].name,
				       value == NULL ? "not there" : "not legal");
		}
	}
	return 0;
}

int lunmask_json_to_task(const json_t *json, struct journal_task *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return record_from_json(task_members, N_TASK_MEMBERS, json, ret, err);
}

int lunmask_json_to_release(const json_t *json, struct journal_release *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return record_from_json(release_members, N_RELEASE_MEMBERS, json, ret, err);
}

int lunmask_json_to_grant(const json_t *json, struct journal_release *ret, struct err *err)
{
	int rc = lunmask_json_to_release(json, ret, err);

	ret->granted = true;
	return rc < 0 ? rc : record_from_json(grant_members, N_GRANT_MEMBERS, json, ret, err);
}

static json_t *voters_to_json(const struct journal_status *status)
{
	json_t *json = json_array();
	char disk[ID128_TEXT];

	for (size_t i = 0; i < status->n_voters; i++) {
		const struct journal_voter *voter = &status->voters[i];

		id128_to_str(&voter->disk, disk);
		json = json_build_append(json, json_pack("{s:I, s:s, s:I}", "node",
							 (json_int_t)voter->node, "disk", disk,
							 "acked", (json_int_t)voter->acked));
	}
	return json;
}

static json_t *solo_to_json(const struct journal_status *status)
{
	switch (status->solo) {
	case JOURNAL_SOLO_READY:
		return json_pack("{s:b, s:I, s:n}", "ready", 1, "heard_ms",
				 (json_int_t)status->solo_heard_ms, "reason");
	case JOURNAL_SOLO_NOT_READY:
		return json_pack("{s:b, s:n, s:s}", "ready", 0, "heard_ms", "reason",
				 status->solo_reason);
	default: return json_null();
	}
}

json_t *lunmask_json_status(const struct journal_status *status)
{
	char cluster[ID128_TEXT], disk[ID128_TEXT];

	id128_to_str(&status->cluster, cluster);
	id128_to_str(&status->disk, disk);
	return json_pack(
		"{s:s, s:I, s:s, s:I, s:s, s:b, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:o}",
		"cluster", cluster, "node", (json_int_t)status->node, "disk", disk, "boot",
		(json_int_t)status->boot, "role", status->role, "active", status->active, "gate",
		status->gate, "quorate", status->quorate, "solo", solo_to_json(status),
		"ballot_counter", (json_int_t)status->ballot_counter, "ballot_node",
		(json_int_t)status->ballot_node, "last", (json_int_t)status->last, "durable",
		(json_int_t)status->durable, "commit", (json_int_t)status->commit, "applied",
		(json_int_t)status->applied, "snapshot", (json_int_t)status->snapshot,
		"store_bytes", (json_int_t)status->store_bytes, "dropped",
		(json_int_t)status->dropped, "voters", voters_to_json(status));
}

int lunmask_json_print(json_t *json, size_t flags)
{
	bool good = json != NULL && json_dumpf(json, stdout, flags) == 0 && putchar('\n') != EOF;

	json_decref(json);
	return good ? LUNMASK_EXIT_GOOD : LUNMASK_EXIT_FAILED;
}

int lunmask_data_print(enum output_as as, const char *name, json_t *json)
{
	bool good;

	if (as != OUTPUT_XML) {
		return lunmask_json_print(json, JSON_INDENT(2));
	}
	good = json != NULL && json_xml_print(json, name, stdout) == 0;
	json_decref(json);
	return good ? LUNMASK_EXIT_GOOD : LUNMASK_EXIT_FAILED;
}
