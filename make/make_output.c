/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_output.h"

#include <glib.h>
#include <string.h>

static const char *const names[] = {
	[MAKE_OUTPUT_TEXT] = "text",
	[MAKE_OUTPUT_JSON] = "json",
	[MAKE_OUTPUT_XML] = "xml",
};

int make_output_from_str(const char *text, enum make_output *ret, struct err *err)
{
	*ret = MAKE_OUTPUT_TEXT;
	for (size_t i = 0; i < G_N_ELEMENTS(names) && text != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum make_output)i;
			return 0;
		}
	}
	return text == NULL ? 0
			    : err_set(err, -EINVAL,
				      "--output-as takes text, json or xml, not '%.40s'", text);
}
