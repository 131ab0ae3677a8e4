/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/path_report.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "names/lun.h"
#include "names/name.h"
#include "names/portal.h"

#define NODE_LEGAL "._-"

static const char *const asks[] = {
	[PATH_ASK_ALL] = "all",
	[PATH_ASK_SOME] = "some",
	[PATH_ASK_PORTS] = "ports",
};

static_assert(G_N_ELEMENTS(asks) == PATH_ASK_MAX, "a word for each");

/* Takes the next word off *rest. NULL: there is none. */
static char *word_take(char **rest)
{
	char *word = *rest;
	char *end;

	if (word == NULL || *word == '\0') {
		return NULL;
	}
	end = strchr(word, ' ');
	if (end != NULL) {
		*end = '\0';
	}
	*rest = end == NULL ? NULL : end + 1;
	return *word == '\0' ? NULL : word;
}

/* The next word is this one? */
static bool word_is(char **rest, const char *wanted)
{
	const char *word = word_take(rest);

	return word != NULL && strcmp(word, wanted) == 0;
}

static bool number_take(char **rest, guint64 min, guint64 max, guint64 *ret)
{
	const char *word = word_take(rest);

	return word != NULL && g_ascii_string_to_unsigned(word, 10, min, max, ret, NULL);
}

static bool copy(char *ret, size_t size, const char *text)
{
	return g_strlcpy(ret, text, size) < size;
}

/* An array and a portal of it. */
static bool place_take(char **rest, char array[LUN_NAME_MAX + 1], char portal[ISCSI_PORTAL_MAX + 1])
{
	const char *name = word_take(rest);
	const char *address = word_take(rest);

	return name != NULL && address != NULL && lun_name_valid(name) &&
	       portal_check(address, NULL) == 0 && copy(array, LUN_NAME_MAX + 1, name) &&
	       copy(portal, ISCSI_PORTAL_MAX + 1, address);
}

/* Each line, which visit() may change, until "end", which must be the last. */
static int lines_each(const char *text, size_t bytes, bool (*visit)(void *data, char *line),
		      void *data)
{
	g_autofree char *copied = g_strndup(text, bytes);
	char *line = copied;

	if (bytes > PATH_REPORT_BYTES_MAX || strlen(copied) != bytes) {
		return -EBADMSG;
	}
	for (;;) {
		char *end = strchr(line, '\n');

		if (end == NULL || end - line >= PATH_REPORT_LINE_MAX) {
			return -EBADMSG;
		}
		*end = '\0';
		if (strcmp(line, PATH_REPORT_END) == 0) {
			return end + 1 == copied + bytes ? 0 : -EBADMSG;
		}
		if (!visit(data, line)) {
			return -EBADMSG;
		}
		line = end + 1;
	}
}

/* The request */

char *path_request_encode(const struct path_request *request)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!name_valid(request->node, NODE_NAME_MAX, NODE_LEGAL) ||
	    request->n_portals > PATHS_MAX || request->timeout_ms < PATH_TIMEOUT_MIN_MS ||
	    request->timeout_ms > PATH_TIMEOUT_MAX_MS) {
		return NULL;
	}
	g_string_append_printf(text, "round %s %d %s\n", request->node, request->timeout_ms,
			       asks[request->ask]);
	for (size_t i = 0; i < request->n_portals; i++) {
		g_string_append_printf(text, "portal %s %s\n", request->portals[i].array,
				       request->portals[i].portal);
	}
	g_string_append(text, PATH_REPORT_END "\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

struct request_reader {
	struct path_request *request;
	GArray *portals;
	bool begun;
};

static bool round_take(struct path_request *request, char *rest)
{
	const char *node = word_take(&rest);
	guint64 timeout_ms = 0;

	if (node == NULL || !name_valid(node, NODE_NAME_MAX, NODE_LEGAL) ||
	    !copy(request->node, sizeof(request->node), node) ||
	    !number_take(&rest, PATH_TIMEOUT_MIN_MS, PATH_TIMEOUT_MAX_MS, &timeout_ms)) {
		return false;
	}
	request->timeout_ms = (int)timeout_ms;
	for (size_t i = 0; rest != NULL && i < PATH_ASK_MAX; i++) {
		if (strcmp(rest, asks[i]) == 0) {
			request->ask = (enum path_ask)i;
			return true;
		}
	}
	return false;
}

static bool request_line(void *data, char *line)
{
	struct request_reader *reader = data;
	struct path_place portal = {.array = ""};
	char *rest = line;

	if (!reader->begun) {
		reader->begun = true;
		return word_is(&rest, "round") && round_take(reader->request, rest);
	}
	if (!word_is(&rest, "portal") || !place_take(&rest, portal.array, portal.portal) ||
	    rest != NULL || reader->portals->len == PATHS_MAX) {
		return false;
	}
	g_array_append_val(reader->portals, portal);
	return true;
}

int path_request_decode(const char *text, size_t bytes, struct path_request *ret)
{
	struct request_reader reader = {
		.request = ret, .portals = g_array_new(FALSE, TRUE, sizeof(struct path_place))};
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = lines_each(text, bytes, request_line, &reader);
	rc = rc == 0 && !reader.begun ? -EBADMSG : rc;
	ret->n_portals = rc < 0 ? 0 : reader.portals->len;
	ret->portals = (void *)g_array_free(reader.portals, rc < 0);
	return rc;
}

void path_request_release(struct path_request *request)
{
	g_clear_pointer(&request->portals, g_free);
	request->n_portals = 0;
}

/* The report */

/* A reason fits into a line beside the longest names, and is printable in whatever encoding. */
static void reason_clean(char ret[PATH_REASON_MAX + 1], const char *reason)
{
	(void)g_strlcpy(ret, reason, PATH_REASON_MAX + 1);
	for (char *at = ret; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~') {
			*at = '?';
		}
	}
}

void path_report_path(const struct path *path, char ret[PATH_REPORT_LINE_MAX])
{
	char reason[PATH_REASON_MAX + 1];

	reason_clean(reason, path->reason);
	(void)snprintf(ret, PATH_REPORT_LINE_MAX, "path %s %s %s %s %u %s", path->array,
		       path->portal, path->configured ? "configured" : "reported",
		       path_state_to_str(path->state), path->latency_us, reason);
}

void path_report_ports(const char *array, const char *reason, char ret[PATH_REPORT_LINE_MAX])
{
	char text[PATH_REASON_MAX + 1];

	if (reason == NULL) {
		(void)snprintf(ret, PATH_REPORT_LINE_MAX, "ports %s told", array);
		return;
	}
	reason_clean(text, reason);
	(void)snprintf(ret, PATH_REPORT_LINE_MAX, "ports %s silent %s", array, text);
}

void path_report_failed(const char *reason, char ret[PATH_REPORT_LINE_MAX])
{
	char text[PATH_REASON_MAX + 1];

	reason_clean(text, reason);
	(void)snprintf(ret, PATH_REPORT_LINE_MAX, "failed %s", text);
}

struct report_reader {
	struct path_report *report;
	GArray *paths;
	GHashTable *seen; /* "ARRAY PORTAL" */
};

/* The rest of the line; it may be empty. */
static bool reason_take(char *rest, char ret[PATH_REASON_MAX + 1])
{
	char clean[PATH_REASON_MAX + 1];

	if (rest == NULL || !copy(ret, PATH_REASON_MAX + 1, rest)) {
		return false;
	}
	reason_clean(clean, ret);
	return strcmp(clean, ret) == 0;
}

static bool path_line(struct report_reader *reader, char *rest)
{
	struct path path;
	const char *origin, *state;
	guint64 latency_us = 0;

	memset(&path, 0, sizeof(path));
	if (!place_take(&rest, path.array, path.portal)) {
		return false;
	}
	origin = word_take(&rest);
	path.configured = origin != NULL && strcmp(origin, "configured") == 0;
	if (origin == NULL || (!path.configured && strcmp(origin, "reported") != 0)) {
		return false;
	}
	state = word_take(&rest);
	if (state == NULL || path_state_from_str(state, &path.state) < 0 ||
	    !number_take(&rest, 0, UINT32_MAX, &latency_us) || !reason_take(rest, path.reason) ||
	    reader->paths->len == PATHS_MAX) {
		return false;
	}
	path.latency_us = (uint32_t)latency_us;
	g_array_append_val(reader->paths, path);
	return g_hash_table_add(reader->seen, g_strdup_printf("%s %s", path.array, path.portal));
}

static bool ports_line(struct path_report *report, char *rest)
{
	struct path_ports *ports = &report->ports[report->n_ports];
	const char *array = word_take(&rest);
	const char *how;

	if (report->n_ports == PATH_REPORT_ARRAYS_MAX || array == NULL || !lun_name_valid(array)) {
		return false;
	}
	for (size_t i = 0; i < report->n_ports; i++) {
		if (strcmp(report->ports[i].array, array) == 0) {
			return false;
		}
	}
	(void)copy(ports->array, sizeof(ports->array), array);
	how = word_take(&rest);
	ports->told = how != NULL && strcmp(how, "told") == 0 && rest == NULL;
	if (!ports->told &&
	    (how == NULL || strcmp(how, "silent") != 0 || !reason_take(rest, ports->reason))) {
		return false;
	}
	report->n_ports++;
	return true;
}

static bool report_line(void *data, char *line)
{
	struct report_reader *reader = data;
	char *rest = line;
	const char *kind = word_take(&rest);

	if (kind == NULL || reader->report->failed) {
		return false;
	}
	if (strcmp(kind, "path") == 0) {
		return path_line(reader, rest);
	}
	if (strcmp(kind, "ports") == 0) {
		return ports_line(reader->report, rest);
	}
	reader->report->failed = true;
	return strcmp(kind, "failed") == 0 && reason_take(rest, reader->report->reason);
}

int path_report_decode(const char *text, size_t bytes, struct path_report *ret)
{
	struct report_reader reader = {
		.report = ret,
		.paths = g_array_new(FALSE, TRUE, sizeof(struct path)),
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = lines_each(text, bytes, report_line, &reader);
	ret->n_paths = rc < 0 ? 0 : reader.paths->len;
	ret->paths = (void *)g_array_free(reader.paths, rc < 0);
	g_hash_table_unref(reader.seen);
	return rc;
}

void path_report_release(struct path_report *report)
{
	g_clear_pointer(&report->paths, g_free);
	report->n_paths = 0;
}
