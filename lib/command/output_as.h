/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OUTPUT_AS_H
#define LUNMASK_OUTPUT_AS_H

#include <glib.h>

#include "base/err.h"

/*
 * How a command prints its data: the option --output-as, as Pacemaker's commands have it, and an
 * alias for each format but text.
 *
 *	static struct output_given output;
 *	rows: OUTPUT_AS_ROWS(output)
 *	rc = output_as_choose(&output, &as, err);       after usage_parse()
 */
enum output_as { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_XML };

struct output_given {
	char *as;
	gboolean json, xml;
};

/* Rows of GOption (usage.h). */
#define OUTPUT_AS_ROWS(given)                                                                      \
	{"output-as", 'O', 0, G_OPTION_ARG_FILENAME, &(given).as, "text, json or xml", "FORMAT"},  \
		{"json", 'j', 0, G_OPTION_ARG_NONE, &(given).json, "as --output-as=json", NULL},   \
	{                                                                                          \
		"xml", 'x', 0, G_OPTION_ARG_NONE, &(given).xml, "as --output-as=xml", NULL         \
	}

/* -EINVAL: no such format, or two that differ. */
int output_as_choose(const struct output_given *given, enum output_as *ret, struct err *err);

#endif
