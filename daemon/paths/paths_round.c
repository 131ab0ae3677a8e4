/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths_round.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

struct paths_round {
	struct program_call *call;
	paths_round_done *done;
	void *user;
};

/* The last line completes a report, even if the program stays. */
static bool report_whole(const char *data, size_t bytes)
{
	(void)bytes;
	return g_str_has_suffix(data, "\n" PATH_REPORT_END "\n") ||
	       strcmp(data, PATH_REPORT_END "\n") == 0;
}

/* The last thing that is done with the round: done may free it. */
static void on_end(void *user, enum program_end end, const char *data, size_t bytes)
{
	static const char *const reasons[] = {
		[PROGRAM_TIMED_OUT] = "lunmask-paths did not report in time",
		[PROGRAM_FLOODED] = "lunmask-paths wrote more than a report may have",
	};
	struct paths_round *round = user;
	struct path_report report = {.paths = NULL};
	const char *why = end == PROGRAM_ANSWERED ? "" : reasons[end];
	bool good = false;

	if (end == PROGRAM_ANSWERED) {
		good = path_report_decode(data, bytes, &report) == 0;
		why = good         ? ""
		      : bytes == 0 ? "lunmask-paths ended without a report"
				   : "lunmask-paths wrote what is no report";
	}
	round->done(round->user, good ? &report : NULL, why);
	path_report_release(&report);
}

static int round_start(struct paths_round *round, qb_loop_t *loop, const struct program *program,
		       const char *text, int timeout_ms, struct err *err)
{
	const struct program_call_options options = {
		.request = text,
		.request_bytes = strlen(text),
		.answer_bytes_max = PATH_REPORT_BYTES_MAX,
		.timeout_ms = PATHS_ROUND_MS(timeout_ms),
		.whole = report_whole,
	};
	int rc = program_call_new(loop, program, &options, on_end, round, &round->call);

	return rc < 0 ? err_set(err, rc, "cannot start lunmask-paths: %s", strerror(-rc)) : 0;
}

int paths_round_new(qb_loop_t *loop, const struct program *program,
		    const struct path_request *request, paths_round_done *done, void *user,
		    struct paths_round **ret, struct err *err)
{
	struct paths_round *round = g_new0(struct paths_round, 1);
	g_autofree char *text = path_request_encode(request);
	int rc;

	round->done = done;
	round->user = user;
	rc = text == NULL ? err_set(err, -EINVAL,
				    "the node's name is not legal in lunmask.conf: '%.64s'",
				    request->node)
			  : round_start(round, loop, program, text, request->timeout_ms, err);
	if (rc < 0) {
		paths_round_free(round);
		return rc;
	}
	*ret = round;
	return 0;
}

void paths_round_free(struct paths_round *round)
{
	if (round != NULL) {
		program_call_free(round->call);
		g_free(round);
	}
}
