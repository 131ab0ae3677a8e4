/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_metadata.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xml/xml_out.h"

#define HELP_COLUMNS 78
#define HELP_INDENT 8

const char *ocf_metadata_type_to_str(enum ocf_type type, enum ocf_profile profile)
{
	switch (type) {
	case OCF_INTEGER: return "integer";
	case OCF_BOOLEAN: return "boolean";
	case OCF_SELECT: return profile == OCF_PROFILE_1_1 ? "select" : "string";
	case OCF_TIME: return profile == OCF_PROFILE_1_0 ? "time" : "string";
	case OCF_STRING: break;
	}
	return "string";
}

static void content(struct xml_out *out, enum ocf_profile profile,
		    const struct ocf_parameter *parameter)
{
	xml_out_open(out, "content");
	xml_out_attribute(out, "type", ocf_metadata_type_to_str(parameter->type, profile));
	if (parameter->fallback != NULL) {
		xml_out_attribute(out, "default", parameter->fallback);
	}
	if (parameter->type == OCF_SELECT && profile == OCF_PROFILE_1_1) {
		for (size_t i = 0; parameter->options[i] != NULL; i++) {
			xml_out_open(out, "option");
			xml_out_attribute(out, "value", parameter->options[i]);
			xml_out_close(out);
		}
	}
	xml_out_close(out);
}

/* OCF 1.0 has unique parameters, but no unique combinations of parameters. */
static bool unique_alone(const struct ocf_agent *agent, const struct ocf_parameter *parameter)
{
	if (parameter->unique_group == NULL) {
		return false;
	}
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct ocf_parameter *other = &agent->parameters[i];

		if (other != parameter && other->unique_group != NULL &&
		    strcmp(other->unique_group, parameter->unique_group) == 0) {
			return false;
		}
	}
	return true;
}

char *ocf_metadata_longdesc(const struct ocf_parameter *row)
{
	return row->type == OCF_INTEGER ? g_strdup_printf("%s\nA whole number from %lld to %lld.",
							  row->longdesc, row->min, row->max)
					: g_strdup(row->longdesc);
}

static void parameter(struct xml_out *out, enum ocf_profile profile, const struct ocf_agent *agent,
		      const struct ocf_parameter *row)
{
	g_autofree char *longdesc = ocf_metadata_longdesc(row);

	xml_out_open(out, "parameter");
	xml_out_attribute(out, "name", row->name);
	xml_out_attribute(out, "required", row->required ? "1" : "0");
	if (profile == OCF_PROFILE_1_0) {
		xml_out_attribute(out, "unique", unique_alone(agent, row) ? "1" : "0");
	} else {
		if (row->unique_group != NULL) {
			xml_out_attribute(out, "unique-group", row->unique_group);
		}
		xml_out_attribute(out, "reloadable", row->reloadable ? "1" : "0");
	}
	xml_out_element(out, "longdesc", "en", longdesc);
	xml_out_element(out, "shortdesc", "en", row->shortdesc);
	content(out, profile, row);
	xml_out_close(out);
}

static void action(struct xml_out *out, enum ocf_profile profile, const struct ocf_action *row)
{
	if (profile == OCF_PROFILE_1_0 && (row->flags & OCF_ACTION_1_1) != 0) {
		return;
	}
	xml_out_open(out, "action");
	xml_out_attribute(out, "name", row->name);
	xml_out_number(out, "timeout", row->timeout_s, "s");
	if (row->interval_s > 0) {
		xml_out_number(out, "interval", row->interval_s, "s");
	}
	if (row->depth > 0) {
		xml_out_number(out, "depth", row->depth, "");
	}
	xml_out_close(out);
}

static void agent_write(struct xml_out *out, enum ocf_profile profile,
			const struct ocf_agent *agent)
{
	xml_out_open(out, "resource-agent");
	xml_out_attribute(out, "name", agent->name);
	xml_out_attribute(out, "version", agent->version);
	xml_out_element(out, "version", NULL, profile == OCF_PROFILE_1_1 ? "1.1" : "1.0");
	xml_out_element(out, "longdesc", "en", agent->longdesc);
	xml_out_element(out, "shortdesc", "en", agent->shortdesc);
	xml_out_open(out, "parameters");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		parameter(out, profile, agent, &agent->parameters[i]);
	}
	xml_out_close(out);
	xml_out_open(out, "actions");
	for (size_t i = 0; i < agent->n_actions; i++) {
		action(out, profile, &agent->actions[i]);
	}
	xml_out_close(out);
	xml_out_close(out);
}

static int number_from_env(const char *key)
{
	const char *value = getenv(key);

	return value == NULL ? 0 : atoi(value);
}

enum ocf_profile ocf_metadata_profile(void)
{
	int major = number_from_env("OCF_RA_VERSION_MAJOR");
	int minor = number_from_env("OCF_RA_VERSION_MINOR");

	return major > 1 || (major == 1 && minor >= 1) ? OCF_PROFILE_1_1 : OCF_PROFILE_1_0;
}

int ocf_metadata_write(const struct ocf_agent *agent, enum ocf_profile profile, FILE *stream)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	if (profile == OCF_PROFILE_1_0) {
		xml_out_doctype(&out, "resource-agent", "ra-api-1.dtd");
	}
	agent_write(&out, profile, agent);
	return xml_out_end(&out, stream);
}

/* Wraps the text at HELP_COLUMNS and keeps its line breaks. */
static void help_text(const char *text, FILE *stream)
{
	while (*text != '\0') {
		size_t column = HELP_INDENT;

		(void)fprintf(stream, "%*s", HELP_INDENT, "");
		while (*text != '\0' && *text != '\n') {
			size_t word = strcspn(text, " \n");

			if (column > HELP_INDENT && column + 1 + word > HELP_COLUMNS) {
				break;
			}
			column += (size_t)fprintf(stream, "%s%.*s", column > HELP_INDENT ? " " : "",
						  (int)word, text);
			text += word;
			text += strspn(text, " ");
		}
		text += *text == '\n';
		(void)fputc('\n', stream);
	}
}

static void help_parameter(const struct ocf_parameter *row, FILE *stream)
{
	g_autofree char *longdesc = ocf_metadata_longdesc(row);

	(void)fprintf(stream, "\n    %s: %s", row->name, row->shortdesc);
	if (row->required) {
		(void)fprintf(stream, " (required)");
	}
	if (row->fallback != NULL) {
		(void)fprintf(stream, " (default: %s)", row->fallback);
	}
	(void)fputc('\n', stream);
	help_text(longdesc, stream);
}

static void help_action(const struct ocf_action *row, FILE *stream)
{
	(void)fprintf(stream, "    %-14s timeout %ds", row->name, row->timeout_s);
	if (row->interval_s > 0) {
		(void)fprintf(stream, ", interval %ds", row->interval_s);
	}
	if (row->depth > 0) {
		(void)fprintf(stream, ", OCF_CHECK_LEVEL=%d", row->depth);
	}
	(void)fputc('\n', stream);
}

void ocf_metadata_write_help(const struct ocf_agent *agent, FILE *stream)
{
	(void)fprintf(stream,
		      "%s %s: %s\n\nusage: %s ACTION, with parameters in OCF_RESKEY_NAME\n\n",
		      agent->name, agent->version, agent->shortdesc, agent->name);
	help_text(agent->longdesc, stream);
	(void)fprintf(stream, "\nActions, with the minimum values that should be configured:\n");
	for (size_t i = 0; i < agent->n_actions; i++) {
		help_action(&agent->actions[i], stream);
	}
	(void)fprintf(stream, "\nParameters:\n");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		help_parameter(&agent->parameters[i], stream);
	}
}
