/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/create_progress.h"

#include <inttypes.h>
#include <string.h>

#include "names/size.h"

#define MIB 1048576.0

const char *create_time_text(int64_t s, char ret[CREATE_TIME_TEXT])
{
	if (s < 60) {
		(void)snprintf(ret, CREATE_TIME_TEXT, "%" PRId64 "s", s);
	} else if (s < 3600) {
		(void)snprintf(ret, CREATE_TIME_TEXT, "%" PRId64 "min %" PRId64 "s", s / 60,
			       s % 60);
	} else {
		(void)snprintf(ret, CREATE_TIME_TEXT, "%" PRId64 "h %" PRId64 "min", s / 3600,
			       s % 3600 / 60);
	}
	return ret;
}

static void line_end(struct create_progress *progress)
{
	if (progress->open) {
		(void)fputc('\n', progress->file);
		progress->open = false;
	}
}

/* What was already done is of no interest but after a kill, and then the rest tells enough. */
void create_progress_step(struct create_progress *progress, const struct task_event *event)
{
	if (event->kind == TASK_STEP_SKIPPED) {
		return;
	}
	line_end(progress);
	(void)fprintf(progress->file, "%s: %s%s%s\n", event->step,
		      task_event_kind_to_str(event->kind), event->text[0] != '\0' ? ": " : "",
		      event->text);
	(void)fflush(progress->file);
}

static void image_begin(struct create_progress *progress, const char *doing, const char *lun,
			int64_t now_ms)
{
	line_end(progress);
	(void)snprintf(progress->lun, sizeof(progress->lun), "%s", lun);
	progress->doing = doing;
	progress->begun_ms = now_ms;
	progress->tenth = 0;
}

static void image_print(struct create_progress *progress, uint64_t bytes, double share,
			int64_t now_ms)
{
	double seconds = (double)(now_ms - progress->begun_ms) / 1000;
	char size[SIZE_TEXT], left[CREATE_TIME_TEXT];

	(void)fprintf(progress->file, "%s%s %s: %d %% of %s", progress->terminal ? "\r" : "",
		      progress->doing, progress->lun, (int)(share * 100), size_to_str(bytes, size));
	if (seconds > 0 && share > 0) {
		(void)fprintf(progress->file, ", %.0f MiB/s, %s left",
			      (double)bytes * share / seconds / MIB,
			      create_time_text((int64_t)(seconds * (1 - share) / share), left));
	}
	/* What a longer line has left is written over. */
	(void)fputs(progress->terminal ? "        " : "\n", progress->file);
	progress->open = progress->terminal;
	(void)fflush(progress->file);
}

void create_progress_image(struct create_progress *progress, const char *doing, const char *lun,
			   uint64_t bytes, double share, int64_t now_ms)
{
	if (progress->doing == NULL || strcmp(progress->doing, doing) != 0 ||
	    strcmp(progress->lun, lun) != 0) {
		image_begin(progress, doing, lun, now_ms);
	}
	if (progress->terminal || (int)(share * 10) > progress->tenth) {
		progress->tenth = (int)(share * 10);
		image_print(progress, bytes, share, now_ms);
	}
}
