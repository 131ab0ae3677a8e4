/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_man.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "ocf/ocf_metadata.h"
#include "output/roff.h"

#define PROVIDER "lunmask"

static void head(const struct ocf_agent *agent, FILE *stream)
{
	(void)fprintf(stream,
		      ".nr HY 0\n.TH OCF_" PROVIDER "_%s 7 \"%s\" \"" PROVIDER
		      " %s\" \"OCF resource agents\"\n"
		      ".SH NAME\nocf_" PROVIDER "_%s \\- ",
		      agent->name, agent->date, agent->version, agent->name);
	roff_words(agent->shortdesc, stream);
	(void)fprintf(stream,
		      "\n.SH SYNOPSIS\n.BI OCF_RESKEY_ NAME = VALUE\\~\\fR...\n.B %s\n.I ACTION\n"
		      ".SH DESCRIPTION\n",
		      agent->name);
	roff_paragraphs(agent->longdesc, ".PP", stream);
}

static void parameter(const struct ocf_parameter *row, FILE *stream)
{
	g_autofree char *longdesc = ocf_metadata_longdesc(row);

	(void)fprintf(stream, ".TP\n.B %s\n", row->name);
	roff_paragraphs(row->shortdesc, ".br", stream);
	(void)fprintf(stream, "(\\fI%s\\fR%s", ocf_metadata_type_to_str(row->type, OCF_PROFILE_1_1),
		      row->required ? ", required" : "");
	if (row->fallback != NULL) {
		(void)fputs(", default \\fB", stream);
		roff_words(row->fallback, stream);
		(void)fputs("\\fR", stream);
	}
	(void)fprintf(stream, "%s)\n.IP\n", row->reloadable ? ", changed without restart" : "");
	roff_paragraphs(longdesc, ".br", stream);
}

/* "op monitor interval=60s timeout=30s OCF_CHECK_LEVEL=10": legal for both crm and pcs. */
static void operation(const struct ocf_action *row, FILE *stream)
{
	(void)fputs("op ", stream);
	roff_words(row->name, stream);
	if (row->interval_s > 0) {
		(void)fprintf(stream, " interval=%ds", row->interval_s);
	}
	(void)fprintf(stream, " timeout=%ds", row->timeout_s);
	if (row->depth > 0) {
		(void)fprintf(stream, " OCF_CHECK_LEVEL=%d", row->depth);
	}
}

static void action(const struct ocf_action *row, FILE *stream)
{
	(void)fputs(".TP\n.B ", stream);
	roff_words(row->name, stream);
	(void)fprintf(stream, "\ntimeout %d s", row->timeout_s);
	if (row->interval_s > 0) {
		(void)fprintf(stream, ", interval %d s", row->interval_s);
	}
	if (row->depth > 0) {
		(void)fprintf(stream, ", OCF_CHECK_LEVEL=%d", row->depth);
	}
	(void)fputc('\n', stream);
}

/* True for an action that an administrator configures as an operation. */
static bool is_operation(const struct ocf_action *row)
{
	static const char *const names[] = {"start", "stop", "monitor", "migrate_to",
					    "migrate_from"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], row->name) == 0) {
			return true;
		}
	}
	return false;
}

static void example(const struct ocf_agent *agent, const char *command, const char *params,
		    FILE *stream)
{
	(void)fprintf(stream, ".nf\n%s ocf:" PROVIDER ":%s \\e\n   %s", command, agent->name,
		      params);
	for (size_t i = 0; i < agent->n_parameters; i++) {
		if (agent->parameters[i].required) {
			(void)fprintf(stream, " %s=\\fIVALUE\\fR", agent->parameters[i].name);
		}
	}
	for (size_t i = 0; i < agent->n_actions; i++) {
		if (is_operation(&agent->actions[i])) {
			(void)fputs(" \\e\n    ", stream);
			operation(&agent->actions[i], stream);
		}
	}
	if (ocf_agent_find_action(agent, "migrate_to") != NULL) {
		(void)fputs(" \\e\n    meta allow\\-migrate=true", stream);
	}
	(void)fputs("\n.fi\n", stream);
}

int ocf_man_write(const struct ocf_agent *agent, FILE *stream)
{
	head(agent, stream);
	(void)fputs(".SH PARAMETERS\n", stream);
	for (size_t i = 0; i < agent->n_parameters; i++) {
		parameter(&agent->parameters[i], stream);
	}
	(void)fputs(".SH ACTIONS\nThe values are the minimum that should be configured.\n", stream);
	for (size_t i = 0; i < agent->n_actions; i++) {
		action(&agent->actions[i], stream);
	}
	(void)fputs(".SH EXAMPLES\n", stream);
	example(agent, "crm configure primitive \\fIID\\fR", " params", stream);
	(void)fputs(".PP\n", stream);
	example(agent, "pcs resource create \\fIID\\fR", "", stream);
	(void)fputs(".SH SEE ALSO\n.BR lunmask (7),\n.BR lunmask.conf (5),\n.BR crm (8),\n.BR pcs "
		    "(8)\n",
		    stream);
	return ferror(stream) || fflush(stream) != 0 ? -EIO : 0;
}
