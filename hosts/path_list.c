/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/path_list.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/realtime.h"
#include "hosts/list_text.h"
#include "xml/xml_out.h"

#define PORTAL_WIDTH 24
#define BEFORE_STATE (12 + 1 + 10 + 1 + PORTAL_WIDTH + 1)

static bool wanted(const struct path_filter *filter, const struct journal_path *path)
{
	return (filter->node == NULL || strcmp(filter->node, path->node) == 0) &&
	       (filter->array == NULL || strcmp(filter->array, path->array) == 0);
}

static int path_compare(const void *a, const void *b)
{
	const struct journal_path *one = a, *other = b;
	int order = strcmp(one->node, other->node);

	order = order != 0 ? order : strcmp(one->array, other->array);
	return order != 0 ? order : strcmp(one->portal, other->portal);
}

int path_list_get(const struct path_filter *filter, struct deadline deadline, struct path_list *ret,
		  struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	size_t n = 0;
	int rc = journal_open(deadline, &journal, err);

	*ret = (struct path_list){.paths = NULL};
	rc = rc < 0 ? rc : journal_path_list(journal, deadline, &ret->paths, &n, ret->trouble, err);
	ret->now_ms = realtime_now_ms();
	for (size_t i = 0; i < n; i++) {
		if (wanted(filter, &ret->paths[i])) {
			ret->paths[ret->n++] = ret->paths[i];
		}
	}
	if (ret->n > 0) {
		qsort(ret->paths, ret->n, sizeof(ret->paths[0]), path_compare);
	}
	return rc;
}

void path_list_release(struct path_list *list)
{
	free(list->paths);
	*list = (struct path_list){.paths = NULL};
}

/* Text */

/* An address may be longer than its column: the rest then is in the next line. */
static void portal_print(FILE *file, const char *portal)
{
	if (strlen(portal) > PORTAL_WIDTH) {
		(void)fprintf(file, "%s\n%*s", portal, BEFORE_STATE, "");
	} else {
		(void)fprintf(file, "%-*s ", PORTAL_WIDTH, portal);
	}
}

static void path_print(FILE *file, const struct journal_path *path)
{
	char age[LIST_TEXT_AGE], latency[32] = "-";

	(void)list_text_age(path->age_ms, age);
	if (path->state == PATH_UP) {
		(void)snprintf(latency, sizeof(latency), "%.1f ms", path->latency_us / 1000.0);
	}
	list_text_column(file, path->node, 12);
	list_text_column(file, path->array, 10);
	portal_print(file, path->portal);
	(void)fprintf(file, "%-8s %5s %10s\n", path_state_to_str(path->state), age, latency);
	if (path->reason[0] != '\0') {
		list_text_lines(file, path->reason);
	}
	if (path->origin == JOURNAL_PATH_REPORTED) {
		list_text_lines(file,
				"only the array names this portal: no drive uses it while it is "
				"not in lunmask.conf");
	}
}

void path_list_text(const struct path_list *list, FILE *file)
{
	if (list->n == 0) {
		(void)fputs("No paths are known.\n", file);
	} else {
		(void)fprintf(file, "%-12s %-10s %-*s %-8s %5s %10s\n", "HOST", "ARRAY",
			      PORTAL_WIDTH, "PORTAL", "STATE", "SINCE", "LATENCY");
	}
	for (size_t i = 0; i < list->n; i++) {
		path_print(file, &list->paths[i]);
	}
	if (list->trouble[0] != '\0') {
		(void)fputs("This node measures nothing now:\n", file);
		list_text_lines(file, list->trouble);
	}
}

/* JSON and XML */

static int64_t since_ms(const struct path_list *list, const struct journal_path *path)
{
	return list->now_ms - (int64_t)MIN(path->age_ms, (uint64_t)list->now_ms);
}

static bool was_measured(const struct journal_path *path)
{
	return path->measured_ms != JOURNAL_PATH_NEVER;
}

static int64_t measured_ms(const struct path_list *list, const struct journal_path *path)
{
	return list->now_ms - (int64_t)MIN(path->measured_ms, (uint64_t)list->now_ms);
}

static json_t *path_json(const struct path_list *list, const struct journal_path *path)
{
	json_t *measured = was_measured(path) ? json_integer(measured_ms(list, path)) : json_null();
	json_t *latency = path->state == PATH_UP ? json_integer(path->latency_us) : json_null();

	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:I, s:o, s:o, s:s}", "host", path->node,
			 "array", path->array, "portal", path->portal, "configured",
			 path->origin == JOURNAL_PATH_CONFIGURED, "state",
			 path_state_to_str(path->state), "since_ms",
			 (json_int_t)since_ms(list, path), "measured_ms", measured, "latency_us",
			 latency, "reason", path->reason);
}

json_t *path_list_json(const struct path_list *list)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < list->n; i++) {
		paths = json_build_append(paths, path_json(list, &list->paths[i]));
	}
	return json_pack("{s:o, s:s?}", "paths", paths, "trouble",
			 list->trouble[0] != '\0' ? list->trouble : NULL);
}

static void number_attribute(struct xml_out *out, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	xml_out_attribute(out, name, text);
}

static void path_xml(struct xml_out *out, const struct path_list *list,
		     const struct journal_path *path)
{
	xml_out_open(out, "path");
	xml_out_attribute(out, "host", path->node);
	xml_out_attribute(out, "array", path->array);
	xml_out_attribute(out, "portal", path->portal);
	xml_out_attribute(out, "configured",
			  path->origin == JOURNAL_PATH_CONFIGURED ? "true" : "false");
	xml_out_attribute(out, "state", path_state_to_str(path->state));
	number_attribute(out, "since_ms", since_ms(list, path));
	if (was_measured(path)) {
		number_attribute(out, "measured_ms", measured_ms(list, path));
	}
	if (path->state == PATH_UP) {
		number_attribute(out, "latency_us", path->latency_us);
	}
	xml_out_attribute(out, "reason", path->reason);
	xml_out_close(out);
}

int path_list_xml(const struct path_list *list, FILE *file)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "paths");
	if (list->trouble[0] != '\0') {
		xml_out_attribute(&out, "trouble", list->trouble);
	}
	for (size_t i = 0; i < list->n; i++) {
		path_xml(&out, list, &list->paths[i]);
	}
	xml_out_close(&out);
	return xml_out_end(&out, file);
}
