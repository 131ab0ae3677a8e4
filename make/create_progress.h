/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_PROGRESS_H
#define LUNMASK_CREATE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rules/task.h"

/*
 * Shows how far lunmask create is: each step, and an image that is written. On a terminal, one line
 * is written over with the share, the rate and the time that is left; otherwise there is a line for
 * each tenth.
 */
struct create_progress {
	FILE *file;
	bool terminal;
	char lun[64]; /* which is shown; "": none */
	const char *doing;
	int64_t begun_ms;
	int tenth; /* the last one that was told */
	bool open; /* a line on the terminal has no end yet */
};

void create_progress_step(struct create_progress *progress, const struct task_event *event);
void create_progress_image(struct create_progress *progress, const char *doing, const char *lun,
			   uint64_t bytes, double share, int64_t now_ms);

/* "10s", "3min 20s", "2h 5min". */
#define CREATE_TIME_TEXT 32
const char *create_time_text(int64_t s, char ret[CREATE_TIME_TEXT]);

#endif
