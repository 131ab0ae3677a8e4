/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-answer: answers a question of another node for lunmaskd. Reads one question of
 * journal_ask.h from stdin, looks at this host, and writes the answer to stdout. Changes nothing.
 *
 * Exit status: 0: answered, perhaps with an error; 1: no legal question, or nobody reads.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/usage.h"
#include "names/libvirt_uri.h"
#include "peers/peer_answer.h"

enum { EXIT_ANSWERED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const struct usage usage = {
	.name = "lunmask-answer",
	.word = "<QUESTION",
	.summary = "Answers a question of another node: whether this host reaches LUNs, what its\n"
		   "libvirt says of a domain, whether it would take one. lunmaskd runs it; nobody\n"
		   "else needs it.",
};

/* The other side keeps its end open, so the question itself says where it ends. */
static bool question_read(char *text, struct journal_ask_request *ret)
{
	const size_t room = JOURNAL_ASK_HEAD_MAX + JOURNAL_ASK_BYTES_MAX;
	enum journal_ask_sight sight = JOURNAL_ASK_PART;
	size_t bytes = 0;

	while (sight == JOURNAL_ASK_PART && bytes < room) {
		ssize_t got = read(STDIN_FILENO, text + bytes, room - bytes);

		if (got <= 0) {
			return false;
		}
		bytes += (size_t)got;
		sight = journal_ask_request_see(text, bytes, ret);
	}
	return sight == JOURNAL_ASK_WHOLE;
}

static bool answer_write(const char *answer)
{
	char head[JOURNAL_ASK_HEAD_MAX];

	(void)journal_ask_answer_head(strlen(answer), head);
	return printf("%s%s", head, answer) > 0 && fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	g_autofree char *text = g_malloc(JOURNAL_ASK_HEAD_MAX + JOURNAL_ASK_BYTES_MAX);
	struct journal_ask_request request;
	char *answer;
	bool told;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_ANSWERED;
	}
	(void)alarm(JOURNAL_ASK_TIMEOUT_MAX_MS / 1000 + 5); /* if the other side hangs */
	if (!question_read(text, &request)) {
		(void)fputs("lunmask-answer: the question is not legal\n", stderr);
		return EXIT_FAILED;
	}
	/* Whatever hangs here ends with the question's time. */
	(void)alarm((unsigned int)request.timeout_ms / 1000 + 1);
	answer = peer_answer(&request, LIBVIRT_URI_SYSTEM);
	told = answer != NULL && strlen(answer) <= JOURNAL_ASK_BYTES_MAX && answer_write(answer);
	free(answer);
	return told ? EXIT_ANSWERED : EXIT_FAILED;
}
