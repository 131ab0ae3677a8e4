/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/check/doctor_peer.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/text.h"

#define TEXT_MAX 4096
#define ROWS_MAX 1000

static json_t *row_json(const struct doctor_row *row)
{
	return json_pack("{s:s, s:s?, s:s, s:s*, s:s*, s:s*}", "level",
			 doctor_level_to_str(row->level), "node", row->node, "check", row->check,
			 "what", row->what, "why", row->why, "mend", row->mend);
}

json_t *doctor_json(const struct doctor_facts *facts, const struct doctor_report *report,
		    int64_t began_ms, int64_t ended_ms)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < report->n; i++) {
		rows = json_build_append(rows, row_json(&report->rows[i]));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "node",
			 facts->node, "lunmask", facts->version, "config_sha256",
			 facts->config.digest, "cluster_id", facts->key.id.text, "began_ms",
			 (json_int_t)began_ms, "ended_ms", (json_int_t)ended_ms, "passed",
			 (json_int_t)report->counts[DOCTOR_PASS], "warned",
			 (json_int_t)report->counts[DOCTOR_WARN], "failed",
			 (json_int_t)report->counts[DOCTOR_FAIL], "unknown",
			 (json_int_t)report->counts[DOCTOR_UNKNOWN], "checks", rows);
}

static int text_take(const json_t *json, const char *key, char *ret, size_t size, struct err *err)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (text == NULL || strlen(text) >= size || !text_is_printable(text)) {
		return err_set(err, -EPROTO, "its answer has no usable '%s'", key);
	}
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

static int number_take(const json_t *json, const char *key, int64_t *ret, struct err *err)
{
	const json_t *number = json_object_get(json, key);

	if (!json_is_integer(number)) {
		return err_set(err, -EPROTO, "its answer has no usable '%s'", key);
	}
	*ret = json_integer_value(number);
	return 0;
}

int doctor_peer_decode(const char *text, size_t bytes, struct doctor_peer *ret, struct err *err)
{
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	char node[NODE_NAME_MAX + 1];
	json_t *checks;
	int rc = json_is_object(json) ? 0 : err_set(err, -EPROTO, "its answer is not JSON");

	rc = rc < 0 ? rc : text_take(json, "node", node, sizeof(node), err);
	rc = rc < 0 ? rc : text_take(json, "lunmask", ret->version, sizeof(ret->version), err);
	rc = rc < 0 ? rc : text_take(json, "config_sha256", ret->config, sizeof(ret->config), err);
	rc = rc < 0 ? rc : text_take(json, "cluster_id", ret->key, sizeof(ret->key), err);
	rc = rc < 0 ? rc : number_take(json, "began_ms", &ret->began_ms, err);
	rc = rc < 0 ? rc : number_take(json, "ended_ms", &ret->ended_ms, err);
	if (rc == 0 && strcmp(node, ret->node) != 0) {
		rc = err_set(err, -EADDRNOTAVAIL, "at %s answers %s: look at its migration_address",
			     ret->address, node);
	}
	checks = json_object_get(json, "checks");
	if (rc == 0 && !json_is_array(checks)) {
		rc = err_set(err, -EPROTO, "its answer has no usable 'checks'");
	}
	ret->checks = rc == 0 ? json_incref(checks) : NULL;
	json_decref(json);
	return rc;
}

static const char *row_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL && strlen(text) <= TEXT_MAX && text_is_printable(text) ? text : NULL;
}

/* A level that a later lunmask may have counts as not known. */
static enum doctor_level row_level(const json_t *row)
{
	const char *text = row_text(row, "level");
	enum doctor_level level = DOCTOR_PASS;

	while (level < DOCTOR_UNKNOWN && g_strcmp0(text, doctor_level_to_str(level)) != 0) {
		level++;
	}
	return level;
}

void doctor_peer_add(const struct doctor_peer *peer, struct doctor_report *report)
{
	size_t n = json_array_size(peer->checks);

	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		const json_t *row = json_array_get(peer->checks, i);
		const char *check = row_text(row, "check");
		enum doctor_level level = row_level(row);
		const char *what = row_text(row, "what");

		if (level != DOCTOR_PASS && what == NULL) {
			what = "its answer cannot be read";
		}
		doctor_report_add(report, level, peer->node, check != NULL ? check : "?", what,
				  row_text(row, "why"), row_text(row, "mend"));
	}
}
