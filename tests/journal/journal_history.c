/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_history FILE...: judges what clients of the journal have written down (event.h).
 * 0: linearizable, and all of it is there. 1: not. 2: the files cannot be read.
 */
#include <errno.h>
#include <string.h>

#include "linear.h"

enum { GOOD = 0, BAD = 1, UNREADABLE = 2 };

/* A line without its end is what a power cut left of it; nothing was asked or heard after it. */
static int file_read(struct linear *linear, const char *path)
{
	char line[EVENT_LINE_MAX];
	unsigned int number = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return UNREADABLE;
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		struct event event;

		number++;
		if (strchr(line, '\n') == NULL && feof(file) != 0) {
			break;
		}
		if (event_from_str(line, &event) < 0 || linear_event(linear, &event) < 0) {
			(void)fprintf(stderr, "%s:%u: not legal, or there twice: %s", path, number,
				      line);
			(void)fclose(file);
			return UNREADABLE;
		}
	}
	return fclose(file) == 0 ? GOOD : UNREADABLE;
}

static void figures_print(const struct linear_figures *figures)
{
	double seconds = figures->seconds > 0 ? figures->seconds : 1;

	(void)printf("vms=%zu done=%zu refused=%zu never=%zu unknown=%zu (with effect: %zu) "
		     "reads=%zu\n",
		     figures->vms, figures->done, figures->refused, figures->never,
		     figures->unknown, figures->unknown_done, figures->reads);
	(void)printf("seconds=%.1f requests/s=%.0f p50=%.2fms p99=%.2fms max=%.0fms "
		     "longest-gap=%.1fs violations=%zu\n",
		     figures->seconds,
		     (double)(figures->done + figures->refused + figures->reads) / seconds,
		     figures->p50_ms, figures->p99_ms, figures->max_ms, figures->gap_s,
		     figures->violations);
}

int main(int argc, char **argv)
{
	struct linear *linear = linear_new();
	GString *report = g_string_new(NULL);
	struct linear_figures figures;
	int status = argc > 1 ? GOOD : UNREADABLE;

	for (int i = 1; i < argc && status == GOOD; i++) {
		status = file_read(linear, argv[i]);
	}
	if (status == GOOD) {
		status = linear_check(linear, report, &figures) ? GOOD : BAD;
		(void)fputs(report->str, stdout);
		figures_print(&figures);
	}
	(void)g_string_free(report, TRUE);
	linear_free(linear);
	return status;
}
