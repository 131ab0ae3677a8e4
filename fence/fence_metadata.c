/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fence/fence_metadata.h"

#include <errno.h>
#include <string.h>

#include "fence/fence_param.h"
#include "xml/xml_out.h"

#define OPTION_TEXT_MAX 128

static const char *type_to_str(enum fence_type type)
{
	switch (type) {
	case FENCE_SECONDS: return "second";
	case FENCE_FLAG: return "boolean";
	case FENCE_STRING: break;
	}
	return "string";
}

/* A name that only stdin accepts shows the option of the name that it stands for. */
void fence_metadata_getopt(const struct fence_agent *agent, const struct fence_parameter *row,
			   char *text, size_t size)
{
	const struct fence_parameter *shown =
		row->stdin_only ? fence_agent_find_parameter(agent, row->stands_for) : row;
	char option[OPTION_TEXT_MAX];
	size_t at = 0;

	fence_param_option(shown, option, sizeof(option));
	if (shown->letter != 0) {
		at = (size_t)snprintf(text, size, "-%c, ", shown->letter);
	}
	at += (size_t)snprintf(text + at, size - at, "--%s", option);
	if (shown->metavar != NULL) {
		(void)snprintf(text + at, size - at, "=[%s]", shown->metavar);
	}
}

static const char *obsoleted_by(const struct fence_agent *agent, const struct fence_parameter *row)
{
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct fence_parameter *other = &agent->parameters[i];

		if (!other->hidden && other->stands_for != NULL &&
		    strcmp(other->stands_for, row->name) == 0) {
			return other->name;
		}
	}
	return NULL;
}

static void parameter(struct xml_out *out, const struct fence_agent *agent,
		      const struct fence_parameter *row)
{
	const char *obsolete = obsoleted_by(agent, row);
	char option[OPTION_TEXT_MAX];

	fence_metadata_getopt(agent, row, option, sizeof(option));
	xml_out_open(out, "parameter");
	xml_out_attribute(out, "name", row->name);
	xml_out_attribute(out, "unique", "0");
	xml_out_attribute(out, "required", strcmp(row->name, "action") == 0 ? "1" : "0");
	if (obsolete != NULL) {
		xml_out_attribute(out, "obsoletes", obsolete);
	}
	if (row->stands_for != NULL) {
		xml_out_attribute(out, "deprecated", "1");
	}
	xml_out_open(out, "getopt");
	xml_out_attribute(out, "mixed", option);
	xml_out_close(out);
	xml_out_open(out, "content");
	xml_out_attribute(out, "type", type_to_str(row->type));
	if (row->fallback != NULL) {
		xml_out_attribute(out, "default", row->fallback);
	}
	xml_out_close(out);
	xml_out_element(out, "shortdesc", "en", row->help);
	xml_out_close(out);
}

static void action(struct xml_out *out, const struct fence_action *row)
{
	xml_out_open(out, "action");
	xml_out_attribute(out, "name", row->name);
	if ((row->flags & FENCE_ACTION_ON_TARGET) != 0) {
		xml_out_attribute(out, "on_target", "1");
	}
	if ((row->flags & FENCE_ACTION_AUTOMATIC) != 0) {
		xml_out_attribute(out, "automatic", "1");
	}
	xml_out_close(out);
}

int fence_metadata_write(const struct fence_agent *agent, FILE *stream)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "resource-agent");
	xml_out_attribute(&out, "name", agent->name);
	xml_out_attribute(&out, "shortdesc", agent->shortdesc);
	xml_out_element(&out, "longdesc", NULL, agent->longdesc);
	xml_out_element(&out, "vendor-url", NULL, "");
	xml_out_open(&out, "parameters");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		if (!agent->parameters[i].hidden) {
			parameter(&out, agent, &agent->parameters[i]);
		}
	}
	xml_out_close(&out);
	xml_out_open(&out, "actions");
	for (size_t i = 0; i < agent->n_actions; i++) {
		if ((agent->actions[i].flags & FENCE_ACTION_HIDDEN) == 0) {
			action(&out, &agent->actions[i]);
		}
	}
	xml_out_close(&out);
	xml_out_close(&out);
	return xml_out_end(&out, stream);
}

int fence_metadata_write_help(const struct fence_agent *agent, FILE *stream)
{
	(void)fprintf(stream,
		      "%s %s: %s\n\nusage: %s --action=ACTION [OPTION...]\n"
		      "       %s <OPTIONS, one NAME=VALUE a line\n\nActions:\n",
		      agent->name, agent->version, agent->shortdesc, agent->name, agent->name);
	for (size_t i = 0; i < agent->n_actions; i++) {
		(void)fprintf(stream, "  %-13s %s\n", agent->actions[i].name,
			      agent->actions[i].help);
	}
	(void)fprintf(stream, "\nOptions:\n");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct fence_parameter *row = &agent->parameters[i];
		char option[OPTION_TEXT_MAX];

		if (!row->hidden && row->stands_for == NULL) {
			fence_metadata_getopt(agent, row, option, sizeof(option));
			(void)fprintf(stream, "  %s%s%s%s\n      %s\n", option,
				      row->fallback != NULL ? " (default: " : "",
				      row->fallback != NULL ? row->fallback : "",
				      row->fallback != NULL ? ")" : "", row->help);
		}
	}
	return ferror(stream) || fflush(stream) != 0 ? -EIO : 0;
}
