/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fence/fence_man.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fence/fence_metadata.h"
#include "output/roff.h"

static void head(const struct fence_agent *agent, FILE *stream)
{
	(void)fprintf(stream, ".nr HY 0\n.TH ");
	for (const char *c = agent->name; *c != '\0'; c++) {
		(void)fputc(toupper((unsigned char)*c), stream);
	}
	(void)fprintf(stream, " 8 \"%s\" \"%s\" \"Fence agents\"\n.SH NAME\n%s \\- ", agent->date,
		      agent->version, agent->name);
	roff_words(agent->shortdesc, stream);
	(void)fprintf(
		stream,
		"\n.SH SYNOPSIS\n.B %s\n.BI \\-\\-action= ACTION\n.RI [ OPTION\\~\\fR...]\n.br\n"
		".B %s\n.RI < OPTIONS\n.SH DESCRIPTION\n",
		agent->name, agent->name);
	roff_paragraphs(agent->longdesc, ".PP", stream);
}

static void actions(const struct fence_agent *agent, FILE *stream)
{
	(void)fputs(".SH ACTIONS\n", stream);
	for (size_t i = 0; i < agent->n_actions; i++) {
		(void)fputs(".TP\n.B ", stream);
		roff_words(agent->actions[i].name, stream);
		(void)fputc('\n', stream);
		roff_paragraphs(agent->actions[i].help, ".br", stream);
	}
}

static void parameter(const struct fence_agent *agent, const struct fence_parameter *row,
		      FILE *stream)
{
	char option[128];

	fence_metadata_getopt(agent, row, option, sizeof(option));
	(void)fputs(".TP\n.B ", stream);
	roff_words(option, stream);
	(void)fputs("\n(on stdin: \\fB", stream);
	roff_words(row->name, stream);
	(void)fputs("\\fR", stream);
	if (row->fallback != NULL) {
		(void)fputs(", default \\fB", stream);
		roff_words(row->fallback, stream);
		(void)fputs("\\fR", stream);
	}
	(void)fputs(")\n.br\n", stream);
	roff_paragraphs(row->help, ".br", stream);
}

static void parameters(const struct fence_agent *agent, FILE *stream)
{
	(void)fputs(".SH OPTIONS\nOptions are given on the command line, or on standard input\n"
		    "with one\n.IB NAME = VALUE\nper line. On standard input, blank lines,\n"
		    "lines that begin with # and unknown names are ignored.\n",
		    stream);
	for (size_t i = 0; i < agent->n_parameters; i++) {
		if (!agent->parameters[i].hidden && agent->parameters[i].stands_for == NULL) {
			parameter(agent, &agent->parameters[i], stream);
		}
	}
}

static void see_also(const struct fence_agent *agent, FILE *stream)
{
	const char *line = agent->see_also;

	(void)fputs(".SH SEE ALSO\n", stream);
	while (*line != '\0') {
		size_t length = strcspn(line, "\n");

		(void)fprintf(stream, ".BR %.*s%s\n", (int)length, line,
			      line[length] == '\0' ? "" : ",");
		line += length + (line[length] == '\0' ? 0 : 1);
	}
}

int fence_man_write(const struct fence_agent *agent, FILE *stream)
{
	head(agent, stream);
	actions(agent, stream);
	parameters(agent, stream);
	(void)fputs(".SH EXIT STATUS\n.TP\n.B 0\nThe action succeeded. For\n.BR status :\n"
		    "the host is on.\n.TP\n.B 2\nFor\n.BR status :\nthe host is off.\n.TP\n.B 1\n"
		    "The action failed. The last line on standard error gives the reason.\n"
		    ".SH FILES\n",
		    stream);
	roff_paragraphs(agent->files, ".br", stream);
	(void)fputs(".SH EXAMPLES\n.nf\n", stream);
	roff_paragraphs(agent->examples, NULL, stream);
	(void)fputs(".fi\n", stream);
	see_also(agent, stream);
	return ferror(stream) || fflush(stream) != 0 ? -EIO : 0;
}
