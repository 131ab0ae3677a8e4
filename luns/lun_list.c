/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "luns/lun_list.h"

#include <inttypes.h>
#include <string.h>

#include "base/json_build.h"
#include "hosts/list_text.h"
#include "names/size.h"
#include "xml/xml_out.h"

/* Text */

/* "-" for none, "?" for what is not known. */
static char *words_of(const GPtrArray *list)
{
	GString *text;

	if (list == NULL || list->len == 0) {
		return g_strdup(list == NULL ? "?" : "-");
	}
	text = g_string_new(NULL);
	for (guint i = 0; i < list->len; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
				       (const char *)g_ptr_array_index(list, i));
	}
	return g_string_free(text, FALSE);
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

#define HOSTS_WIDTH 11

/* The last column has no blanks behind it. */
static void hosts_print(FILE *file, const char *hosts)
{
	(void)fprintf(file, strlen(hosts) > HOSTS_WIDTH ? "%.*s+\n" : "%.*s\n",
		      strlen(hosts) > HOSTS_WIDTH ? HOSTS_WIDTH - 1 : HOSTS_WIDTH, hosts);
}

static void lun_print(FILE *file, const struct lun_survey_lun *lun)
{
	g_autofree char *vms = words_of(lun->vms);
	g_autofree char *hosts = words_of(lun->hosts);
	char size[SIZE_TEXT];

	list_text_column(file, lun->is.name, 20);
	(void)fprintf(file, "%10s ", size_to_str(lun->is.size_bytes, size));
	list_text_column(file, or_dash(lun->is.class), 6);
	list_text_column(file, or_dash(lun->is.pool), 8);
	list_text_column(file, lun_health_to_str(lun->is.condition.health), 8);
	list_text_column(file, vms, 11);
	hosts_print(file, hosts);
	list_text_lines(file, lun->is.designator);
	if (lun->is.condition.reason[0] != '\0') {
		list_text_lines(file, lun->is.condition.reason);
	}
	if (lun->sessions != NULL && lun->sessions->len > 0) {
		g_autofree char *sessions = words_of(lun->sessions);
		g_autofree char *text = g_strdup_printf("not granted, but connected: %s", sessions);

		list_text_lines(file, text);
	}
}

void lun_list_text(const struct lun_survey *survey, FILE *file)
{
	const char *array = "";

	for (size_t i = 0; i < survey->n; i++) {
		const struct lun_survey_lun *lun = &survey->luns[i];

		if (strcmp(array, lun->array) != 0) {
			array = lun->array;
			(void)fprintf(file, "%sArray %s\n", i > 0 ? "\n" : "", array);
			(void)fprintf(file, "%-20s %10s %-6s %-8s %-8s %-11s %s\n", "LUN", "SIZE",
				      "CLASS", "POOL", "HEALTH", "VM", "HOSTS");
		}
		lun_print(file, lun);
	}
	if (survey->n == 0 && survey->troubles->len == 0) {
		(void)fputs("There are no LUNs.\n", file);
	}
	if (survey->troubles->len > 0) {
		(void)fprintf(file, "%sThe list is not complete:\n", survey->n > 0 ? "\n" : "");
	}
	for (guint i = 0; i < survey->troubles->len; i++) {
		list_text_lines(file, g_ptr_array_index(survey->troubles, i));
	}
}

/* JSON */

static json_t *list_json(const GPtrArray *list)
{
	json_t *ret = list != NULL ? json_array() : json_null();

	for (guint i = 0; list != NULL && i < list->len; i++) {
		ret = json_build_append(ret, json_string(g_ptr_array_index(list, i)));
	}
	return ret;
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static json_t *lun_json(const struct lun_survey_lun *lun)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s?, s:s?, s:s, s:s?, s:o, s:o, s:o}", "array",
			 lun->array, "name", lun->is.name, "size_bytes",
			 (json_int_t)lun->is.size_bytes, "designator", lun->is.designator, "class",
			 or_null(lun->is.class), "pool", or_null(lun->is.pool), "health",
			 lun_health_to_str(lun->is.condition.health), "health_reason",
			 or_null(lun->is.condition.reason), "hosts", list_json(lun->hosts),
			 "sessions", list_json(lun->sessions), "vms", list_json(lun->vms));
}

json_t *lun_list_json(const struct lun_survey *survey)
{
	json_t *luns = json_array();

	for (size_t i = 0; i < survey->n; i++) {
		luns = json_build_append(luns, lun_json(&survey->luns[i]));
	}
	return json_pack("{s:o, s:o}", "luns", luns, "troubles", list_json(survey->troubles));
}

/* XML */

/* Without the element, none is known. */
static void list_xml(struct xml_out *out, const char *name, const char *item, const GPtrArray *list)
{
	if (list == NULL) {
		return;
	}
	xml_out_open(out, name);
	for (guint i = 0; i < list->len; i++) {
		xml_out_element(out, item, NULL, g_ptr_array_index(list, i));
	}
	xml_out_close(out);
}

static void lun_xml(struct xml_out *out, const struct lun_survey_lun *lun)
{
	g_autofree char *size = g_strdup_printf("%" PRIu64, lun->is.size_bytes);

	xml_out_open(out, "lun");
	xml_out_attribute(out, "array", lun->array);
	xml_out_attribute(out, "name", lun->is.name);
	xml_out_attribute(out, "size_bytes", size);
	xml_out_attribute(out, "designator", lun->is.designator);
	if (lun->is.class[0] != '\0') {
		xml_out_attribute(out, "class", lun->is.class);
	}
	if (lun->is.pool[0] != '\0') {
		xml_out_attribute(out, "pool", lun->is.pool);
	}
	xml_out_attribute(out, "health", lun_health_to_str(lun->is.condition.health));
	xml_out_attribute(out, "health_reason", lun->is.condition.reason);
	list_xml(out, "hosts", "host", lun->hosts);
	list_xml(out, "sessions", "host", lun->sessions);
	list_xml(out, "vms", "vm", lun->vms);
	xml_out_close(out);
}

int lun_list_xml(const struct lun_survey *survey, FILE *file)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "luns");
	for (size_t i = 0; i < survey->n; i++) {
		lun_xml(&out, &survey->luns[i]);
	}
	for (guint i = 0; i < survey->troubles->len; i++) {
		xml_out_element(&out, "trouble", NULL, g_ptr_array_index(survey->troubles, i));
	}
	xml_out_close(&out);
	return xml_out_end(&out, file);
}
