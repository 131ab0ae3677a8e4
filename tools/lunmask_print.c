/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/lunmask.h"

const char *lunmask_time_text(int64_t ms, char ret[REALTIME_TEXT])
{
	return ms > 0 ? realtime_to_str(ms, ret) : strcpy(ret, "-");
}

const char *lunmask_age_text(int64_t since_ms, int64_t now_ms, char ret[REALTIME_TEXT])
{
	static const struct {
		int64_t seconds; /* below this age */
		int64_t unit;
		char letter;
	} rows[] = {{120, 1, 's'}, {120 * 60, 60, 'm'}, {48 * 3600, 3600, 'h'}};
	int64_t age = (now_ms - since_ms) / 1000;

	if (since_ms <= 0 || age < 0) { /* the clocks of two nodes may differ */
		return strcpy(ret, "-");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (age < rows[i].seconds) {
			(void)snprintf(ret, REALTIME_TEXT, "%" PRId64 "%c", age / rows[i].unit,
				       rows[i].letter);
			return ret;
		}
	}
	(void)snprintf(ret, REALTIME_TEXT, "%" PRId64 "d", age / 86400);
	return ret;
}

const char *lunmask_task_node(const struct journal_task *task)
{
	const char *const names[] = {task->actor.node, task->target, task->source};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (names[i][0] != '\0') {
			return names[i];
		}
	}
	return "-";
}

const char *lunmask_step_state_text(enum journal_step_state state)
{
	switch (state) {
	case JOURNAL_STEP_NONE: return "not begun";
	case JOURNAL_STEP_BEGUN: return "begun";
	case JOURNAL_STEP_ENDED: return "ended";
	}
	return "unknown";
}

void lunmask_column(const char *text, int width)
{
	if ((int)strlen(text) > width) {
		(void)printf("%.*s+ ", width - 1, text);
	} else {
		(void)printf("%-*s ", width, text);
	}
}

int lunmask_confirm(const struct lunmask_options *options, const char *words, struct err *err)
{
	char line[VM_NAME_MAX + 64] = "";

	if (options->yes) {
		return 0;
	}
	if (isatty(STDIN_FILENO) == 0) {
		return err_set(err, -EPERM,
			       "nobody is there to confirm it: say --yes, or use a terminal");
	}
	(void)fprintf(stderr, "Type \"%s\" to go on: ", words);
	if (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
	}
	return strcmp(line, words) == 0 ? 0 : err_set(err, -EPERM, "nothing was done");
}
