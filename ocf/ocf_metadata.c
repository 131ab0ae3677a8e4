/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf_metadata.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlwriter.h>

#define HELP_COLUMNS 78
#define HELP_INDENT 8

/* Every libxml2 writer call returns -1 on failure; the first one is kept. */
struct document {
	xmlTextWriter *writer;
	enum ocf_profile profile;
	bool failed;
};

static void check(struct document *document, int rc)
{
	if (rc < 0) {
		document->failed = true;
	}
}

static void element_start(struct document *document, const char *name)
{
	check(document, xmlTextWriterStartElement(document->writer, BAD_CAST name));
}

static void element_end(struct document *document)
{
	check(document, xmlTextWriterEndElement(document->writer));
}

static void attribute(struct document *document, const char *name, const char *value)
{
	check(document,
	      xmlTextWriterWriteAttribute(document->writer, BAD_CAST name, BAD_CAST value));
}

static void attribute_number(struct document *document, const char *name, int value,
			     const char *unit)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%d%s", value, unit);
	attribute(document, name, text);
}

static void description(struct document *document, const char *name, const char *text)
{
	element_start(document, name);
	attribute(document, "lang", "en");
	check(document, xmlTextWriterWriteString(document->writer, BAD_CAST text));
	element_end(document);
}

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

static void content(struct document *document, const struct ocf_parameter *parameter)
{
	element_start(document, "content");
	attribute(document, "type", ocf_metadata_type_to_str(parameter->type, document->profile));
	if (parameter->fallback != NULL) {
		attribute(document, "default", parameter->fallback);
	}
	if (parameter->type == OCF_SELECT && document->profile == OCF_PROFILE_1_1) {
		for (size_t i = 0; parameter->options[i] != NULL; i++) {
			element_start(document, "option");
			attribute(document, "value", parameter->options[i]);
			element_end(document);
		}
	}
	element_end(document);
}

/* OCF 1.0 knows single parameters that are unique, no combinations. */
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

static void parameter(struct document *document, const struct ocf_agent *agent,
		      const struct ocf_parameter *row)
{
	element_start(document, "parameter");
	attribute(document, "name", row->name);
	attribute(document, "required", row->required ? "1" : "0");
	if (document->profile == OCF_PROFILE_1_0) {
		attribute(document, "unique", unique_alone(agent, row) ? "1" : "0");
	} else {
		if (row->unique_group != NULL) {
			attribute(document, "unique-group", row->unique_group);
		}
		attribute(document, "reloadable", row->reloadable ? "1" : "0");
	}
	description(document, "longdesc", row->longdesc);
	description(document, "shortdesc", row->shortdesc);
	content(document, row);
	element_end(document);
}

static void action(struct document *document, const struct ocf_action *row)
{
	if (document->profile == OCF_PROFILE_1_0 && (row->flags & OCF_ACTION_1_1) != 0) {
		return;
	}
	element_start(document, "action");
	attribute(document, "name", row->name);
	attribute_number(document, "timeout", row->timeout_s, "s");
	if (row->interval_s > 0) {
		attribute_number(document, "interval", row->interval_s, "s");
	}
	if (row->depth > 0) {
		attribute_number(document, "depth", row->depth, "");
	}
	element_end(document);
}

static void agent_write(struct document *document, const struct ocf_agent *agent)
{
	const char *version = document->profile == OCF_PROFILE_1_1 ? "1.1" : "1.0";

	element_start(document, "resource-agent");
	attribute(document, "name", agent->name);
	attribute(document, "version", agent->version);
	check(document,
	      xmlTextWriterWriteElement(document->writer, BAD_CAST "version", BAD_CAST version));
	description(document, "longdesc", agent->longdesc);
	description(document, "shortdesc", agent->shortdesc);
	element_start(document, "parameters");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		parameter(document, agent, &agent->parameters[i]);
	}
	element_end(document);
	element_start(document, "actions");
	for (size_t i = 0; i < agent->n_actions; i++) {
		action(document, &agent->actions[i]);
	}
	element_end(document);
	element_end(document);
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
	struct document document = {.profile = profile};
	xmlBuffer *buffer = xmlBufferCreate();
	int rc = 0;

	document.writer = buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0);
	if (document.writer == NULL) {
		xmlBufferFree(buffer);
		return -ENOMEM;
	}
	check(&document, xmlTextWriterSetIndent(document.writer, 1));
	/* No encoding is named: crm refuses documents that do, and UTF-8 is what it is then. */
	check(&document, xmlTextWriterStartDocument(document.writer, NULL, NULL, NULL));
	if (profile == OCF_PROFILE_1_0) {
		check(&document, xmlTextWriterWriteDTD(document.writer, BAD_CAST "resource-agent",
						       NULL, BAD_CAST "ra-api-1.dtd", NULL));
	}
	agent_write(&document, agent);
	check(&document, xmlTextWriterEndDocument(document.writer));
	xmlFreeTextWriter(document.writer);
	if (document.failed) {
		rc = -ENOMEM;
	} else if (fputs((const char *)xmlBufferContent(buffer), stream) == EOF) {
		rc = -EIO;
	}
	xmlBufferFree(buffer);
	return rc;
}

/* Fills lines with words; keeps the text's own line breaks. */
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
	(void)fprintf(stream, "\n    %s: %s", row->name, row->shortdesc);
	if (row->required) {
		(void)fprintf(stream, " (required)");
	}
	if (row->fallback != NULL) {
		(void)fprintf(stream, " (default: %s)", row->fallback);
	}
	(void)fputc('\n', stream);
	help_text(row->longdesc, stream);
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
	(void)fprintf(stream, "\nActions, with the least that should be configured for them:\n");
	for (size_t i = 0; i < agent->n_actions; i++) {
		help_action(&agent->actions[i], stream);
	}
	(void)fprintf(stream, "\nParameters:\n");
	for (size_t i = 0; i < agent->n_parameters; i++) {
		help_parameter(&agent->parameters[i], stream);
	}
}
