/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define AGREE 2     /* results that change a row */
#define FALLS_MAX 4 /* no more are counted */
#define NEVER_MS INT64_MAX

struct paths {
	struct paths_settings settings;
	char node[NODE_NAME_MAX + 1];
	const struct paths_ops *ops;
	void *user;
	GPtrArray *rows; /* struct paths_row, sorted */
	uint64_t generation;
	int64_t all_ms;   /* the next round of all is due */
	int64_t ports_ms; /* the next question to the drivers is due */
	bool measuring;
	bool asking;
	char trouble[PATH_REASON_MAX + 1];
};

struct paths *paths_new(const struct paths_settings *settings, const char *node,
			const struct paths_ops *ops, void *user)
{
	struct paths *paths = g_new0(struct paths, 1);

	paths->settings = *settings;
	(void)g_strlcpy(paths->node, node, sizeof(paths->node));
	paths->ops = ops;
	paths->user = user;
	paths->rows = g_ptr_array_new_with_free_func(g_free);
	return paths;
}

void paths_free(struct paths *paths)
{
	if (paths != NULL) {
		g_ptr_array_unref(paths->rows);
		g_free(paths);
	}
}

size_t paths_count(const struct paths *paths)
{
	return paths->rows->len;
}

static struct paths_row *row_at(const struct paths *paths, size_t i)
{
	return g_ptr_array_index(paths->rows, i);
}

const struct paths_row *paths_at(const struct paths *paths, size_t i)
{
	return row_at(paths, i);
}

uint64_t paths_generation(const struct paths *paths)
{
	return paths->generation;
}

const char *paths_trouble(const struct paths *paths)
{
	return paths->trouble;
}

/* Rows */

static int row_compare(const struct paths_row *row, const char *array, const char *portal)
{
	int order = strcmp(row->path.array, array);

	return order != 0 ? order : strcmp(row->path.portal, portal);
}

/* NULL: there is none. *ret_at: where it is, or would be. */
static struct paths_row *row_find(const struct paths *paths, const char *array, const char *portal,
				  size_t *ret_at)
{
	size_t low = 0, high = paths->rows->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = row_compare(row_at(paths, middle), array, portal);

		if (order == 0) {
			*ret_at = middle;
			return row_at(paths, middle);
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*ret_at = low;
	return NULL;
}

/* NULL: there are too many. */
static struct paths_row *row_need(struct paths *paths, const struct path *path, int64_t now_ms)
{
	size_t at;
	struct paths_row *row = row_find(paths, path->array, path->portal, &at);

	if (row == NULL && paths->rows->len < PATHS_MAX) {
		row = g_new0(struct paths_row, 1);
		row->path = *path;
		row->path.state = PATH_UNKNOWN;
		row->path.latency_us = 0;
		(void)g_strlcpy(row->path.reason, "not measured yet", sizeof(row->path.reason));
		row->since_ms = now_ms;
		row->due_ms = NEVER_MS;
		g_ptr_array_insert(paths->rows, (gint)at, row);
		paths->generation++;
	}
	return row;
}

static void row_remove(struct paths *paths, size_t at)
{
	(void)g_ptr_array_remove_index(paths->rows, (guint)at);
	paths->generation++;
}

static void row_change(struct paths *paths, struct paths_row *row, enum path_state state,
		       int64_t now_ms)
{
	enum path_state before = row->path.state;

	if (before == PATH_UP && state != PATH_UNKNOWN) {
		row->falls = MIN(row->falls + 1, FALLS_MAX);
	}
	row->path.state = state;
	row->since_ms = now_ms;
	row->calm_ms = now_ms;
	row->again = 0;
	row->due_ms = NEVER_MS;
	paths->ops->changed(paths->user, row, before);
}

/* The results that it takes. *ret_soon: they need not wait for the rounds of all. */
static int results_needed(const struct paths_row *row, enum path_state state, bool *ret_soon)
{
	*ret_soon = true;
	if (row->path.state == PATH_UNKNOWN) {
		return 1;
	}
	if (state != PATH_UP || row->falls < 2) {
		return AGREE;
	}
	*ret_soon = false;
	return AGREE << (row->falls - 2);
}

static void row_agree(struct paths_row *row, int64_t now_ms)
{
	row->again = 0;
	row->due_ms = NEVER_MS;
	if (row->path.state == PATH_UP && row->falls > 0 &&
	    now_ms - row->calm_ms >= PATHS_CALM_MS) {
		row->falls--;
		row->calm_ms = now_ms;
	}
}

static void row_measured(struct paths *paths, struct paths_row *row, const struct path *path,
			 int64_t now_ms)
{
	bool soon = false;
	int needed = results_needed(row, path->state, &soon);
	bool agrees = path->state == row->path.state;

	row->measured_ms = now_ms;
	row->path.configured = path->configured;
	if (!agrees) {
		row->again = row->seen == path->state ? row->again + 1 : 1;
		row->seen = path->state;
	}
	if (!agrees && row->again < needed) {
		row->due_ms = soon ? now_ms + PATHS_AGAIN_MS : NEVER_MS;
		return;
	}
	row->path.latency_us = path->latency_us;
	memcpy(row->path.reason, path->reason, sizeof(row->path.reason));
	if (agrees) {
		row_agree(row, now_ms);
	} else {
		row_change(paths, row, path->state, now_ms);
	}
}

/* What is due */

int64_t paths_next_ms(const struct paths *paths)
{
	int64_t next_ms = paths->asking ? NEVER_MS : paths->ports_ms;

	if (paths->measuring) {
		return next_ms;
	}
	next_ms = MIN(next_ms, paths->all_ms);
	for (size_t i = 0; i < paths->rows->len; i++) {
		next_ms = MIN(next_ms, row_at(paths, i)->due_ms);
	}
	return next_ms;
}

static void request_begin(const struct paths *paths, enum path_ask ask, struct path_request *ret)
{
	*ret = (struct path_request){
		.ask = ask,
		.timeout_ms = ask == PATH_ASK_PORTS ? PATHS_DRIVER_MS : paths->settings.timeout_ms,
		.portals = g_new0(struct path_place, paths->rows->len + 1),
	};
	memcpy(ret->node, paths->node, sizeof(ret->node));
}

static void request_add(struct path_request *request, const struct paths_row *row)
{
	struct path_place *place = &request->portals[request->n_portals++];

	memcpy(place->array, row->path.array, sizeof(place->array));
	memcpy(place->portal, row->path.portal, sizeof(place->portal));
}

/* Those that lunmask.conf names are in such a round without being named here. */
static void request_all(struct paths *paths, int64_t now_ms, struct path_request *ret)
{
	request_begin(paths, PATH_ASK_ALL, ret);
	for (size_t i = 0; i < paths->rows->len; i++) {
		struct paths_row *row = row_at(paths, i);

		row->asked = true;
		row->due_ms = NEVER_MS;
		if (!row->path.configured) {
			request_add(ret, row);
		}
	}
	paths->all_ms = now_ms + paths->settings.interval_ms;
}

static bool request_some(struct paths *paths, int64_t now_ms, struct path_request *ret)
{
	request_begin(paths, PATH_ASK_SOME, ret);
	for (size_t i = 0; i < paths->rows->len; i++) {
		struct paths_row *row = row_at(paths, i);

		if (row->due_ms <= now_ms) {
			row->due_ms = NEVER_MS;
			request_add(ret, row);
		}
	}
	if (ret->n_portals == 0) {
		path_request_release(ret);
	}
	return ret->n_portals > 0;
}

bool paths_due(struct paths *paths, int64_t now_ms, struct path_request *ret)
{
	if (!paths->measuring && paths->all_ms <= now_ms) {
		request_all(paths, now_ms, ret);
		paths->measuring = true;
		return true;
	}
	if (!paths->measuring && request_some(paths, now_ms, ret)) {
		paths->measuring = true;
		return true;
	}
	if (!paths->asking && paths->ports_ms <= now_ms) {
		request_begin(paths, PATH_ASK_PORTS, ret);
		paths->ports_ms = now_ms + PATHS_PORTS_MS;
		paths->asking = true;
		return true;
	}
	return false;
}

/* Results */

static void trouble_set(struct paths *paths, const char *why)
{
	char now[sizeof(paths->trouble)];

	(void)g_strlcpy(now, why, sizeof(now));
	if (strcmp(paths->trouble, now) != 0) {
		memcpy(paths->trouble, now, sizeof(now));
		paths->ops->trouble(paths->user, paths->trouble);
	}
}

/* Not measured is not lost. */
static void rows_expire(struct paths *paths, int64_t now_ms)
{
	int64_t limit_ms = (int64_t)PATHS_STALE_ROUNDS * paths->settings.interval_ms;

	for (size_t i = 0; i < paths->rows->len; i++) {
		struct paths_row *row = row_at(paths, i);

		if (row->path.state != PATH_UNKNOWN && now_ms - row->measured_ms > limit_ms) {
			(void)snprintf(row->path.reason, sizeof(row->path.reason),
				       "not measured any more: %.150s",
				       paths->trouble[0] != '\0' ? paths->trouble : "left out");
			row_change(paths, row, PATH_UNKNOWN, now_ms);
		}
	}
}

static bool report_has(const GHashTable *seen, const struct paths_row *row)
{
	return g_hash_table_contains((GHashTable *)seen, row);
}

/* A round of all lists each row that there was, unless lunmask.conf no longer has its array. */
static void rows_forget(struct paths *paths, const GHashTable *seen)
{
	for (size_t i = paths->rows->len; i > 0; i--) {
		struct paths_row *row = row_at(paths, i - 1);

		if (row->asked && !report_has(seen, row)) {
			row_remove(paths, i - 1);
		} else {
			row->asked = false;
		}
	}
}

static void report_take(struct paths *paths, int64_t now_ms, bool all,
			const struct path_report *report)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (size_t i = 0; i < report->n_paths; i++) {
		struct paths_row *row = row_need(paths, &report->paths[i], now_ms);

		if (row != NULL) {
			row_measured(paths, row, &report->paths[i], now_ms);
			(void)g_hash_table_add(seen, row);
		}
	}
	if (all) {
		rows_forget(paths, seen);
	}
}

static bool array_told(const struct path_report *report, const char *array)
{
	for (size_t i = 0; i < report->n_ports; i++) {
		if (strcmp(report->ports[i].array, array) == 0) {
			return report->ports[i].told;
		}
	}
	return false;
}

/* What an array has named is kept while it cannot be asked. */
static void ports_take(struct paths *paths, int64_t now_ms, const struct path_report *report)
{
	g_autoptr(GHashTable) named = g_hash_table_new(NULL, NULL);

	for (size_t i = 0; i < report->n_paths; i++) {
		struct paths_row *row = row_need(paths, &report->paths[i], now_ms);

		if (row != NULL) {
			(void)g_hash_table_add(named, row);
			row->due_ms = row->measured_ms == 0 ? now_ms : row->due_ms;
		}
	}
	for (size_t i = paths->rows->len; i > 0; i--) {
		const struct paths_row *row = row_at(paths, i - 1);

		if (!row->path.configured && !report_has(named, row) &&
		    array_told(report, row->path.array)) {
			row_remove(paths, i - 1);
		}
	}
}

void paths_done(struct paths *paths, int64_t now_ms, enum path_ask ask,
		const struct path_report *report, const char *why)
{
	if (report != NULL && report->failed) {
		why = report->reason;
		report = NULL;
	}
	if (ask == PATH_ASK_PORTS) {
		paths->asking = false;
		if (report != NULL) {
			ports_take(paths, now_ms, report);
		}
		return;
	}
	paths->measuring = false;
	trouble_set(paths, report != NULL ? "" : why);
	if (report != NULL) {
		report_take(paths, now_ms, ask == PATH_ASK_ALL, report);
	}
	rows_expire(paths, now_ms);
	paths->ops->measured(paths->user);
}
