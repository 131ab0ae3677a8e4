/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/output_as.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct format {
	const char *name;
	size_t alias; /* offset in struct output_given; 0: none */
} formats[] = {
	[OUTPUT_TEXT] = {"text", 0},
	[OUTPUT_JSON] = {"json", offsetof(struct output_given, json)},
	[OUTPUT_XML] = {"xml", offsetof(struct output_given, xml)},
};
#define NONE G_N_ELEMENTS(formats)

static size_t named(const char *name)
{
	size_t i = 0;

	while (i < NONE && strcmp(formats[i].name, name) != 0) {
		i++;
	}
	return i;
}

static bool alias_given(const struct output_given *given, size_t i)
{
	return formats[i].alias != 0 &&
	       *(const gboolean *)(const void *)((const char *)given + formats[i].alias) != FALSE;
}

int output_as_choose(const struct output_given *given, enum output_as *ret, struct err *err)
{
	size_t chosen = given->as != NULL ? named(given->as) : NONE;

	*ret = OUTPUT_TEXT;
	if (given->as != NULL && chosen == NONE) {
		return err_set(err, -EINVAL, "--output-as takes text, json or xml, not '%.40s'",
			       given->as);
	}
	for (size_t i = 0; i < NONE; i++) {
		if (!alias_given(given, i)) {
			continue;
		}
		if (chosen != NONE && chosen != i) {
			return err_set(err, -EINVAL, "choose one: %s or %s", formats[chosen].name,
				       formats[i].name);
		}
		chosen = i;
	}
	*ret = chosen == NONE ? OUTPUT_TEXT : (enum output_as)chosen;
	return 0;
}
