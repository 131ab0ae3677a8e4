/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_ASK_H
#define LUNMASK_JOURNAL_ASK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a node may ask another one through both their lunmaskd: the kinds and limits of questions,
 * and how lunmaskd puts one to lunmask-answer. The body of a question and of its answer is JSON
 * (peer_probe.h, peers/peer_body.h); lunmaskd does not look into it.
 *
 *	"ask KIND TIMEOUT_MS BYTES\n" body          to lunmask-answer
 *	"answer BYTES\n" body                       from it
 */
enum journal_ask_kind {
	JOURNAL_ASK_VERIFY = 1, /* are these LUNs there, and the right ones? */
	JOURNAL_ASK_DOMAIN,     /* what of this domain? */
	JOURNAL_ASK_PREFLIGHT,  /* would you take this domain? */
	JOURNAL_ASK_KIND_MAX
};

/* One question, or one answer, is one message everywhere. What is longer is not asked. */
#define JOURNAL_ASK_BYTES_MAX (30 * 1024)
#define JOURNAL_ASK_TIMEOUT_MAX_MS 60000
#define JOURNAL_ASK_HEAD_MAX 64 /* of the first line, with its end */

/* NULL: no such kind. */
const char *journal_ask_kind_to_str(enum journal_ask_kind kind);

struct journal_ask_request {
	enum journal_ask_kind kind;
	int timeout_ms;
	const char *body; /* not terminated */
	size_t bytes;
};

/* Puts the first line into line. Returns its length. */
size_t journal_ask_request_head(const struct journal_ask_request *request,
				char line[JOURNAL_ASK_HEAD_MAX]);
size_t journal_ask_answer_head(size_t bytes, char line[JOURNAL_ASK_HEAD_MAX]);

enum journal_ask_sight {
	JOURNAL_ASK_PART,  /* there must come more */
	JOURNAL_ASK_WHOLE, /* *ret is valid; what comes behind it is not looked at */
	JOURNAL_ASK_WRONG,
};

/* ret->body points into data. */
enum journal_ask_sight journal_ask_request_see(const char *data, size_t bytes,
					       struct journal_ask_request *ret);
enum journal_ask_sight journal_ask_answer_see(const char *data, size_t bytes, const char **ret_body,
					      size_t *ret_bytes);

#endif
