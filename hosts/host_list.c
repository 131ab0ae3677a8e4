/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_list.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "base/json_build.h"
#include "hosts/list_text.h"
#include "xml/xml_out.h"

#define HOST_WIDTH 24
#define ANSWER_WIDTH 8

static bool wanted(const struct host_found *found, size_t i, const char *node)
{
	return node == NULL || strcmp(found->facts[i].node, node) == 0;
}

static size_t portals_configured(const struct host_need *need)
{
	size_t n = 0;

	for (size_t i = 0; i < need->n_portals; i++) {
		n += need->portals[i].configured;
	}
	return n;
}

enum host_answer host_list_answer(const struct host_found *found, const char *node)
{
	enum host_answer answer = HOST_NO;

	for (size_t i = 0; i < found->n; i++) {
		if (wanted(found, i, node) && found->verdicts[i].answer == HOST_NOT_KNOWN) {
			return HOST_NOT_KNOWN;
		}
		if (wanted(found, i, node) && found->verdicts[i].answer == HOST_YES) {
			answer = HOST_YES;
		}
	}
	return answer;
}

size_t host_list_count(const struct host_found *found, const char *node)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++) {
		n += wanted(found, i, node);
	}
	return n;
}

/* Text */

/* What decides, and below it what is only to be known. */
static void reasons_print(const struct host_verdict *verdict, FILE *file)
{
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		const struct host_reason *reason = &verdict->reasons[i];
		g_autofree char *text = g_strdup_printf(
			"%s%s", reason->effect == HOST_YES ? "note: " : "", reason->text);

		list_text_lines(file, text);
	}
}

void host_list_text(const struct host_found *found, const char *node, FILE *file)
{
	size_t of = portals_configured(&found->need);

	list_text_column(file, "HOST", HOST_WIDTH);
	list_text_column(file, "MAY RUN", ANSWER_WIDTH);
	(void)fputs("PATHS\n", file);
	for (size_t i = 0; i < found->n; i++) {
		const struct host_verdict *verdict = &found->verdicts[i];

		if (!wanted(found, i, node)) {
			continue;
		}
		list_text_column(file, found->facts[i].node, HOST_WIDTH);
		list_text_column(file, host_answer_to_str(verdict->answer), ANSWER_WIDTH);
		(void)fprintf(file, "%zu of %zu\n", verdict->paths_up, of);
		reasons_print(verdict, file);
	}
}

/* JSON */

static json_t *reasons_json(const struct host_verdict *verdict)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verdict->n_reasons; i++) {
		const struct host_reason *reason = &verdict->reasons[i];

		list = json_build_append(list,
					 json_pack("{s:s, s:s, s:s}", "reason",
						   host_fact_to_str(reason->fact), "effect",
						   reason->effect == HOST_YES
							   ? "note"
							   : host_answer_to_str(reason->effect),
						   "text", reason->text));
	}
	return list;
}

static json_t *lun_json(const struct host_need *need, const struct host_lun *lun)
{
	json_t *list = json_array();

	for (size_t i = 0; i < need->n_portals; i++) {
		if ((lun->exposed & (UINT64_C(1) << i)) != 0) {
			list = json_build_append(list, json_string(need->portals[i].portal));
		}
	}
	return json_pack("{s:s, s:s, s:o}", "lun", lun->name, "exists",
			 host_answer_to_str(lun->exists), "portals", list);
}

json_t *host_list_json(const struct host_found *found, const char *node)
{
	json_t *hosts = json_array(), *luns = json_array();

	for (size_t i = 0; i < found->n; i++) {
		const struct host_verdict *verdict = &found->verdicts[i];

		if (wanted(found, i, node)) {
			hosts = json_build_append(
				hosts,
				json_pack("{s:s, s:s, s:I, s:o}", "host", found->facts[i].node,
					  "may_run", host_answer_to_str(verdict->answer),
					  "paths_up", (json_int_t)verdict->paths_up, "reasons",
					  reasons_json(verdict)));
		}
	}
	for (size_t i = 0; i < found->need.n_luns; i++) {
		luns = json_build_append(luns, lun_json(&found->need, &found->need.luns[i]));
	}
	return json_pack("{s:s, s:s, s:I, s:o, s:o}", "vm", found->one->name, "array",
			 found->need.array, "portals", (json_int_t)portals_configured(&found->need),
			 "luns", luns, "hosts", hosts);
}

/* XML */

static void number_attribute(struct xml_out *out, const char *name, size_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%zu", value);
	xml_out_attribute(out, name, text);
}

static void host_xml(struct xml_out *out, const struct host_facts *facts,
		     const struct host_verdict *verdict)
{
	xml_out_open(out, "host");
	xml_out_attribute(out, "name", facts->node);
	xml_out_attribute(out, "may_run", host_answer_to_str(verdict->answer));
	number_attribute(out, "paths_up", verdict->paths_up);
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		const struct host_reason *reason = &verdict->reasons[i];

		xml_out_open(out, "reason");
		xml_out_attribute(out, "name", host_fact_to_str(reason->fact));
		xml_out_attribute(out, "effect",
				  reason->effect == HOST_YES ? "note"
							     : host_answer_to_str(reason->effect));
		xml_out_text(out, reason->text);
		xml_out_close(out);
	}
	xml_out_close(out);
}

static void luns_xml(struct xml_out *out, const struct host_need *need)
{
	for (size_t i = 0; i < need->n_luns; i++) {
		xml_out_open(out, "lun");
		xml_out_attribute(out, "name", need->luns[i].name);
		xml_out_attribute(out, "exists", host_answer_to_str(need->luns[i].exists));
		for (size_t k = 0; k < need->n_portals; k++) {
			if ((need->luns[i].exposed & (UINT64_C(1) << k)) != 0) {
				xml_out_element(out, "portal", NULL, need->portals[k].portal);
			}
		}
		xml_out_close(out);
	}
}

int host_list_xml(const struct host_found *found, const char *node, FILE *file)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "hosts");
	xml_out_attribute(&out, "vm", found->one->name);
	xml_out_attribute(&out, "array", found->need.array);
	number_attribute(&out, "portals", portals_configured(&found->need));
	luns_xml(&out, &found->need);
	for (size_t i = 0; i < found->n; i++) {
		if (wanted(found, i, node)) {
			host_xml(&out, &found->facts[i], &found->verdicts[i]);
		}
	}
	xml_out_close(&out);
	return xml_out_end(&out, file);
}
