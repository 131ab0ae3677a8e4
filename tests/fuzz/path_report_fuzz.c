/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: what lunmaskd and lunmask-paths tell each other. What is accepted is legal. */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/lun.h"
#include "san/path_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void paths_check(const struct path_report *report)
{
	for (size_t i = 0; i < report->n_paths; i++) {
		const struct path *path = &report->paths[i];
		char line[PATH_REPORT_LINE_MAX];
		g_autofree char *text = NULL;
		struct path_report again;

		path_report_path(path, line);
		text = g_strconcat(line, "\nend\n", NULL);
		if (!lun_name_valid(path->array) || path->state >= PATH_STATE_MAX ||
		    path_report_decode(text, strlen(text), &again) != 0 || again.n_paths != 1 ||
		    strcmp(again.paths[0].reason, path->reason) != 0) {
			abort();
		}
		path_report_release(&again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct path_request request;
	struct path_report report;

	if (path_request_decode((const char *)data, size, &request) == 0) {
		g_autofree char *text = path_request_encode(&request);

		if (text == NULL) {
			abort();
		}
		path_request_release(&request);
	}
	if (path_report_decode((const char *)data, size, &report) == 0) {
		paths_check(&report);
		path_report_release(&report);
	}
	return 0;
}
